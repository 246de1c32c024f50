"""Which files are generated, and what they must hold."""

from __future__ import annotations

import json
from pathlib import Path

from featurelib.body_hash import hash_anew
from featurelib.generate.op_pages import ops_page
from featurelib.generate.stubs import stub
from featurelib.op import all_ops
from featurelib.op_hashes import FILE, PACKAGE, sources_digest

__all__ = ["ROOT", "generated_files"]

ROOT = PACKAGE.parent


def generated_files() -> dict[Path, str]:
    """The content of every generated file, by path."""
    return {
        PACKAGE / "expr_methods.pyi": stub(),
        FILE: _hashes(),
        ROOT / "docs" / "ops.md": ops_page(),
    }


def _hashes() -> str:
    """The hash of every op, each made anew from its source."""
    ours = [op for op in all_ops() if op.bodies[0].fn.__module__.startswith("featurelib.ops.")]
    content = {"ops": {op.key: hash_anew(op) for op in ours}, "sources": sources_digest()}
    return json.dumps(content, indent=1, sort_keys=True) + "\n"

"""Fingerprints: digests of all that can change a value, and of nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from featurelib import canonical_json, dtypes, literals
from featurelib.body_hash import op_hash
from featurelib.fields import InputSchema
from featurelib.node import FIT, INPUT
from featurelib.program import Program, op_of
from featurelib.schema_json import encode

RECIPE = 1
"""Version of how fingerprints are made."""
_ENCODER = json.JSONEncoder(sort_keys=True)


def node_fingerprints(
    program: Program,
    state: Mapping[str, Any],
    schema: InputSchema,
    aggregates: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The fingerprint of each serving node, by its key.

    Names of features, descriptions and source lines are not in it; types, constants, hashes of
    bodies, and the fitted values that a node reads are, and the default of an input. Of an input
    that an aggregate over events fills, the aggregate's own fingerprint is (`aggregates`, by name).
    """
    found: dict[str, str] = {}
    hashes: dict[str, str] = {}
    for node in program.serving_nodes:
        content: list[Any] = [node.op, dtypes.to_json(node.dtype), node.nullable]
        if node.op == FIT:
            content.append(literals.canonical(state[node.key]))
        else:
            content.append([[k, literals.canonical(v)] for k, v in node.params])
            content.append([found[a.key] for a in node.args])
        if node.op == INPUT and schema[node.param["name"]].has_default:
            field = schema[node.param["name"]]
            content.append(encode(field.canonical_default, field.dtype))
        if node.op == INPUT and aggregates and node.param["name"] in aggregates:
            content.append(aggregates[node.param["name"]])
        if node.is_call:
            if node.op not in hashes:
                hashes[node.op] = op_hash(op_of(node))
            content.append(hashes[node.op])
        found[node.key] = sha256(canonical_json.text_of(content, _ENCODER))
    return found


def sha256(text: str) -> str:
    """The digest of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()

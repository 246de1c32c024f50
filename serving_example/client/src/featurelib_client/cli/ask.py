"""The commands that make one call: `recommend`, `infer`, `models`, `ready`, `check`."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from featurelib_client.cli.inputs import read_file, tensors
from featurelib_client.cli.show import clean, columns, origin, print_json, table, wrapped
from featurelib_client.client import Client
from featurelib_client.compatibility import OPERATIONS, Compatibility, compare
from featurelib_client.errors import CallError, RefusedError
from featurelib_client.version import __version__

__all__ = ["ASKS", "BREAKS"]

BREAKS = 3
"""Exit status where contracts do not fit."""
_SHOWN = 8
"""Values of a tensor that people are shown; JSON has all."""
Made = Callable[[argparse.Namespace], AbstractContextManager[Client]]


def recommend(options: argparse.Namespace, made: Made) -> int:
    """Films for a user."""
    with made(options) as client:
        answer = client.recommend(
            options.user, k=options.k, candidates=options.candidates, model=options.model,
            min_offset=options.min_offset,
        )  # fmt: skip
    if options.json:
        details = answer.details
        print_json(
            {
                "user_id": answer.user_id,
                "items": [{"item_id": one.item_id, "score": one.score} for one in answer.items],
                "model_digest": answer.model_digest, "contract_version": answer.contract_version,
                "flags": list(answer.flags), "about": dataclasses.asdict(answer.about),
                "details": None if details is None else details.model_dump(mode="json"),
            }
        )  # fmt: skip
        return 0
    rows = [(i, one.item_id, f"{one.score:.6g}") for i, one in enumerate(answer.items, 1)]
    _print(table([">rank", ">film", ">score"], rows, columns()))
    flags = f", {', '.join(map(clean, answer.flags))}" if answer.flags else ""
    _print(wrapped("", f"model {answer.model_digest[:12]}{flags}", columns()))
    _print(wrapped("", origin(answer.about), columns()))
    return 0


def infer(options: argparse.Namespace, made: Made) -> int:
    """Runs a model."""
    told = read_file(options.inputs)
    version = options.model_version
    with made(options) as client:
        inputs = tensors(told, lambda: client.metadata(options.model, version=version))
        answer = client.infer(options.model, inputs, outputs=options.outputs, version=version)
    if options.json:
        outputs = {
            name: {"datatype": one.datatype, "shape": list(one.shape), "data": one.values()}
            for name, one in answer.outputs.items()
        }
        print_json(
            {
                "model": answer.model, "version": answer.version, "outputs": outputs,
                "about": dataclasses.asdict(answer.about),
            }
        )  # fmt: skip
        return 0
    for name, one in answer.outputs.items():
        values = one.values()
        more = f" and {len(values) - _SHOWN} more" if len(values) > _SHOWN else ""
        text = " ".join(f"{v:.6g}" if isinstance(v, float) else str(v) for v in values[:_SHOWN])
        print(f"{clean(name)}  {one.datatype} {list(one.shape)}")
        _print(wrapped("  ", text + more, columns()))
    _print(wrapped("", origin(answer.about), columns()))
    return 0


def models(options: argparse.Namespace, made: Made) -> int:
    """The models of the service."""
    with made(options) as client:
        told = client.models()
    if options.json:
        print_json(list(told))
        return 0
    rows = [[_short(one.get(word)) for word in ("name", "state", "kind", "digest")] for one in told]
    _print(table(["name", "state", "kind", "digest"], rows, columns()))
    return 0


def ready(options: argparse.Namespace, made: Made) -> int:
    """Whether the server can answer."""
    with made(options) as client:
        is_ready = client.ready()
    if options.json:
        print_json({"ready": is_ready})
    else:
        print("ready" if is_ready else "not ready")
    return 0 if is_ready else 1


def check(options: argparse.Namespace, made: Made) -> int:
    """Whether a live server fits this client."""
    with made(options) as client:
        try:
            document = client.openapi()
        except RefusedError as error:
            if error.status != 404:
                raise
            raise _told_by(
                error, "the server has no /openapi.json; of a plain server of the Open Inference "
                "Protocol try `ready` and `infer`",
            ) from None  # fmt: skip
    found = compare(document, options.needs or tuple(OPERATIONS))
    if options.json:
        print_json({"client": __version__, "url": options.url, **dataclasses.asdict(found)})
    else:
        _print(_lines(found, options.url, columns()))
    return 0 if found.is_compatible else BREAKS


def _lines(found: Compatibility, url: str, width: int) -> list[str]:
    mine = ", ".join(map(str, found.client_versions))
    lines = wrapped("client  ", f"featurelib-client {__version__}, contract {mine}", width)
    theirs = ", ".join(map(str, found.server_versions)) or "not asked, or not told"
    lines += wrapped("server  ", f"{url}, contract {theirs}", width)
    for one in found.differences:
        lines += wrapped("breaks  " if one.is_break else "note    ", one.place, width)
        lines += wrapped("        ", f"client: {one.client}", width)
        lines += wrapped("        ", f"server: {one.server}", width)
        lines += wrapped("        ", one.way_out, width)
    if found.is_compatible:
        used = f" by contract {found.used}" if found.used is not None else ""
        lines += wrapped("fits    ", f"this client can ask this server{used}", width)
    return lines


def _told_by(error: RefusedError, message: str) -> CallError:
    """The same refusal in other words."""
    made = RefusedError(
        message, reason=error.reason, status=error.status, code=error.code, field=error.field
    )
    return made.told(error.operation, error.request_id, error.attempts, error.elapsed_s)


def _short(value: Any) -> str:
    text = "" if value is None else str(value)
    return text[:12] if len(text) == 64 else text


def _print(lines: Sequence[str]) -> None:
    print("\n".join(lines))


ASKS = {
    "recommend": recommend, "infer": infer, "models": models, "ready": ready, "check": check,
}  # fmt: skip
"""Commands by their words."""

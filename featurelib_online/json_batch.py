"""JSON requests: one object or an array of them, by machine code where it can, else by Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from featurelib import json_rows
from featurelib.errors import InputError
from featurelib_online import buffers
from featurelib_online.batch import Batch
from featurelib_online.json_reader import NotPlainError, utf8_of
from featurelib_online.micro_batches import BatchWorkspace, compute_parts
from featurelib_online.outputs import Row

if TYPE_CHECKING:
    from featurelib_online.row import RowKernel


def compute_json(kernel: RowKernel, data: Any, out: Mapping[str, Any] | None) -> Row | Batch:
    """The features of a JSON text (see `RowKernel.json`)."""
    text = utf8_of(data)
    if text is None or kernel.bundle.schema.structs:
        return _by_python(kernel, data, out)
    if text.lstrip(b" \t\r\n").startswith(b"{"):
        made = _row(kernel, text, out)
        return _by_python(kernel, data, out) if made is None else made
    # A row begins with a brace; where texts hold braces too there is room for more.
    most = text.count(b"{")
    try:
        views = buffers.of(out, kernel.bundle, most)
    except InputError:  # there may be fewer rows than braces
        return _by_python(kernel, data, out)
    has_begun = False

    def serve(work: BatchWorkspace) -> int | None:
        nonlocal has_begun
        if not has_begun:
            work.json.start(text)
            has_begun = True
        elif work.json.is_done:
            return None
        return work.json.serve(text)

    try:
        return compute_parts(kernel, most, views, serve)
    except NotPlainError:
        try:
            return _by_python(kernel, data, out)
        except BaseException:
            buffers.void(views)
            raise


def _by_python(kernel: RowKernel, data: Any, out: Mapping[str, Any] | None) -> Row | Batch:
    parsed = json_rows.parse(data, kernel.bundle)
    return kernel.many(parsed, out=out) if isinstance(parsed, list) else kernel(parsed, out=out)


def _row(kernel: RowKernel, text: bytes, out: Mapping[str, Any] | None) -> Row | None:
    """The one object; None where Python must read it."""
    views = buffers.of(out, kernel.bundle, 1)
    work = kernel.take()
    try:
        work.json.start(text)
        try:
            work.json.serve(text)
        except NotPlainError:
            return None
        made = kernel.row_of(work)
    finally:
        kernel.give(work)
    if views:
        kernel.put(made, views)
    return made

"""Formats of dates and times: a percent sign and what follows it, a directive, as in Polars.

Reading (`str.to_datetime`) and writing (`dt.strftime`) split them here. What is written is first
brought to `FIELDS`, the few directives that the body knows; a letter of it that Polars does not
have is no directive of a definition.
"""

import re
from typing import NamedTuple

from featurelib.errors import DefinitionError

DATE_FIELDS = "YCyqmdjUWwuGgV"
CLOCK_FIELDS = "HIMSfL"
INSTANT_FIELDS = "sio"
"""Seconds since 1970, and the hours (with their sign) and the minutes of the offset from UTC."""
FIELDS = DATE_FIELDS + CLOCK_FIELDS + INSTANT_FIELDS + "aAbBpP"

_WHOLE = {
    "%": "%%", "n": "\n", "t": "\t", "h": "%b", "F": "%Y-%m-%d", "D": "%m/%d/%y", "e": "%_d",
    "T": "%H:%M:%S", "R": "%H:%M", "k": "%_H", "l": "%_I", "z": "%i%o", ":z": "%i:%o",
    "3f": "%L", "6f": "%f", "9f": "%f000", ".3f": ".%L", ".6f": ".%f", ".9f": ".%f000",
}  # fmt: skip
"""Directives that stand for others."""
_OF_A_CLOCK = {*"HIMSfpPsTRklz", ":z", "3f", "6f", "9f", ".3f", ".6f", ".9f"}
_WITHOUT_PADDING = set("YCymdjUWGgVHIMS")
_WRITTEN = {*DATE_FIELDS, *_OF_A_CLOCK, *_WHOLE, *"aAbB"}
_PIECE = re.compile(r"%(?P<flag>[-_]?)(?P<name>\.?[369]f|:z|.|)|[^%]+", re.DOTALL)


class Piece(NamedTuple):
    """Plain text of a format (no name), or a directive and where its percent sign stands."""

    text: str
    flag: str
    name: str | None
    position: int


def split_format(form: str) -> list[Piece]:
    """The pieces of a format, in order; a lone percent sign at its end has an empty name."""
    return [Piece(m[0], m["flag"] or "", m["name"], m.start()) for m in _PIECE.finditer(form)]


def written_format(what: str, form: object, has_clock: bool) -> str:
    """A format to write times in, brought to `FIELDS`.

    Args:
        what: The method, for errors.
        form: What the author gave.
        has_clock: Whether what is written is a Datetime; a Date has no hours.

    Raises:
        DefinitionError: It is no text, or a directive of it is not known or has no meaning here.
    """
    if not isinstance(form, str):
        raise DefinitionError(f"`{what}`: expected a constant text as format, got {form!r}")
    return "".join(_written(what, form, piece, has_clock) for piece in split_format(form))


def _written(what: str, form: str, piece: Piece, has_clock: bool) -> str:
    name, flag = piece.name, piece.flag
    if name is None:
        return piece.text
    where = f"`{what}`: {piece.text} at position {piece.position} of {form!r}"
    if name not in _WRITTEN:
        raise DefinitionError(
            f"{where} is no directive here",
            hint=f"known are {' '.join(f'%{n}' for n in sorted(_WRITTEN))}; what depends on a "
            "language or on the name of a zone is not written",
        )
    if flag and name not in _WITHOUT_PADDING:
        raise DefinitionError(f"{where} is no number that is padded", hint=f"write %{name}")
    if name in _OF_A_CLOCK and not has_clock:
        raise DefinitionError(
            f"{where} is of a clock, and a Date has none",
            hint="write the Datetime that it comes from, or cast it: .cast(fl.Datetime)",
        )
    return _WHOLE.get(name, piece.text)

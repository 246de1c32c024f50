"""Writes `featurelib/zone_data.txt` from the TZif files of the installed `tzdata` wheel.

Run ``python -m featurelib.ops.temporal.pin_zones`` to pin another IANA release; values that move
are then an entry in the changelog. The IANA data is in the public domain; the wheel that carries it
is under the Apache License 2.0.

One zone is one line, so that a new release reads as a diff:

    name|rule|offset before the first transition|seconds:offset seconds:offset ...

`rule` is the POSIX TZ text that holds after the last transition. A name that means the same as an
earlier one is ``name|=earlier``.
"""

import struct
from pathlib import Path

from featurelib.zones import DATA, parse_rule


def read_tzif(data: bytes) -> tuple[str, int, list[tuple[int, int]]]:
    """The rule, the first offset, and the transitions (seconds since the epoch, new offset).

    Transitions that change only a name or a flag are left out, but for the last: from it on the
    rule holds.

    Raises:
        ValueError: `data` is no TZif file of version 2 or later.
    """
    if data[:4] != b"TZif" or data[4:5] < b"2":
        raise ValueError("expected a TZif file of version 2 or later")
    skip = _body_size(data[20:44], time_size=4)
    header = data[44 + skip :]
    _, _, _, times, kinds, _ = struct.unpack(">6l", header[20:44])
    body = header[44:]
    at = struct.unpack(f">{times}q", body[: 8 * times])
    which = body[8 * times : 9 * times]
    offsets = [
        struct.unpack(">l", body[9 * times + 6 * k : 9 * times + 6 * k + 4])[0]
        for k in range(kinds)
    ]
    rule = body[_body_size(header[20:44], time_size=8) :].strip(b"\n").decode("ascii")
    transitions: list[tuple[int, int]] = []
    current = offsets[0]
    for second, kind in zip(at, which, strict=True):
        if offsets[kind] != current or second == at[-1]:
            current = offsets[kind]
            transitions.append((second, current))
    return rule, offsets[0], transitions


def _body_size(counts: bytes, time_size: int) -> int:
    """Bytes of a TZif data block, from its six counts."""
    isut, isstd, leap, times, kinds, chars = struct.unpack(">6l", counts)
    return int(times * (time_size + 1) + 6 * kinds + chars + leap * (time_size + 4) + isstd + isut)


def zone_lines(root: Path, names: list[str]) -> list[str]:
    """The lines of the data file for these zones."""
    seen: dict[str, str] = {}
    lines = []
    for name in sorted(names):
        rule, first, transitions = read_tzif((root / name).read_bytes())
        parse_rule(rule)  # refuses what the reader would not understand
        text = f"{rule}|{first}|" + " ".join(f"{t}:{o}" for t, o in transitions)
        lines.append(f"{name}|={seen[text]}" if text in seen else f"{name}|{text}")
        seen.setdefault(text, name)
    return lines


def main() -> None:
    """Rewrites the data file."""
    import tzdata

    package = Path(tzdata.__file__).parent
    names = (package / "zones").read_text().split()
    lines = zone_lines(package / "zoneinfo", names)
    head = f"# IANA time zones {tzdata.IANA_VERSION} (public domain), by {__spec__.name}\n"
    DATA.write_text(head + "\n".join(lines) + "\n", encoding="ascii")
    print(f"{DATA}: {len(lines)} zones, release {tzdata.IANA_VERSION}")


if __name__ == "__main__":
    main()

"""A shared library without a compiler: one function, which jumps to wherever it is told to.

It is what a loader needs to see and nothing else: the header of an ELF file, two segments, a table
of two symbols. Python then says where the function goes on.
"""

from __future__ import annotations

import ctypes
import platform
import struct
from pathlib import Path

_PAGE = 0x10000  # the largest that a kernel of these machines has
_DATA = _PAGE  # where the writable segment begins
_LOAD, _DYNAMIC = 1, 2
_READ_RUN, _READ_WRITE = 5, 6
TARGET = "target"


def _jump(at: int, to: int) -> tuple[int, bytes]:
    """Number of this machine in ELF, and code at `at` that goes on where the word at `to` says."""
    machine = platform.machine()
    if machine == "x86_64":
        return 62, b"\xff\x25" + struct.pack("<i", to - (at + 6))  # jmp [rip + distance]
    if machine == "aarch64":
        distance = to - at
        adr = 0x10000010 | (distance & 3) << 29 | (distance >> 2 & 0x7FFFF) << 5  # adr x16, ...
        return 183, struct.pack("<3I", adr, 0xF9400210, 0xD61F0200)  # ldr x16, [x16]; br x16
    raise RuntimeError(f"no code for {machine}: add its jump here")


def write(path: Path, name: str, function: str) -> None:
    """Writes a library that calls itself `name` and has one function."""
    strings = b"\0" + b"".join(text.encode() + b"\0" for text in (function, TARGET, name))
    at_name = strings.index(name.encode())
    header, entries = 64, 3 * 56
    symbols_at = header + entries
    hashes_at = symbols_at + 3 * 24
    strings_at = hashes_at + 4 * (2 + 1 + 3)
    code_at = -(-(strings_at + len(strings)) // 16) * 16
    word_at, dynamic_at = _DATA, _DATA + 16
    machine, code = _jump(code_at, word_at)
    symbols = bytes(24)
    for text, kind, place, size in ((function, 2, code_at, len(code)), (TARGET, 1, word_at, 8)):
        info = 1 << 4 | kind  # global; a function, an object
        symbols += struct.pack("<IBBHQQ", strings.index(text.encode()), info, 0, 1, place, size)
    hashes = struct.pack("<6I", 1, 3, 1, 0, 2, 0)  # one bucket: symbol 1, then 2
    tags = ((14, at_name), (4, hashes_at), (5, strings_at), (6, symbols_at), (10, len(strings)))
    dynamic = b"".join(struct.pack("<QQ", *tag) for tag in (*tags, (11, 24), (0, 0)))
    data = bytes(16) + dynamic
    ident = b"\x7fELF\2\1\1" + bytes(9)
    head = ident + struct.pack(
        "<HHIQQQIHHHHHH", 3, machine, 1, 0, header, 0, 0, header, 56, 3, 64, 0, 0
    )
    text_size = code_at + len(code)
    for kind, flags, place, size in (
        (_LOAD, _READ_RUN, 0, text_size),
        (_LOAD, _READ_WRITE, _DATA, len(data)),
        (_DYNAMIC, _READ_WRITE, dynamic_at, len(dynamic)),
    ):
        head += struct.pack("<IIQQQQQQ", kind, flags, place, place, place, size, size, _PAGE)
    text = (head + symbols + hashes + strings).ljust(code_at, b"\0") + code
    path.write_bytes(text.ljust(_DATA, b"\0") + data)


def load(path: Path, function: ctypes._CFuncPtr) -> ctypes.CDLL:
    """Loads the library for the whole process; its function is this one from now on."""
    library = ctypes.CDLL(str(path), mode=ctypes.RTLD_GLOBAL)
    address = ctypes.cast(function, ctypes.c_void_p).value
    ctypes.c_void_p.in_dll(library, TARGET).value = address
    return library

"""The pinned properties and case folding are those of Rust's engine, which Polars has."""

from __future__ import annotations

import unicodedata

import polars as pl

from featurelib.regex import unicode_data
from featurelib.regex.charset import CharSet
from featurelib.regex.properties import find_property, fold, perl
from parity_tests.soak import amount

# Assigned in Unicode 14, that of Python 3.11. What came later, Polars may not know yet.
STABLE = [c for c in range(0x110000) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")]
TEXTS = pl.Series(map(chr, STABLE))
MOVED = {"\u0295"}
"""A small letter until Unicode 16, of no case in 17."""
NEW_SCRIPTS = {"Beria_Erfe", "Sidetic", "Tai_Yo", "Tolong_Siki"}
"""Those of Unicode 17."""


def members(chars: CharSet) -> pl.Series:
    """For each stable code point whether it is in a set."""
    held = bytearray(0x110000)
    for first, last in chars:
        held[first : last + 1] = b"\1" * (last - first + 1)
    return pl.Series([held[c] == 1 for c in STABLE])


def differing(pattern: str, chars: CharSet) -> set[str]:
    """Code points that are in the set here and not in Polars, or the other way."""
    return {*TEXTS.filter(TEXTS.str.contains(f"^(?:{pattern})$") != members(chars))}


def test_classes_and_properties_are_those_of_rust() -> None:
    """Perl's classes, categories and binary properties, and a sample of scripts, everywhere."""
    sets = {rf"\{letter}": perl(letter, True) for letter in "dsw"}
    scripts = sorted({*unicode_data.SCRIPT} - NEW_SCRIPTS)[:: amount(9, 1)]
    for name in (*unicode_data.GENERAL_CATEGORY, *unicode_data.BINARY, *scripts):
        sets[rf"\p{{{name}}}"] = find_property("", name) or ()
    wrong = {pattern: differing(pattern, chars) - MOVED for pattern, chars in sets.items()}
    assert not {pattern: chars for pattern, chars in wrong.items() if chars}


def test_folding_is_that_of_rust() -> None:
    """Characters that differ by case only find each other, and no others."""
    cased = TEXTS.filter(members(find_property("", "Cased") or ()))
    for char in cased.to_list()[:: amount(23, 1)]:
        found = cased.filter(cased.str.contains(f"^(?i:{char})$")).to_list()
        folded = fold(((ord(char), ord(char)),), True)
        wanted = {chr(c) for first, last in folded for c in range(first, last + 1)}
        assert {*found} == wanted & {*cased}, char

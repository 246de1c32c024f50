"""Patterns at random, as Hypothesis draws them: the syntax that Polars and featurelib both take."""

from __future__ import annotations

from hypothesis import strategies as st

CHARS = "abkKsS1_- \n\r\tßſẞéÉςσΣ\u212a日本😀\u0301\u200d\u00a0٣"
"""Characters that classes, case and lines tell apart; all were assigned long before Unicode 16."""

texts = st.text(CHARS, max_size=12)
_META = set("\\.+*?()|[]{}^$#&-~")


def _escaped(char: str) -> str:
    if char.isspace():  # which the flag x would leave out
        return f"\\x{{{ord(char):x}}}"
    return "\\" + char if char in _META else char


def _one_of(words: str) -> st.SearchStrategy[str]:
    return st.sampled_from(words.split())


_chars = st.sampled_from(CHARS).map(_escaped)
_escapes = _one_of(
    r"\d \D \s \S \w \W \pL \PL \p{Greek} \P{Lu} \p{gc=Nd} \p{sc!=Han} \x{e9} \n \u00e9"
)
_posix = _one_of("[:alpha:] [:^alpha:] [:space:] [:^upper:] [:xdigit:]")
_ranges = st.tuples(st.sampled_from(CHARS), st.sampled_from(CHARS)).map(
    lambda pair: "-".join(map(_escaped, sorted(pair)))
)


def _brackets(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    items = st.lists(inside, min_size=1, max_size=4).map("".join)
    joined = st.lists(items, min_size=1, max_size=2).flatmap(
        lambda parts: st.sampled_from(["&&", "--", "~~"]).map(lambda sign: sign.join(parts))
    )
    return st.tuples(st.sampled_from(["", "^"]), joined).map(lambda p: f"[{p[0]}{p[1]}]")


_classes = st.recursive(
    _brackets(_chars | _escapes | _posix | _ranges),
    lambda inner: _brackets(_chars | _escapes | inner),
    max_leaves=3,
)
_claims = _one_of(r"^ $ \A \z \b \B \b{start} \b{end} \b{start-half} \b{end-half} \< \>")
_atoms = _chars | _escapes | _classes | _claims | st.sampled_from([".", "(?:)"])
_ascii_atoms = _one_of(r"a k 1 \d \w \b \B [a-k_] [\w--\d]")
_signs = _one_of("* + ? *? +? ?? {2} {1,} {0,2} {1,3}?")
_flags = _one_of("i m s x U mR sR im i-s")


def _compounds(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    sequences = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        sequences.map("".join),
        sequences.map(lambda parts: f"({'|'.join(parts)})"),
        st.tuples(_flags, inner).map(lambda p: f"(?{p[0]}:{p[1]})"),
        st.tuples(_flags, inner).map(lambda p: f"(?:(?{p[0]}){p[1]})"),
        st.tuples(inner, _signs).map(lambda p: f"(?:{p[0]}){p[1]}"),
        st.tuples(_ascii_atoms, _signs).map(lambda p: f"(?-u:(?:{p[0]}){p[1]})"),
    )


patterns = st.recursive(
    st.tuples(_atoms, _signs | st.just("")).map("".join), _compounds, max_leaves=6
)

"""Regular expressions in the syntax of Rust's regex crate, as automata that every engine runs.

A pattern becomes a tree (`parser`), a nondeterministic automaton over code points (`nfa`), a
deterministic one (`dfa`), the smallest of its language (`minimise`), and words (`table`). All of it
is in `pattern`, which loads the tables of Unicode; so nothing is imported here.
"""

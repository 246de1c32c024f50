from __future__ import annotations


def attach(dispatcher, fn):
    return None

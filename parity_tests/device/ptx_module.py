"""PTX text to a module: directives, variables, functions, labels and instructions (sections 4, 5).

What a directive means is taken from the ISA; one that is not known is refused by name.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from parity_tests.device.ptx_numbers import content_bytes, integer
from parity_tests.device.ptx_words import (
    Function,
    Instruction,
    Label,
    Module,
    PtxRefusal,
    Variable,
    parse_type,
)

_TOKEN = re.compile(
    r"(?P<skip>[ \t\r]+|//[^\n]*)|(?P<block>/\*.*?\*/)|(?P<newline>\n)"
    r'|(?P<word>"[^"\n]*"|[\w$%.][\w$.%]*|[{}()\[\];:,<>=+\-!@|])|(?P<other>.)',
    re.DOTALL,
)
_SPACES = ("global", "const", "shared", "local", "param")
_LINKING = ("visible", "weak", "common", "extern")
_LIMITS = {"maxntid": 3, "reqntid": 3, "minnctapersm": 1, "maxnreg": 1, "maxnctapersm": 1}
"""Performance-tuning directives (section 11.4) and how many numbers they take at most."""
_OPEN, _CLOSE = "([{", ")]}"


def _tokens(text: str) -> list[tuple[str, int]]:
    found, line = [], 1
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "word":
            found.append((match[0], line))
        elif match.lastgroup == "other":
            raise PtxRefusal(f"line {line}: character {match[0]!r} is not known here")
        line += match[0].count("\n")
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.at = 0
        self.scopes: list[dict[str, str]] = []
        self.renamed = 0
        self.module = Module(target="")

    def peek(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        word = self.peek()
        if not word or (expected and word != expected):
            line = self.tokens[min(self.at, len(self.tokens) - 1)][1] if self.tokens else 1
            raise PtxRefusal(
                f"line {line}: expected {expected or 'a word'}, got {word or 'the end'}"
            )
        self.at += 1
        return word

    def statement(self) -> list[str]:
        """The words up to the next semicolon, which is taken too."""
        words = []
        while self.peek() != ";":
            words.append(self.take())
        self.take(";")
        return words

    def parse(self) -> Module:
        while self.peek():
            linking: set[str] = set()
            while self.peek()[1:] in _LINKING:
                linking.add(self.take()[1:])
            word = self.take()
            if word == ".version" or word == ".address_size":
                value = self.take()
                if word == ".address_size" and value != "64":
                    raise PtxRefusal(f".address_size {value}: only 64 is known here")
            elif word == ".target":
                self.module.target = self.take()
                if self.peek() == ",":
                    raise PtxRefusal(".target with options is not known here")
            elif word in (".entry", ".func"):
                self.function(word == ".entry")
            elif word[1:] in ("global", "const", "shared"):
                variable = self.variable(word[1:])
                self.take(";")
                defined = "extern" not in linking
                self.module.variables[variable.name] = replace(variable, is_defined=defined)
            else:
                raise PtxRefusal(f"directive {word} is not known here")
        return self.module

    def variable(self, space: str) -> Variable:
        """`.align 8 .b8 name[16] = {1, 2}` after the word of its state space (section 5.4)."""
        align = 0
        while True:
            word = self.take()
            if word == ".align":
                align = integer(self.take())
            elif word == ".ptr":
                raise PtxRefusal("parameter attribute .ptr is not known here")
            else:
                break
        type_ = parse_type(word[1:])
        name, count = self.take(), 1
        while self.peek() == "[":
            self.take("[")
            count *= integer(self.take())
            self.take("]")
        size, content = count * type_.size, None
        if self.peek() == "=":
            self.take("=")
            content = content_bytes(self.initializer(), type_, size)
        return Variable(name, space, type_, size, align or type_.size, content)

    def initializer(self) -> list[str]:
        words, depth = [], 0
        while self.peek() != ";" or depth:
            word = self.take()
            depth += (word == "{") - (word == "}")
            words.append(word)
        text = "".join(words).replace("{", "").replace("}", "")
        return [number for number in text.split(",") if number]

    def params(self) -> tuple[Variable, ...]:
        found = []
        self.take("(")
        while self.peek() != ")":
            space = self.take()
            if space != ".param":
                raise PtxRefusal(f"a parameter in {space}: only .param is known here")
            found.append(self.variable("param"))
            if self.peek() == ",":
                self.take(",")
        self.take(")")
        return tuple(found)

    def function(self, is_entry: bool) -> None:
        results = self.params() if not is_entry and self.peek() == "(" else ()
        name = self.take()
        params = self.params() if self.peek() == "(" else ()
        function = Function(name, is_entry, params, results)
        while self.peek() not in ("{", ";"):
            word = self.take()
            if word == ".noreturn":
                continue
            if word[1:] not in _LIMITS:
                raise PtxRefusal(f"{name}: directive {word} is not known here")
            for _ in range(_LIMITS[word[1:]]):
                integer(self.take())
                if self.peek() != ",":
                    break
                self.take(",")
        if self.take() == "{":
            self.body(function)
        if function.body is not None or name not in self.module.functions:
            self.module.functions[name] = function

    def body(self, function: Function) -> None:
        function.body = []
        self.scopes = [{}]
        while self.scopes:
            word = self.peek()
            if word == "{":
                self.take()
                self.scopes.append({})
            elif word == "}":
                self.take()
                self.scopes.pop()
            elif word.startswith("."):
                self.directive(function)
            elif self.tokens[self.at + 1][0] == ":":
                name = self.take()
                self.take(":")
                if self.peek() == ".branchtargets":
                    targets = self.statement()[1:]
                    function.branch_targets[name] = tuple(t for t in targets if t != ",")
                else:
                    function.body.append(Label(name))
            else:
                function.body.append(self.instruction())

    def directive(self, function: Function) -> None:
        word = self.take()
        if word == ".reg":
            self.registers(function)
        elif word[1:] in _SPACES:
            variable = self.variable(word[1:])
            self.take(";")
            if variable.space == "local":
                function.locals.append(variable)
            elif variable.space == "param":
                function.body.append(variable)  # type: ignore[union-attr]
            else:
                raise PtxRefusal(f"{function.name}: {word} inside a function is not known here")
        elif word == ".pragma":
            hint = self.statement()
            if hint != ['"nounroll"']:
                raise PtxRefusal(f"{function.name}: .pragma {' '.join(hint)} is not known here")
        else:
            raise PtxRefusal(f"{function.name}: directive {word} is not known here")

    def registers(self, function: Function) -> None:
        """`.reg .b64 %rd<9>, %x;` (5.1.1, 5.4.6); a name of an inner scope is its own."""
        type_ = parse_type(self.take()[1:])
        while True:
            name = self.take()
            names = [name]
            if self.peek() == "<":
                self.take("<")
                names = [f"{name}{k}" for k in range(integer(self.take()))]
                self.take(">")
            for each in names:
                function.registers[self.declared(each)] = type_
            if self.take() == ";":
                return

    def declared(self, name: str) -> str:
        if len(self.scopes) == 1:
            return name
        self.renamed += 1
        self.scopes[-1][name] = f"{name}.scope{self.renamed}"
        return self.scopes[-1][name]

    def scoped(self, word: str) -> str:
        return next((s[word] for s in reversed(self.scopes) if word in s), word)

    def instruction(self) -> Instruction:
        line, guard = self.tokens[self.at][1], ""
        if self.peek() == "@":
            self.take("@")
            while not guard or guard == "!":
                guard += self.scoped(self.take())
        opcode = self.take()
        operands, depth, text = [], 0, ""
        for word in [*self.statement(), ","]:
            if word == "," and depth == 0:
                operands.append(text)
                text = ""
                continue
            depth += (word in _OPEN) - (word in _CLOSE)
            text += self.scoped(word)
        return Instruction(opcode, tuple(o for o in operands if o), guard, line)


def parse(text: str) -> Module:
    """The module that a PTX text is.

    Raises:
        PtxRefusal: a directive, type or constant that is not known here, with its name.
    """
    return _Parser(text).parse()


@cache
def parsed(text: str) -> Module:
    """The same module for the same text, whose kernels are translated once."""
    return parse(text)

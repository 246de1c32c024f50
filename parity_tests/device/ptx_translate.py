"""A PTX function to a Python function: blocks, branches and calls (sections 9.3 and 9.7.13).

Text between two labels becomes straight Python. A loop over block numbers runs them: a branch sets
the number and continues, and a tree of comparisons finds the block.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import CodeType

from parity_tests.device import ptx_comparisons, ptx_floats, ptx_integers, ptx_moves
from parity_tests.device.ptx_operands import FLOAT_HANDLERS, HANDLERS, Scope
from parity_tests.device.ptx_words import (
    U32,
    Function,
    Instruction,
    Label,
    Module,
    PtxRefusal,
    Variable,
)

FAMILIES = (ptx_comparisons, ptx_floats, ptx_integers, ptx_moves)
"""The files that say what instructions mean; loading them fills the tables."""
FILE = "<ptx>"
_TAIL = ("bra", "brx", "ret", "exit", "trap")


@dataclass(slots=True)
class Translated:
    """A kernel and all that it calls, as compiled Python."""

    entry: Function
    code: CodeType
    where: list[Instruction | None]
    """The instruction of each line of Python."""
    helpers: set[tuple[str, str, str]]
    segments: list[Counter[str]]
    """How often each opcode stands in each stretch of text that runs from its start to its end."""


@dataclass(slots=True)
class _Lines:
    """Source of Python in the making, with the instruction that each line is for."""

    texts: list[str] = field(default_factory=list)
    where: list[Instruction | None] = field(default_factory=lambda: [None])

    def add(self, depth: int, text: str, instruction: Instruction | None = None) -> None:
        self.texts.append(" " * depth + text)
        self.where.append(instruction)


Block = list[tuple[int, str, Instruction | None]]


class _Writer:
    """Translates one function."""

    def __init__(self, module: Module, function: Function, shared: _Shared) -> None:
        self.module, self.function, self.shared = module, function, shared
        self.scope = Scope(function, shared.addresses)
        self.size, self.align = 0, 16
        for variable in function.locals:
            self.size = -(-self.size // variable.align) * variable.align
            self.scope.frame[variable.name] = self.size
            self.size += variable.size
            self.align = max(self.align, variable.align)
        names = [i.name for i in function.body or () if isinstance(i, Label)]
        self.labels = {name: k + 1 for k, name in enumerate(names)}
        self.segment: Counter[str] = Counter()

    def write(self, out: _Lines) -> None:
        function, scope = self.function, self.scope
        given = [*function.results, *function.params]
        scope.params = {v.name: v for v in given}
        head = ", ".join(["thread", "top", *(scope.python_name(v.name) for v in given)])
        out.add(0, f"def {self.shared.python_names[function.name]}({head}):")
        if self.size:
            out.add(1, f"frame = local_frame(top, {self.size}, {self.align})")
            out.add(1, f"top = frame + {self.size}")
        blocks = self.blocks()
        out.add(1, "block = 0")
        out.add(1, "while True:")
        self.tree(out, blocks, 0, len(blocks), 2)

    def tree(self, out: _Lines, blocks: list[Block], low: int, high: int, depth: int) -> None:
        if high - low == 1:
            for extra, text, instruction in blocks[low]:
                out.add(depth + extra, text, instruction)
            return
        middle = (low + high) // 2
        out.add(depth, f"if block < {middle}:")
        self.tree(out, blocks, low, middle, depth + 1)
        out.add(depth, "else:")
        self.tree(out, blocks, middle, high, depth + 1)

    def blocks(self) -> list[Block]:
        found: list[Block] = [[]]
        self.start_segment(found[0])
        ended = False
        for item in self.function.body or ():
            if isinstance(item, Label):
                if not ended:
                    found[-1] += [(0, f"block = {len(found)}", None), (0, "continue", None)]
                found.append([])
                self.start_segment(found[-1])
                ended = False
            elif isinstance(item, Variable):
                self.scope.params[item.name] = item
                name = self.scope.python_name(item.name)
                found[-1].append((0, f"{name} = bytearray({item.size})", None))
            elif not ended:
                ended = self.instruction(found[-1], item)
        if not ended:
            raise PtxRefusal(f"{self.function.name}: its text ends without ret")
        return found

    def start_segment(self, block: Block) -> None:
        if self.shared.counted:
            self.segment = Counter()
            block.append((0, f"counts[{len(self.shared.segments)}] += 1", None))
            self.shared.segments.append(self.segment)

    def instruction(self, block: Block, ins: Instruction) -> bool:
        """Adds the lines of an instruction; says whether the text after it is out of reach."""
        self.segment[ins.opcode] += 1
        name, *modifiers = ins.opcode.split(".")
        try:
            guard = self.scope.predicate(ins.guard) if ins.guard else ""
            if name in _TAIL:
                lines = self.jump(name, modifiers, ins)
            elif name == "call":
                lines = self.call(modifiers, ins)
            else:
                is_float = modifiers[-1:] in (["f64"], ["f32"])
                table = FLOAT_HANDLERS if is_float and name in FLOAT_HANDLERS else HANDLERS
                if name not in table:
                    raise PtxRefusal("the instruction is not known here")
                lines = table[name](self.scope, ins, modifiers)
        except PtxRefusal as error:
            raise PtxRefusal(f"{self.function.name}, {ins}: {error}") from None
        if guard:
            block.append((0, f"if {guard}:", ins))
        block += [(1 if guard else 0, line, ins) for line in lines]
        if name == "call" or (name in _TAIL and guard):
            self.start_segment(block)
        return name in _TAIL and not guard

    def jump(self, name: str, modifiers: list[str], ins: Instruction) -> list[str]:
        """`bra`, `brx.idx`, `ret`, `exit`, `trap` (9.7.13.3 and on)."""
        plain = [[], ["uni"]] if name in ("bra", "ret") else [["idx"]] if name == "brx" else [[]]
        if modifiers not in plain and modifiers != ["idx", "uni"]:
            raise PtxRefusal(f"modifiers .{'.'.join(modifiers)} are not known here")
        if name == "ret":
            return ["return"]
        if name == "exit":
            return ["return" if self.function.is_entry else "raise ThreadExit"]
        if name == "trap":
            return ["raise PtxFault('the kernel trapped')"]
        if name == "bra":
            return [f"block = {self.label(ins.operands[0])}", "continue"]
        targets = self.function.branch_targets.get(ins.operands[1])
        if targets is None:
            raise PtxRefusal(f"list of targets {ins.operands[1]} is not known here")
        numbers = ", ".join(str(self.label(t)) for t in targets)
        index = self.scope.read(ins.operands[0], U32)
        return [f"block = branch_target(({numbers},), {index})", "continue"]

    def label(self, name: str) -> int:
        if name not in self.labels:
            raise PtxRefusal(f"label {name} is not known here")
        return self.labels[name]

    def call(self, modifiers: list[str], ins: Instruction) -> list[str]:
        """`call` of a function by its name, with parameters in .param space (9.7.13.5)."""
        if modifiers not in ([], ["uni"]):
            raise PtxRefusal(f"modifiers .{'.'.join(modifiers)} are not known here")
        groups = list(ins.operands)
        results = groups.pop(0) if groups[0].startswith("(") else "()"
        name = groups.pop(0)
        given = groups.pop(0) if groups else "()"
        callee = self.module.functions.get(name)
        if callee is None or callee.body is None or groups:
            raise PtxRefusal(f"a call of {name}, which has no body here")
        passed = [p for group in (results, given) for p in group[1:-1].split(",") if p]
        wanted = [*callee.results, *callee.params]
        held = [self.scope.params.get(p) for p in passed]
        if [v and v.size for v in held] != [v.size for v in wanted]:
            raise PtxRefusal(f"parameters {passed} do not fit those of {name}")
        self.shared.need(name)
        arguments = ", ".join(["thread", "top", *(self.scope.python_name(p) for p in passed)])
        return [f"{self.shared.python_names[name]}({arguments})"]


@dataclass(slots=True)
class _Shared:
    """What the functions of one kernel share while they are translated."""

    addresses: dict[str, int]
    counted: bool
    python_names: dict[str, str] = field(default_factory=dict)
    queue: list[str] = field(default_factory=list)
    segments: list[Counter[str]] = field(default_factory=list)

    def need(self, name: str) -> None:
        if name not in self.python_names:
            self.python_names[name] = f"function_{len(self.python_names)}"
            self.queue.append(name)


def translate(
    module: Module, entry: str, addresses: Callable[[Module], dict[str, int]], counted: bool
) -> Translated:
    """Compiles a kernel and the functions that it calls to Python, or refuses a word by name."""
    function = module.functions.get(entry)
    if function is None or not function.is_entry:
        raise PtxRefusal(f"kernel {entry} is not in the module, which has {module.entries}")
    shared = _Shared(addresses(module), counted)
    shared.need(entry)
    out, helpers = _Lines(), set()
    while shared.queue:
        writer = _Writer(module, module.functions[shared.queue.pop(0)], shared)
        writer.write(out)
        helpers |= writer.scope.used
    code = compile("\n".join(out.texts) + "\n", FILE, "exec")
    return Translated(function, code, out.where, helpers, shared.segments)

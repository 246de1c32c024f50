"""The function of one group of outputs: loads, bodies, stores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llvmlite import ir
from numba.core import cgutils

from featurelib.dtypes import DType
from featurelib.jit.bodies import Target, signature
from featurelib.jit.intrinsics_cpu import CANONICAL_NAN, F32, F64, I1, I8, I64, KIND_TYPES
from featurelib.jit.loops import emit_map
from featurelib.jit.memory_values import POINTERS, canonical, loaded, stored, zero
from featurelib.jit.places import COLUMN, Place, placed_outputs
from featurelib.jit.slots import Slots, element_bytes
from featurelib.node import FIT, INPUT, LITERAL, MAP, Node
from featurelib.op import Nulls
from featurelib.program import Program, body_of, op_of


class Group:
    """Emits the function of one group.

    Args:
        target: How bodies are compiled.
        context: Numba's target context.
        module: Where the function goes.
        program: The outputs of the group.
        places: Where they lie, if not in columns.
        number: Of the group.
        wide: Whether the function loops over rows.
    """

    def __init__(
        self,
        target: Target,
        context: Any,
        module: ir.Module,
        program: Program,
        places: Mapping[str, Place],
        number: int,
        wide: bool,
    ) -> None:
        self.target = target
        self.context = context
        self.program = program
        own = Slots.of(program)
        self.placed = placed_outputs(program, places)
        types: list[ir.Type] = [I64, I64, I64]
        for node in own.inputs:
            types += [POINTERS[_slot_bits(node.dtype)], POINTERS[8]]
        for node, place in self.placed:
            types += [POINTERS[_slot_bits(node.dtype, place)], POINTERS[8]]
        types += [I64, I64] * len(own.tables)
        self.function = ir.Function(
            module, ir.FunctionType(ir.VoidType(), types), f"group_{number}"
        )
        self.function.linkage = "internal"
        self.function.attributes.add("noinline")
        args = list(self.function.args)
        for arg in args:
            if isinstance(arg.type, ir.PointerType):
                arg.add_attribute("noalias")
        self.arena = args[2]
        pairs = [args[i : i + 2] for i in range(3, len(args), 2)]
        self.inputs = {n.key: pairs[i] for i, n in enumerate(own.inputs)}
        after = len(own.inputs)
        self.outputs = pairs[after : after + len(own.outputs)]
        self.tables = {n.key: pairs[after + len(own.outputs) + i] for i, n in enumerate(own.tables)}
        b = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.values: dict[str, tuple[Any, ir.Value]] = {}
        for node in self.program.serving_nodes:
            if node.op in (LITERAL, FIT):
                self.values[node.key] = self._constant(b, node)
        if wide:
            self._loop(b, args[0], args[1])
        else:
            self._row(b, args[0])
            b.ret_void()

    def _loop(self, b: ir.IRBuilder, start: ir.Value, stop: ir.Value) -> None:
        body, done = (self.function.append_basic_block(n) for n in ("row", "done"))
        entry = b.block
        b.cbranch(b.icmp_signed("<", start, stop), body, done)
        b = ir.IRBuilder(body)
        row = b.phi(I64)
        row.add_incoming(start, entry)
        self._row(b, row)
        following = b.add(row, ir.Constant(I64, 1))
        row.add_incoming(following, b.block)
        b.cbranch(b.icmp_signed("<", following, stop), body, done)
        ir.IRBuilder(done).ret_void()

    def _row(self, b: ir.IRBuilder, row: ir.Value) -> None:
        for node in self.program.serving_nodes:
            if node.op == INPUT:
                self.values[node.key] = self._load(b, node, row)
            elif node.key not in self.values and not node.free:
                made = emit_map(self, b, node) if node.op == MAP else self.call(b, node)
                self.values[node.key] = made
        for (node, place), (values, valid) in zip(self.placed, self.outputs, strict=True):
            first = b.mul(row, ir.Constant(I64, place.stride)) if place.stride > 1 else row
            if place.is_laid_out:
                self._lay_out(b, node, first, values)
            else:
                self._store(b, node, row, first, values, valid)

    @property
    def element_align(self) -> int | None:
        """Of loads of elements: 1 where they may stand anywhere, None for their own size."""
        return None if self.target.is_aligned else 1

    def _constant(self, b: ir.IRBuilder, node: Node) -> tuple[Any, ir.Value]:
        yes = ir.Constant(I1, 1)
        if node.key in self.tables:
            address, count = self.tables[node.key]
            if node.dtype.kind == "v":
                return (address, ir.Constant(I64, 0), count), yes
            llvm = F64 if node.dtype.kind == "f" else I64
            value = b.load(b.inttoptr(address, llvm.as_pointer()))
            return (b.trunc(value, I1) if node.dtype.kind == "b" else value), yes
        value = node.param["value"]
        if value is None:
            return zero(node.dtype), ir.Constant(I1, 0)
        if node.dtype.kind == "f" and value != value:
            return b.bitcast(ir.Constant(I64, CANONICAL_NAN), F64), yes
        llvm = {"b": I1, "f": F64}.get(node.dtype.kind, I64)
        return ir.Constant(llvm, value if node.dtype.kind == "f" else int(value)), yes

    def _load(self, b: ir.IRBuilder, node: Node, row: ir.Value) -> tuple[Any, ir.Value]:
        values, valid = self.inputs[node.key]
        flag: ir.Value = ir.Constant(I1, 1)
        if node.nullable:
            flag = b.icmp_unsigned("!=", b.load(b.gep(valid, [row])), ir.Constant(I8, 0))
        if node.dtype.kind == "v":
            twice = b.shl(row, ir.Constant(I64, 1))
            address = b.load(b.gep(values, [twice]))
            length = b.load(b.gep(values, [b.or_(twice, ir.Constant(I64, 1))]))
            return (address, ir.Constant(I64, 0), length), flag
        return loaded(b, b.load(b.gep(values, [row])), node.dtype), flag

    def _store(
        self,
        b: ir.IRBuilder,
        node: Node,
        row: ir.Value,
        first: ir.Value,
        values: ir.Value,
        valid: ir.Value,
    ) -> None:
        """Writes a row's value to element `first`, and its flag to that of the row."""
        value, flag = self.values[node.key]
        if node.nullable:
            b.store(b.zext(flag, I8), b.gep(valid, [row]))
        if node.dtype.kind == "v":
            address, start, stop = value
            size = ir.Constant(I64, element_bytes(node.dtype))
            pair = [b.add(address, b.mul(start, size)), b.sub(stop, start)]
            twice = b.shl(first, ir.Constant(I64, 1))
            for k, part in enumerate(pair):
                kept = b.select(flag, part, ir.Constant(I64, 0))
                b.store(kept, b.gep(values, [b.or_(twice, ir.Constant(I64, k))]))
            return
        raw = stored(b, value, node.dtype)
        if node.nullable:
            raw = b.select(flag, raw, ir.Constant(raw.type, 0))
        b.store(raw, b.gep(values, [first]))

    def _lay_out(self, b: ir.IRBuilder, node: Node, first: ir.Value, values: ir.Value) -> None:
        """Writes the elements of an Array side by side, from element `first` on."""
        (address, start, _stop), _flag = self.values[node.key]
        inner, size = node.dtype.inner, node.dtype.size
        assert inner is not None and size is not None
        source = b.inttoptr(address, values.type)
        with cgutils.for_range(b, ir.Constant(I64, size)) as loop:
            raw = b.load(b.gep(source, [b.add(start, loop.index)]), align=self.element_align)
            if inner.kind == "f":
                raw = canonical(b, b.bitcast(raw, F32 if inner.bits == 32 else F64))
            b.store(raw, b.gep(values, [b.add(first, loop.index)]))

    def call(self, b: ir.IRBuilder, node: Node) -> tuple[Any, ir.Value]:
        """A value that an op computes, and its flag, from those of its arguments."""
        op, body = op_of(node), body_of(node)
        kinds = tuple(a.dtype.kind for a in node.args)
        sig = signature(body, kinds, op.nulls, node.dtype.kind)
        compiled = self.target.compile_body(body, kinds, op.nulls, node.dtype.kind)
        pairs = [self.values[a.key] for a in node.args]
        args = [self._packed(b, v, k) for (v, _), k in zip(pairs, kinds, strict=True)]
        if op.nulls is Nulls.EXPLICIT:
            args = [
                self.context.make_tuple(b, t, (v, flag))
                for t, v, (_, flag) in zip(sig.args, args, pairs, strict=False)
            ]
        if body.takes_arena:
            args.append(self.arena)
        for name, dtype in body.params:
            llvm = {"b": I1, "f": F64}.get(dtype.kind, I64)
            args.append(ir.Constant(llvm, node.param[name]))
        self.context.add_linking_libs([compiled.library])
        _status, result = self.context.call_internal_no_propagate(b, compiled.fndesc, sig, args)
        there: ir.Value = ir.Constant(I1, 1)
        if op.nulls is not Nulls.PROPAGATE:
            result, there = cgutils.unpack_tuple(b, result, 2)
        if op.nulls is not Nulls.EXPLICIT:
            for (_, flag), arg in zip(pairs, node.args, strict=True):
                there = b.and_(there, flag) if arg.nullable else there
        if node.dtype.kind == "v":
            return tuple(cgutils.unpack_tuple(b, result, 3)), there
        return result, there

    def _packed(self, b: ir.IRBuilder, value: Any, kind: str) -> ir.Value:
        return self.context.make_tuple(b, KIND_TYPES["v"], value) if kind == "v" else value


def _slot_bits(dtype: DType, place: Place = COLUMN) -> int:
    return 64 if dtype.kind == "v" and not place.is_laid_out else dtype.bits

"""The function of one group of outputs: loads, bodies, stores."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils

from featurelib.dtypes import DType
from featurelib.jit.bodies import compile_body, signature
from featurelib.jit.intrinsics_cpu import CANONICAL_NAN, F32, F64, I1, I8, I32, I64, KIND_TYPES
from featurelib.jit.slots import Slots
from featurelib.node import FIT, INPUT, LITERAL, Node
from featurelib.op import Nulls
from featurelib.program import Program, body_of, op_of

_PTR = {bits: ir.IntType(bits).as_pointer() for bits in (8, 16, 32, 64)}


class Group:
    """Emits the function of one group."""

    def __init__(
        self, context: Any, module: ir.Module, program: Program, own: Slots, number: int, wide: bool
    ) -> None:
        self.context = context
        self.program = program
        types: list[ir.Type] = [I64, I64, I64]
        for node in own.inputs:
            types += [_PTR[_slot_bits(node.dtype)], _PTR[8]]
        for node in own.outputs:
            types += [_PTR[_slot_bits(node.dtype)], _PTR[8]]
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
        places = [args[i : i + 2] for i in range(3, len(args), 2)]
        self.inputs = {n.key: places[i] for i, n in enumerate(own.inputs)}
        after = len(own.inputs)
        self.outputs = places[after : after + len(own.outputs)]
        self.tables = {
            n.key: places[after + len(own.outputs) + i] for i, n in enumerate(own.tables)
        }
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
            elif node.key not in self.values:
                self.values[node.key] = self._call(b, node)
        for (values, valid), node in zip(self.outputs, self.program.outputs.values(), strict=True):
            self._store(b, node, row, values, valid)

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
        kind, bits = node.dtype.kind, node.dtype.bits
        if kind == "v":
            twice = b.shl(row, ir.Constant(I64, 1))
            address = b.load(b.gep(values, [twice]))
            length = b.load(b.gep(values, [b.or_(twice, ir.Constant(I64, 1))]))
            return (address, ir.Constant(I64, 0), length), flag
        raw = b.load(b.gep(values, [row]))
        if kind == "b":
            return b.icmp_unsigned("!=", raw, ir.Constant(I8, 0)), flag
        if kind == "f":
            return (b.fpext(b.bitcast(raw, F32), F64) if bits == 32 else b.bitcast(raw, F64)), flag
        if bits == 64:
            return raw, flag
        return (b.sext if kind == "i" else b.zext)(raw, I64), flag

    def _store(
        self, b: ir.IRBuilder, node: Node, row: ir.Value, values: ir.Value, valid: ir.Value
    ) -> None:
        value, flag = self.values[node.key]
        kind, bits = node.dtype.kind, node.dtype.bits
        if node.nullable:
            b.store(b.zext(flag, I8), b.gep(valid, [row]))
        if kind == "v":
            address, start, stop = value
            size = ir.Constant(I64, max(bits // 8, 1))
            pair = [b.add(address, b.mul(start, size)), b.sub(stop, start)]
            twice = b.shl(row, ir.Constant(I64, 1))
            for k, part in enumerate(pair):
                kept = b.select(flag, part, ir.Constant(I64, 0))
                b.store(kept, b.gep(values, [b.or_(twice, ir.Constant(I64, k))]))
            return
        if kind == "f":
            nan = b.fcmp_unordered("uno", value, value)
            narrow = bits == 32
            raw = b.bitcast(b.fptrunc(value, F32), I32) if narrow else b.bitcast(value, I64)
            canonical = ir.Constant(I32, 0x7FC00000) if narrow else ir.Constant(I64, CANONICAL_NAN)
            raw = b.select(nan, canonical, raw)
        elif kind == "b":
            raw = b.zext(value, I8)
        else:
            raw = value if bits == 64 else b.trunc(value, ir.IntType(bits))
        if node.nullable:
            raw = b.select(flag, raw, ir.Constant(raw.type, 0))
        b.store(raw, b.gep(values, [row]))

    def _call(self, b: ir.IRBuilder, node: Node) -> tuple[Any, ir.Value]:
        op, body = op_of(node), body_of(node)
        kinds = tuple(a.dtype.kind for a in node.args)
        sig = signature(body, kinds, op.nulls, node.dtype.kind)
        compiled = compile_body(body, kinds, op.nulls, node.dtype.kind)
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


def zero(dtype: DType) -> Any:
    """What stands under a null."""
    if dtype.kind == "v":
        return (ir.Constant(I64, 0),) * 3
    return ir.Constant({"b": I1, "f": F64}.get(dtype.kind, I64), 0)


def _slot_bits(dtype: DType) -> int:
    return 64 if dtype.kind == "v" else dtype.bits

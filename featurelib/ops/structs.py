"""Members of Struct inputs."""

from featurelib.errors import DefinitionError, FeatureTypeError
from featurelib.node import INPUT, Node, input_node
from featurelib.op import method


@method("struct.field")
def field(x: Node, name: str) -> Node:
    """A member of a Struct input; null where it or the Struct is.

    It is the input column ``struct.member``, which engines read without the Struct around it.
    """
    if not isinstance(name, str):
        raise DefinitionError(f"`struct.field`: expected a name, got {name!r}")
    if x.op != INPUT or not x.dtype.fields:
        raise FeatureTypeError(f"`struct.field` takes a Struct input, got {x.dtype}")
    for member, dtype, nullable in x.dtype.fields:
        if member == name:
            return input_node(f"{x.param['name']}.{name}", dtype, nullable or x.nullable)
    known = ", ".join(member for member, _, _ in x.dtype.fields)
    raise FeatureTypeError(
        f"`struct.field`: {x.dtype} has no member {name!r}", hint=f"its members: {known}"
    )

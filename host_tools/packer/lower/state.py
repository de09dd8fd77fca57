"""State: resource variables and variable tensors, which live from one inference to the next in the pool's first bytes.

READ_VARIABLE and ASSIGN_VARIABLE are copies. Once all ops are known, those are left out where the value may as well lie
in the variable itself.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from ..graph import short_name
from ..program import DTYPE_BYTES, Buffer, DeviceOp, Rows
from .context import LOWERINGS, CannotLower, lowers

DTYPES = "int8, uint8, int16, int32, bool"

# ---- resource variables ----


@dataclass(eq=False)
class _Resource:
    container: "bytes | None"
    name: "bytes | None"
    handles: list = field(default_factory=list)  # its resource tensors
    value: "object | None" = None  # the first TFLite tensor assigned to it, in the file's order


def _resources(graph):
    """The resources of all subgraphs, found as in TFLite Micro: by name, and by container if the handle has one."""
    found, by_handle = [], {}
    for op in (op for subgraph in graph.subgraphs for op in subgraph.ops):
        if op.kind == "VAR_HANDLE":
            container, name = op.options.get("Container"), op.options.get("SharedName")
            resource = next((r for r in found if r.name == name and container in (None, r.container)), None)
            if resource is None:
                resource = _Resource(container, name)
                found.append(resource)
            resource.handles.append(op.outputs[0])
            by_handle[id(op.outputs[0])] = resource
        elif op.kind == "ASSIGN_VARIABLE" and len(op.inputs) == 2 and id(op.inputs[0]) in by_handle:
            resource = by_handle[id(op.inputs[0])]
            resource.value = resource.value or op.inputs[1]
    return found


@lowers("VAR_HANDLE", "(none)", DTYPES, "memory that lives from one inference to the next")
def var_handle(context, op):
    if id(op.outputs[0]) in context.values:
        return
    for resource in _resources(context.graph):
        if resource.value is not None:
            buffer = _new_state(context, op, resource.value, (resource.name or b"").decode("utf-8", "replace"))
            context.values.update((id(handle), buffer) for handle in resource.handles)


def _variable_and_value(context, op, values):
    """The variable's Buffer, and the tensor in `values` that is read from it or assigned to it."""
    if len(op.inputs) < 1 or len(values) != 1 or None in (op.inputs[0], values[0]):
        raise CannotLower("it needs a variable and a value; convert the model again")
    variable, value = context.values.get(id(op.inputs[0])), values[0]
    if variable is None:
        raise CannotLower("nothing is ever assigned to its variable; let the model initialise it")
    if value.dtype != variable.dtype or context.nbytes(value) != variable.nbytes:
        raise CannotLower(
            f"its value is {value.dtype} {list(value.shape)}, its variable {variable.nbytes} B of {variable.dtype}; "
            "use a variable of its own"
        )
    context.used_variables = context.used_variables or context.ops is not context.init_ops
    return variable, value


@lowers("READ_VARIABLE", "COPY", DTYPES, "nothing where the variable keeps its value until the last reader")
def read_variable(context, op):
    variable, value = _variable_and_value(context, op, op.outputs)
    _copy(context, op, value, variable, context.buffer(value))


@lowers("ASSIGN_VARIABLE", "COPY", DTYPES, "nothing where the value can be made in the variable")
def assign_variable(context, op):
    variable, value = _variable_and_value(context, op, op.inputs[1:])
    if value.is_const:
        _set(context, op, variable, value.data)
    else:
        _copy(context, op, value, context.buffer(value), variable)


@lowers("CALL_ONCE", "(none)", DTYPES, "its subgraph runs at reset")
def call_once(context, op):
    subgraphs, index = context.graph.subgraphs, op.options.get("InitSubgraphIndex", 0)
    if not 0 < index < len(subgraphs) or context.ops is context.init_ops:
        raise CannotLower(f"it cannot call subgraph {index} of {len(subgraphs)}; convert the model again")
    if context.used_variables:
        raise CannotLower("variables are used before it; let the model initialise them first")
    ops, context.ops = context.ops, context.init_ops
    try:
        for inner in subgraphs[index].ops:
            if inner.kind not in LOWERINGS:
                raise CannotLower(f"{inner.kind} in subgraph {index} is not among the supported ops; take it out")
            LOWERINGS[inner.kind].function(context, inner)
    finally:
        context.ops = ops


# ---- variable tensors ----


def variable_tensor(context, op, tensor, rows):
    """Rows of the state tensor of an op that updates it."""
    if tensor is None or not tensor.is_variable or tensor.is_const:
        raise CannotLower("its state is not a variable tensor; convert the model again")
    if id(tensor) in context.values:
        raise CannotLower("its state is another op's, too; convert the model again")
    context.bind(tensor, _new_state(context, op, tensor, tensor.name))
    return context.rows(tensor, rows)


# ---- memory ----


def _new_state(context, op, like, name):
    """A Buffer of state for values like `like`. As in TFLite Micro, at reset each byte of it is their zero point."""
    if like.dtype not in DTYPE_BYTES or like.dtype == "float32":
        raise CannotLower(f'the variable "{short_name(name)}" is {like.dtype}; quantise the model to int8')
    buffer = Buffer(short_name(name), context.nbytes(like), like.dtype)
    context.state.append(buffer)
    zero_point = like.zero_point if like.is_quantised else 0
    ops, context.ops = context.ops, context.init_ops
    _set(context, op, buffer, np.full(buffer.nbytes, zero_point % 256, np.uint8).view(like.dtype))
    context.ops = ops
    return buffer


def _copy(context, op, value, source, target):
    """Copy all of a Buffer; `value`: the TFLite tensor that it holds."""
    params = _contiguous([1, source.nbytes], [0, 1])
    inputs, output = Rows(source, 1, source.nbytes), Rows(target, 1, target.nbytes)
    copy = DeviceOp("COPY", short_name(value.name) or "copy", op.index, value.index, [inputs], output, params)
    context.ops.append(copy)
    if context.ops is not context.init_ops:
        context.copies.append(copy)


def _set(context, op, target, data):
    """Set a Buffer to constant data; one element of it is enough where all are equal."""
    data = np.ascontiguousarray(data).ravel()
    if context.ops is context.init_ops:
        touching = [o for o in context.ops if target in (o.output.buffer, *(rows.buffer for rows in o.inputs))]
        if len(touching) == 1 and touching[0].output.buffer is target:  # set before, and not read since
            context.ops.remove(touching.pop())
        if not touching and not data.view(np.uint8).any():
            return  # reset makes it zero
    item, stride = data.itemsize, 1
    if np.all(data == data[0]):
        data, stride = data[:1], 0
    source = Buffer(f"{target.name} value", data.nbytes, target.dtype, data)
    params = _contiguous([target.nbytes // item, item], [stride * item, 1])
    inputs, output = Rows(source, 1, source.nbytes), Rows(target, 1, target.nbytes)
    context.ops.append(DeviceOp("COPY", target.name or "set", op.index, None, [inputs], output, params))


def _contiguous(size, in_stride):
    """ti_copy of a whole tensor as one row; two dimensions, the input's strides in bytes."""
    rest = [0] * 4
    return {
        "in_start": 0,
        "out_start": 0,
        "row_dims": 0,
        "size": [1] * 4 + size,
        "in_stride": rest + in_stride,
        "out_stride": rest + [size[1], 1],
    }


# ---- copies that need not be ----


def leave_out_copies(program, copies):
    """Let values read from a variable, or assigned to one, lie in it where no op can tell the difference; in place."""
    edges = [edge.buffer for edge in (*program.inputs, *program.outputs)]
    for copy in copies:
        source, target = copy.inputs[0].buffer, copy.output.buffer
        at = next(i for i, op in enumerate(program.ops) if op is copy)
        if target in program.state:
            value, variable = source, target
            possible = value is variable or value not in program.state and _may_be_made_in(program, at, value, variable)
        else:
            value, variable = target, source
            last = max(_readers(program, value), default=at)
            possible = not any(at < i <= last for i in _writers(program, variable))
        if possible and value not in edges:
            del program.ops[at]
            _replace(program, value, variable)


def _may_be_made_in(program, at, value, variable):
    """May a value that is assigned at op `at` lie in the variable from the start?"""
    writers = _writers(program, value)
    if not writers or max(writers) > at:
        return False
    first, last = min(writers), max(_readers(program, value))
    old_is_read = any(first <= i < at for i in _readers(program, variable))
    return not old_is_read and not any(first <= i <= last and i != at for i in _writers(program, variable))


def _readers(program, buffer):
    return [i for i, op in enumerate(program.ops) if any(rows.buffer is buffer for rows in op.inputs)]


def _writers(program, buffer):
    return [i for i, op in enumerate(program.ops) if op.output.buffer is buffer]


def _replace(program, old, new):
    def moved(rows):
        return replace(rows, buffer=new) if rows.buffer is old else rows

    if old is not new:
        new.tensors += old.tensors
    for op in program.ops:
        op.inputs = [moved(rows) for rows in op.inputs]
        op.output = moved(op.output)

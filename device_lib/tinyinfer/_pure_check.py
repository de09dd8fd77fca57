"""The loader's proof (SPEC.md, "What a loader proves"), in the order of native_modules/core/ti_check.c: same verdicts.

Only the alignment of the blob's and the pool's addresses is left out: it means nothing here.
"""

from struct import unpack_from

from ._pure_proof import (
    AT_INPUT, AT_OP, AT_OUTPUT, AT_SEGMENT, AT_STEP, AT_TENSOR, FAULT_CHECKSUM, FAULT_INDEX, FAULT_MAGIC, FAULT_OFFSET,
    FAULT_POOL_RANGE,
    FAULT_SHAPE, FAULT_SHORT, FAULT_SIZE, FAULT_STRING, FAULT_VALUE, FAULT_VERSION, HEADER, HEADER_BYTES, VERSION, Proof,
    byte_view, checksum,
)  # fmt: skip

_BOOL = 6  # the last dtype


# The module whose CHECKS has a kernel's proof, by the kernel's number: imported when a blob first needs it.
_MODULES = {
    1: "_pure_check_kernels",
    2: "_pure_check_kernels",
    3: "_pure_check_kernels",
    4: "_pure_check_kernels",
    5: "_pure_check_kernels",
    6: "_pure_check_kernels",
    7: "_pure_check_kernels",
    8: "_pure_check_kernels",
    9: "_pure_check_kernels",
    10: "_pure_check_kernels",
    11: "_pure_check_binary",
    12: "_pure_check_binary",
    13: "_pure_check_binary",
    14: "_pure_check_movement",
    15: "_pure_check_movement",
    16: "_pure_check_reduce",
    17: "_pure_check_reduce",
    18: "_pure_check_general",
    19: "_pure_check_general",
    20: "_pure_check_general",
    21: "_pure_check_reduce",
    22: "_pure_check_reduce",
    23: "_pure_check_reduce",
    24: "_pure_check_reduce",
    25: "_pure_check_reduce",
    26: "_pure_check_general",
    27: "_pure_check_general",
    28: "_pure_check_state",
    29: "_pure_check_state",
}


def check(blob, resident=False):
    """pool_bytes of a blob that may be run. ValueError(code, place, index, a, b) of ti_fault where it may not.

    `resident`: only what comes before the segments is given, the rest is for check_data().
    """
    p = Proof(byte_view(blob))
    p.resident = resident
    _check_frame(p)
    if not resident:
        stored = unpack_from("<I", p.blob, p.end)[0]
        computed = checksum(0, p.blob[: p.end])
        if stored != computed:
            p.fail(FAULT_CHECKSUM, stored, computed)
    n_steps, n_inputs, n_outputs, steps, io = _check_header(p)
    p.place = AT_TENSOR
    for p.index in range(p.n_tensors):
        _check_tensor(p)
    p.place = AT_SEGMENT
    at = p.end
    for p.index in range(p.n_segments):
        at = _check_segment(p, at)
    p.place = AT_OP
    for p.index in range(p.n_ops):
        _check_op(p)
    p.place = AT_STEP
    for p.index in range(n_steps):
        _check_step(p, steps + 6 * p.index)
    p.place = AT_INPUT
    for p.index in range(n_inputs):
        _check_io(p, io + 44 * p.index)
    p.place = AT_OUTPUT
    for p.index in range(n_outputs):
        _check_io(p, io + 44 * (n_inputs + p.index))
    return p.pool_bytes


def check_data(blob, op, segment, data):
    """Prove the parameters and data of an op in `data`, the bytes of its segment (offset, bytes, window)."""
    p = Proof(blob)
    header = unpack_from(HEADER, blob)
    p.pool_bytes, p.tensors, p.ops, p.state_bytes = header[4], header[11], header[12], header[19]
    p.place, p.index = AT_OP, op
    p.enter(segment, data)
    kernel, _, output, a, b, c, _, params, scratch, _, _ = unpack_from("<2B5H4I", blob, p.ops + 28 * op)
    _check_params(p, kernel, (a, b, c), output, params, scratch)


def _element_bytes(dtype):
    return 4 if 4 <= dtype <= 5 else 2 if dtype == 3 else 1


def _check_frame(p):
    """What can be said before the checksum: enough to know which bytes it covers."""
    given = len(p.blob)
    if given < HEADER_BYTES + 4:
        p.fail(FAULT_SHORT, given)
    magic, version, header_bytes, blob_bytes = unpack_from("<4s2HI", p.blob)
    if magic != b"TINF":
        p.fail(FAULT_MAGIC)
    if version != VERSION:
        p.fail(FAULT_VERSION, version, VERSION)
    p.between(header_bytes, HEADER_BYTES, HEADER_BYTES, 6)
    if (blob_bytes > given) != p.resident or blob_bytes < HEADER_BYTES + 4 or blob_bytes % 4:
        p.fail(FAULT_SIZE, given, blob_bytes)
    p.data_end = blob_bytes - 4
    p.end = min(given, p.data_end) if p.resident else p.data_end


def _check_header(p):
    """Returns what the proof does not keep: (n_steps, n_inputs, n_outputs, steps, io)."""
    (_, _, _, _, p.pool_bytes, p.n_tensors, p.n_ops, n_steps, n_inputs, n_outputs, golden_seed, p.tensors, p.ops, steps,
     io, p.strings, p.strings_bytes, name, metadata, p.state_bytes, n_init_steps, p.n_segments) = unpack_from(HEADER, p.blob)  # fmt: skip
    p.offset(p.ops, 28 * p.n_ops + 12 * p.n_segments, 4)
    p.between(p.n_segments, int(p.resident), 0xFFFF, 66)
    if p.n_segments:
        end = unpack_from("<I", p.blob, p.ops + 28 * p.n_ops)[0]
        p.offset(end, 0, 4)
        p.end = end
    if p.state_bytes > p.pool_bytes:
        p.fail(FAULT_POOL_RANGE, p.state_bytes, p.pool_bytes)
    if p.state_bytes % 4:
        p.fail(FAULT_VALUE, p.state_bytes, 60)
    p.between(n_init_steps, 0, n_steps, 64)
    p.offset(p.ops, 28 * p.n_ops + 12 * p.n_segments, 4)
    p.offset(io, 44 * (n_inputs + n_outputs), 4)
    p.between(golden_seed, 1, 0xFFFF, 26)
    p.offset(p.tensors, 16 * p.n_tensors, 4)
    p.offset(steps, 6 * n_steps, 2)
    p.offset(p.strings, p.strings_bytes, 1)
    if p.strings_bytes == 0:
        p.fail(FAULT_VALUE, 0, 48)
    if p.blob[p.strings + p.strings_bytes - 1]:
        p.fail(FAULT_STRING, p.strings)
    p.string(name)
    if metadata:
        p.string(metadata)
    p.n_inputs, p.n_init_steps, p.io = n_inputs, n_init_steps, io
    return n_steps, n_inputs, n_outputs, steps, io


def _check_tensor(p):
    offset, row_bytes, rows, ring, dtype, space, reserved = p.tensor(p.index)
    p.reserved(reserved)
    p.between(dtype, 1, _BOOL, 12)
    p.between(space, 0, 2, 13)
    p.between(rows, 1, 0xFFFF, 8)
    p.between(row_bytes - (row_bytes >> 31 << 32), 1, 0x7FFFFFFF, 4)
    p.between(ring, 1, rows, 10)
    if space != 1 or not p.n_segments:
        _check_place(p, p.index)


def _check_segment(p, least):
    """They follow each other, and their windows lie in the pool. Returns where this one ends."""
    offset, size, window = p.segment(p.index)
    if offset < least or offset % 4 or offset + size > p.data_end:
        p.fail(FAULT_OFFSET, offset, size)
    if window % 4:
        p.fail(FAULT_VALUE, window, 8)
    p.pool(window, size)
    return offset + size


def _check_place(p, index):
    """Where a tensor lies; a constant of a blob with segments lies in that of the op that reads it."""
    offset, row_bytes, _, ring, dtype, space, _ = p.tensor(index)
    align = _element_bytes(dtype)
    if space == 1:
        p.offset(offset, ring * row_bytes, align)
    elif offset % align:
        p.fail(FAULT_VALUE, offset, 0)
    else:
        p.pool(offset, ring * row_bytes, space)


def _check_op_tensor(p, index, dtypes, constant, at):
    """A tensor in the pool, or a constant where the kernel takes one, of a dtype that it takes."""
    if index >= p.n_tensors:
        p.fail(FAULT_INDEX, index, p.n_tensors)
    dtype, space = p.tensor(index)[4:6]
    if dtype not in dtypes or space == 1 and not constant:
        p.fail(FAULT_VALUE, index, at)
    if p.n_segments:
        _check_place(p, index)


def _facts(kernel):
    """What the proof needs of a kernel; see CHECKS in _pure_check_kernels."""
    return __import__("tinyinfer." + _MODULES[kernel], None, None, ("CHECKS",)).CHECKS[kernel]


def _check_op(p):
    kernel, partial, output, a, b, c, segment, params, scratch, _, name = unpack_from(
        "<2B5H4I", p.start, p.ops + 28 * p.index
    )
    if segment >= max(p.n_segments, 1):
        p.fail(FAULT_INDEX, segment, p.n_segments)
    if p.n_segments:
        offset, size, window = p.segment(segment)
        p.enter((offset, size, window), p.start[:0] if p.resident else p.start[offset : offset + size])
    p.between(partial, 0, 1, 1)
    if kernel not in _MODULES:
        p.fail(FAULT_VALUE, kernel, 0)
    _, params_bytes, constant, has_scratch, in_dtypes, out_dtypes = _facts(kernel)
    for i, index in enumerate((a, b, c)):
        if i < len(in_dtypes):
            _check_op_tensor(p, index, in_dtypes[i], constant >> i & 1, 4 + 2 * i)
        else:
            p.between(index, 0xFFFF, 0xFFFF, 4 + 2 * i)
    if scratch % 4 or scratch and not has_scratch:
        p.fail(FAULT_VALUE, scratch, 16)
    _check_op_tensor(p, output, out_dtypes, False, 2)
    p.string(name)
    p.offset(params, params_bytes, 4)
    if not p.resident:
        _check_params(p, kernel, (a, b, c), output, params, scratch)


def _check_params(p, kernel, inputs, output, params, scratch):
    """What the kernel proves."""
    facts = _facts(kernel)
    facts[0](p, params, [p.tensor(index) for index in inputs[: len(facts[4])]], p.tensor(output), scratch)


def _check_input_step(p, row, rows):
    """Rows of the streamed input, in steps that are not for reset."""
    tensor, _, _, _, stream = unpack_from("<H4B", p.start, p.io) if p.n_inputs == 1 else (0, 0, 0, 0, 0)
    if not stream or tensor >= p.n_tensors or p.index < p.n_init_steps:
        p.fail(FAULT_VALUE, 0xFFFF, 0)
    p.between(rows, 1, 0x7FFF, 4)
    has = p.tensor(tensor)[2]
    if row + rows > has:
        p.fail(FAULT_SHAPE, row + rows, has)


def _check_step(p, at):
    op, row, rows = unpack_from("<2Hh", p.start, at)
    if op == 0xFFFF:
        _check_input_step(p, row, rows)
        return
    if op >= p.n_ops:
        p.fail(FAULT_INDEX, op, p.n_ops)
    has = p.tensor(unpack_from("<H", p.start, p.ops + 28 * op + 2)[0])[2]
    last = row + rows + (-1 if rows > 0 else 1)
    if rows == 0:
        p.fail(FAULT_VALUE, 0, 4)
    if row >= has:
        p.fail(FAULT_SHAPE, row + 1, has)
    if last < 0:
        p.fail(FAULT_VALUE, rows, 4)
    if last >= has:
        p.fail(FAULT_SHAPE, last + 1, has)


def _check_io(p, at):
    index, dtype, edge, ndim, stream, reserved0, reserved1 = unpack_from("<H6B", p.start, at)
    if index >= p.n_tensors:
        p.fail(FAULT_INDEX, index, p.n_tensors)
    _, row_bytes, rows, ring, tensor_dtype, space, _ = p.tensor(index)
    if space == 1:
        p.fail(FAULT_VALUE, index, 0)
    p.between(stream, 0, int(p.place == AT_INPUT and p.n_inputs == 1), 5)
    if not stream:
        p.equal(rows, ring)
    p.between(dtype, tensor_dtype, tensor_dtype, 2)
    p.between(edge, 1, _BOOL, 3)
    p.between(ndim, 0, 6, 4)
    p.reserved(reserved0 | reserved1 << 8)
    has = rows * row_bytes
    size = _element_bytes(tensor_dtype)
    for i, n in enumerate(unpack_from("<6I", p.start, at + 8)):
        if (n == 0) != (i >= ndim):
            p.fail(FAULT_VALUE, n, 8 + 4 * i)
        if n and size <= has:
            size *= n
    p.equal(size, has)
    p.string(unpack_from("<I", p.start, at + 40)[0])

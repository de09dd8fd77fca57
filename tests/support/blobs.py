"""Hand-made `.tin` blobs: a builder on `struct` alone, that knows nothing of the packer, and a model with every kernel.

SPEC.md gives the layout. Parts may come in any order, so data and parameters are appended as they come, and the tables
at the end: every offset is known when it is needed.
"""

import random
import struct

FULLY_CONNECTED, CONV2D, DEPTHWISE_CONV2D, MAX_POOL, AVERAGE_POOL = 1, 2, 3, 4, 5
SOFTMAX, ADD, PAD, REDUCE_MEAN, TABLE = 6, 7, 8, 9, 10
NONE = 0xFFFF
NO_PAIRS = bytes(8)
HEADER = "<4sHHIIHHHHHHIIIIIIIIIHH"


def with_checksum(blob):
    """The blob with its last four bytes made the checksum of the others (SPEC.md, "Checksum")."""
    total = 0
    words = struct.unpack_from(f"<{len(blob) // 4 - 1}I", blob)
    for number, word in enumerate(words, 1):
        total = (total + word) * 2654435761 % 2**32 if number % 2 else total ^ word
        if number % 8 == 0:
            total ^= total >> 16
    return bytes(blob[:-4]) + struct.pack("<I", total)


def patched(blob, offset, fmt, *values):
    """The blob with `values` packed over the bytes at `offset`, and its checksum right again."""
    blob = bytearray(blob)
    struct.pack_into("<" + fmt, blob, offset, *values)
    return with_checksum(blob)


class Window:
    """ti_window; the output's size is what fits unless `out` (height, width) says otherwise."""

    def __init__(self, in_h, in_w, in_c, out_c, k=(1, 1), stride=(1, 1), dilation=(1, 1), pad=(0, 0), out=None):
        self.in_h, self.in_w, self.in_c, self.out_c = in_h, in_w, in_c, out_c
        self.k, self.stride, self.dilation, self.pad = k, stride, dilation, pad
        sizes = zip((in_h, in_w), k, stride, dilation, pad)
        self.out_h, self.out_w = out or [(i + 2 * p - (n - 1) * d - 1) // s + 1 for i, n, s, d, p in sizes]

    def pack(self):
        return struct.pack("<14H", self.in_h, self.in_w, self.in_c, self.out_h, self.out_w, self.out_c,
                           *self.k, *self.stride, *self.dilation, *self.pad)  # fmt: skip


class Stage:
    """What an output stage needs: per-channel lists, one multiplier and shift for all where `per_channel` is False."""

    def __init__(self, rng, channels, per_channel=True, zero_point=None, low=-128, high=127, fan_in=16):
        n = channels if per_channel else 1
        self.bias = [rng.randint(-5000, 5000) for _ in range(channels)]
        self.multiplier = [rng.randint(1 << 30, (1 << 31) - 1) for _ in range(n)]
        # About 127 * 127 * sqrt(fan_in) of accumulator has to come down to a byte.
        self.shift = [rng.randint(-8, -5) - fan_in.bit_length() // 2 for _ in range(n)]
        self.zero_point = rng.randint(-40, 40) if zero_point is None else zero_point
        self.low, self.high, self.per_channel = low, high, per_channel

    def pack(self, builder):
        bias = builder.data(struct.pack(f"<{len(self.bias)}i", *self.bias), 4)
        multiplier = builder.data(struct.pack(f"<{len(self.multiplier)}i", *self.multiplier), 4)
        shift = builder.data(struct.pack(f"<{len(self.shift)}b", *self.shift))
        quick = self.per_channel and all(-23 <= s <= -1 for s in self.shift) and max(map(abs, self.bias)) < 2**26
        return struct.pack(
            "<IIIhhhBB", bias, multiplier, shift, self.zero_point, self.low, self.high, self.per_channel, quick
        )


class Builder:
    """Grows a blob. `tensor` and `op` return indexes, `data` an offset; `build` gives the bytes."""

    def __init__(self, name="hand-made", metadata=""):
        self.body = bytearray(68)
        self.strings = bytearray()
        self.string_fixups = [(52, name)] + ([(56, metadata)] if metadata else [])
        self.tensors, self.ops, self.steps, self.io = [], [], [], ([], [])
        self.pool_bytes = self.state_bytes = self.n_init_steps = 0

    def data(self, data, align=1):
        self.body += bytes(-len(self.body) % align)
        self.body += data
        return len(self.body) - len(data)

    def scratch(self, size):
        """Pool bytes of their own, from a multiple of 4 on."""
        offset = -(-self.pool_bytes // 4) * 4
        self.pool_bytes = offset + size
        return offset

    def tensor(self, rows, row_bytes, ring=None, dtype=1, offset=None, space=0):
        """A tensor in the pool, or the state at its start (space 2), on memory of its own unless `offset` says where."""
        ring = ring or rows
        if offset is None:
            offset = self.scratch(ring * row_bytes)
        self.tensors.append(struct.pack("<IIHHBBH", offset, row_bytes, rows, ring, dtype, space, 0))
        return len(self.tensors) - 1

    def constant(self, rows, values):
        """An int8 tensor in the blob."""
        offset = self.data(bytes(v & 0xFF for v in values))
        self.tensors.append(struct.pack("<IIHHBBH", offset, len(values) // rows, rows, rows, 1, 1, 0))
        return len(self.tensors) - 1

    def op(self, kernel, output, inputs, params, scratch=0, name="op"):
        """An op, and a step that makes all its rows unless `steps` is filled by hand."""
        inputs = list(inputs) + [NONE] * (3 - len(inputs))
        at = self.data(params, 4)
        self.ops.append([kernel, output, inputs, at, scratch, 0, f"{name}{len(self.ops)}"])
        return len(self.ops) - 1

    def input(self, tensor, shape, **fields):
        self._edge(0, tensor, shape, **fields)

    def output(self, tensor, shape, **fields):
        self._edge(1, tensor, shape, **fields)

    def _edge(self, which, tensor, shape, dtype=1, edge=1, stream=0, scale=0.5, zero_point=3, name="edge"):
        shape_and_zeros = list(shape) + [0] * (6 - len(shape))
        self.io[which].append((struct.pack("<HBBBBxx6Ifi", tensor, dtype, edge, len(shape), stream, *shape_and_zeros,
                                           scale, zero_point), name))  # fmt: skip

    # One method a kernel, each adds the output tensor and the op and returns the tensor.

    def fully_connected(self, x, rows, pixels, in_c, weights, stage):
        out_c = len(weights) // in_c
        at = self.data(bytes(w & 0xFF for w in weights))
        out = self.tensor(rows, pixels * out_c)
        self.op(FULLY_CONNECTED, out, [x], struct.pack("<4I", pixels, in_c, out_c, at) + stage.pack(self) + NO_PAIRS, name="fc")
        return out

    def conv(self, kernel, x, images, window, zero_point, weights, stage):
        at = self.data(bytes(w & 0xFF for w in weights))
        out = self.tensor(images * window.out_h, window.out_w * window.out_c)
        scratch = self.scratch(window.k[0] * window.k[1] * window.in_c) if kernel == CONV2D else 0
        params = window.pack() + struct.pack("<hHI", zero_point, 0, at) + stage.pack(self)
        params += NO_PAIRS if kernel == CONV2D else b""
        self.op(kernel, out, [x], params, scratch, name="conv")
        return out

    def pool2d(self, kernel, x, images, window, low=-128, high=127):
        out = self.tensor(images * window.out_h, window.out_w * window.out_c)
        self.op(kernel, out, [x], window.pack() + struct.pack("<hh", low, high), name="pool")
        return out

    def softmax(self, x, rows, count, depth, exps):
        at = self.data(struct.pack(f"<{len(exps)}i", *exps), 4)
        out = self.tensor(rows, count * depth)
        self.op(SOFTMAX, out, [x], struct.pack("<IIIHH", count, depth, at, len(exps), 0), name="softmax")
        return out

    def add(self, x, y, rows, count, multipliers, zero_points, low, high, shifts, left_shift):
        out = self.tensor(rows, count)
        params = struct.pack("<I3i5h3bBH", count, *multipliers, *zero_points, low, high, *shifts, left_shift, 0)
        self.op(ADD, out, [x, y], params, name="add")
        return out

    def pad(self, x, images, in_shape, out_shape, before, fill):
        """`in_shape`, `out_shape` (h, w, c); `before` (top, left, c)."""
        (in_h, in_w, in_c), (out_h, out_w, out_c) = in_shape, out_shape
        out = self.tensor(images * out_h, out_w * out_c)
        params = struct.pack("<3Hh6I", in_h, out_h, before[0], fill, in_w, out_w, before[1], in_c, out_c, before[2])
        self.op(PAD, out, [x], params, name="pad")
        return out

    def reduce_mean(self, x, out_rows, outer, width, inner, rows, shift, multiplier, bias, zero_point):
        out = self.tensor(out_rows, outer * inner)
        params = struct.pack("<3IHh3i", outer, width, inner, rows, zero_point, multiplier, shift, bias)
        self.op(REDUCE_MEAN, out, [x], params, name="mean")
        return out

    def table(self, x, rows, count, values):
        at = self.data(bytes(v & 0xFF for v in values))
        out = self.tensor(rows, count)
        self.op(TABLE, out, [x], struct.pack("<II", count, at), name="table")
        return out

    def build(self, checks=None, seed=0x1234):
        """The blob; `checks` are the ops' CRCs, 0 where they do not matter."""
        body = bytearray(self.body)
        del self.body[68:]  # a builder builds once
        offsets = {}

        def section(name, align, items):
            body.extend(bytes(-len(body) % align))
            offsets[name] = len(body)
            body.extend(b"".join(items))

        fixups = list(self.string_fixups)
        section("tensors", 4, self.tensors)
        section("ops", 4, [b""])
        for i, (kernel, output, inputs, params, scratch, _, name) in enumerate(self.ops):
            fixups.append((len(body) + 24, name))
            body += struct.pack(
                "<BBH3HHIIII", kernel, 0, output, *inputs, 0, params, scratch, checks[i] if checks else 0, 0
            )
        section("io", 4, [b""])
        for record, name in self.io[0] + self.io[1]:
            fixups.append((len(body) + 40, name))
            body += record + bytes(4)
        steps = self.steps or [
            (i, 0, struct.unpack_from("<H", self.tensors[op[1]], 8)[0]) for i, op in enumerate(self.ops)
        ]
        section("steps", 2, [struct.pack("<2Hh", *step) for step in steps])
        offsets["strings"] = len(body)
        for at, text in fixups:
            struct.pack_into("<I", body, at, len(body))
            body += text.encode() + b"\0"
        strings_bytes = len(body) - offsets["strings"]
        name, metadata = struct.unpack_from("<II", body, 52)
        body += bytes(-len(body) % 4 + 4)
        struct.pack_into(HEADER, body, 0, b"TINF", 4, 68, len(body), self.pool_bytes,
                         len(self.tensors), len(self.ops), len(steps), len(self.io[0]), len(self.io[1]), seed,
                         offsets["tensors"], offsets["ops"], offsets["steps"], offsets["io"], offsets["strings"],
                         strings_bytes, name, metadata, self.state_bytes, self.n_init_steps, 0)  # fmt: skip
        return with_checksum(body)


def int8s(rng, count):
    return [rng.randint(-128, 127) for _ in range(count)]


def exps(beta_scale, count):
    """A softmax table: exp(-i * beta_scale) in Q0.31."""
    return [min(int(2.718281828459045 ** (-i * beta_scale) * 2**31), 2**31 - 1) for i in range(count)]


ADDING = [1 << 30, 1 << 30, 1 << 30], [3, -9, 11], -128, 127, [0, 0, -18], 20  # what an ADD scales by


def every_kernel(seed=1):
    """A small model that has every kernel once: [1, 6, 5, 2] to [1, 4]."""
    rng = random.Random(seed)
    b = Builder("every kernel", '{"labels": ["a", "b", "c", "d"]}')
    x = b.tensor(6, 10)
    b.input(x, [1, 6, 5, 2], name="image")
    conv = Window(6, 5, 2, 3, k=(3, 2), stride=(1, 1), dilation=(1, 2), pad=(1, 1))
    y = b.conv(CONV2D, x, 1, conv, 4, int8s(rng, 3 * 3 * 2 * 2), Stage(rng, 3))
    depthwise = Window(6, conv.out_w, 3, 6, k=(3, 3), pad=(1, 1))
    y = b.conv(DEPTHWISE_CONV2D, y, 1, depthwise, -7, int8s(rng, 9 * 6), Stage(rng, 6))
    small = Window(6, depthwise.out_w, 6, 6, k=(2, 2), stride=(2, 2))
    y = b.pool2d(MAX_POOL, y, 1, small, -100, 100)
    z = b.pool2d(AVERAGE_POOL, y, 1, Window(small.out_h, small.out_w, 6, 6, k=(3, 3), pad=(1, 1)))
    y = b.add(y, z, small.out_h, small.out_w * 6, [1 << 30, 3 << 29, 5 << 28], [3, -9, 11], -120, 120, [0, -2, -18], 20)
    padded = (small.out_h + 2, small.out_w + 1, 7)
    y = b.pad(y, 1, (small.out_h, small.out_w, 6), padded, (1, 1, 1), -5)
    y = b.table(y, padded[0], padded[1] * 7, int8s(rng, 256))
    y = b.reduce_mean(y, 1, 1, padded[1], 7, padded[0], -3, 1 << 30, 40, 6)
    y = b.fully_connected(y, 1, 1, 7, int8s(rng, 4 * 7), Stage(rng, 4, per_channel=False))
    y = b.softmax(y, 1, 1, 4, exps(0.05, 200))
    b.output(y, [1, 4], name="scores", zero_point=-128, scale=1 / 256)
    return b.build()


def streamed_with_state(seed=1):
    """A small model with all that steps can be: [1, 4, 6] to the same, its input streamed through two rows of memory; a
    state that an initial step makes and the last step, downwards, writes anew."""
    rng = random.Random(seed)
    b = Builder("streamed, with state")
    rows, count = 4, 6
    state = b.tensor(rows, count, space=2)
    b.state_bytes = rows * count
    x = b.tensor(rows, count, ring=2)
    b.input(x, [1, rows, count], stream=1, name="frame")
    start = b.constant(rows, int8s(rng, rows * count))
    mapped = b.data(bytes(rng.randrange(256) for _ in range(256)))
    b.op(TABLE, state, [b.table(b.add(start, start, rows, count, *ADDING), rows, count, int8s(rng, 256))],
         struct.pack("<II", count, mapped), name="initial")  # fmt: skip
    y = b.add(x, state, rows, count, *ADDING)
    b.op(TABLE, state, [y], struct.pack("<II", count, mapped), name="state")
    b.output(y, [1, rows, count])
    first, made = [(0, 0, rows), (1, 0, rows), (2, 0, rows)], [(3, 0, 2), (3, 2, 2)]
    b.n_init_steps = len(first)
    b.steps = [*first, (NONE, 0, 2), made[0], (NONE, 2, 2), made[1], (4, rows - 1, -rows)]
    return b.build()

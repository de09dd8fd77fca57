"""Building blocks of the loader's proof, as in native_modules/core/ti_proof.c: each claim holds or raises the fault."""

from struct import unpack_from

try:
    from binascii import crc32
except ImportError:  # small builds of MicroPython

    def crc32(data, crc=0):
        """CRC-32 (IEEE 802.3, reflected, as zlib's), continued from `crc`."""
        crc ^= 0xFFFFFFFF
        for byte in data:
            crc ^= byte
            for _ in range(8):
                crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
        return crc ^ 0xFFFFFFFF


def checksum(total, data):
    """Of a multiple of 4 bytes (SPEC.md, "Checksum"), continued from `total`, 0 at first; all but the last data in groups of 32."""
    for at in range(0, len(data), 4):
        word = unpack_from("<I", data, at)[0]
        total = total ^ word if at & 4 else (total + word) * 0x9E3779B1 & UINT32_MAX
        if at & 28 == 28:
            total ^= total >> 16
    return total


HEADER = "<4s2H2I6H9I2H"
HEADER_BYTES = 68
VERSION = 4
UINT32_MAX = 0xFFFFFFFF

# enum ti_fault_code and enum ti_place of ti_core.h.
FAULT_SHORT, FAULT_MAGIC, FAULT_VERSION, FAULT_SIZE, FAULT_CHECKSUM, FAULT_RESERVED, FAULT_OFFSET = range(2, 9)
FAULT_STRING, FAULT_VALUE, FAULT_INDEX, FAULT_SHAPE, FAULT_POOL_RANGE, FAULT_POOL_SMALL, FAULT_WINDOW = range(9, 16)
AT_HEADER, AT_TENSOR, AT_OP, AT_STEP, AT_INPUT, AT_OUTPUT, AT_SEGMENT = range(7)


def byte_view(buffer):
    """A memoryview of a buffer of single bytes; TypeError for anything else."""
    view = memoryview(buffer)
    if getattr(view, "itemsize", 1) != 1:
        raise TypeError("bytes are needed")
    return view.cast("B") if hasattr(view, "cast") else view


def fault(code, place, index, a=0, b=0):
    """The error for a ti_fault: a and b as uint32, what is too large for it as its largest value."""
    return ValueError(code, place, index, min(a, UINT32_MAX) & UINT32_MAX, min(b, UINT32_MAX) & UINT32_MAX)


class Proof:
    """Claims about the place and index that are set.

    start: the blob. blob: what offsets count from, the blob or the segment of an op; they point at bytes first .. end - 1.
    window: (pool offset, bytes) of the memory into which that segment is read, or None.
    """

    def __init__(self, blob):
        self.start = self.blob = blob
        self.first = HEADER_BYTES
        self.window = None
        self.place = AT_HEADER
        self.index = 0

    def enter(self, segment, data):
        """What follows is about an op of this segment, (offset, bytes, window), whose bytes are `data`."""
        self.blob = data
        self.first, self.end = 0, segment[1]
        self.window = segment[2], segment[1]

    def fail(self, code, a=0, b=0):
        raise fault(code, self.place, self.index, a, b)

    def tensor(self, index):
        """(offset, row_bytes, rows, ring, dtype, space, reserved)."""
        return unpack_from("<2I2H2BH", self.start, self.tensors + 16 * index)

    def segment(self, index):
        """(offset, bytes, window)."""
        return unpack_from("<3I", self.start, self.ops + 28 * self.n_ops + 12 * index)

    def between(self, value, low, high, at):
        """`value`, the field at byte `at` of its struct, lies in low..high."""
        if not low <= value <= high:
            self.fail(FAULT_VALUE, value, at)

    def reserved(self, value):
        """A reserved field is zero."""
        if value:
            self.fail(FAULT_RESERVED, value)

    def equal(self, needed, has):
        """`needed` rows, bytes or channels equal what the tensor has."""
        if needed != has:
            self.fail(FAULT_SHAPE, needed, has)

    def product(self, a, b, c, has, d=1):
        """a * b * c * d equals `has`."""
        product = 1
        for factor in a, b, c, d:
            if product < UINT32_MAX:
                product = min(product * factor, UINT32_MAX)
        self.equal(product, has)

    def images(self, source, output, in_h, out_h):
        """The rows of both tensors are those of as many images, in_h and out_h rows each."""
        images = source[2] // in_h
        self.product(images, in_h, 1, source[2])
        self.product(images, out_h, 1, output[2])

    def ring(self, source, rows):
        """The tensor holds `rows` rows at a time."""
        if source[3] != source[2] and source[3] < rows:
            self.fail(FAULT_SHAPE, rows, source[3])

    def elements(self, source, output, count, depth):
        """Rows of both tensors are equal, each count * depth elements."""
        self.equal(source[2], output[2])
        for tensor in source, output:
            dtype = tensor[4]
            self.product(count, depth, 4 if 4 <= dtype <= 5 else 2 if dtype == 3 else 1, tensor[1])

    def multipliers(self, params, multiplier_at, shift_at, count):
        """`count` multipliers are at least 0, shifts -31..30; the first are at these bytes of the parameters."""
        for _ in range(count):
            self.between(unpack_from("<i", self.blob, params + multiplier_at)[0], 0, 0x7FFFFFFF, multiplier_at)
            self.between(unpack_from("<b", self.blob, params + shift_at)[0], -31, 30, shift_at)
            multiplier_at += 4
            shift_at += 1

    def offset(self, offset, size, align):
        """`size` bytes at `offset` lie where offsets may point at, aligned."""
        if offset % align or offset < self.first or offset + size > self.end:
            self.fail(FAULT_OFFSET, offset, size)

    def string(self, offset):
        """A string starts at `offset`."""
        if not 0 <= offset - self.strings < self.strings_bytes:
            self.fail(FAULT_STRING, offset)

    def pool(self, offset, size, space=0):
        """`size` bytes at pool offset `offset` lie in the state, if that is the space, or else in the rest of the pool, but not
        in the op's window."""
        first, past = (0, self.state_bytes) if space == 2 else (self.state_bytes, self.pool_bytes)
        if offset < first or offset + size > past:
            self.fail(FAULT_POOL_RANGE, offset + size, past)
        window = self.window
        if window and space == 0 and offset < window[0] + window[1] and window[0] < offset + size:
            self.fail(FAULT_WINDOW, offset, window[0])

    def min_max(self, low, high, at):
        """low <= high, both int8; `at` is the byte of low in its struct, high is the next field."""
        self.between(low, -128, 127, at)
        self.between(high, low, 127, at + 2)

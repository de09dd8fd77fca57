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


HEADER = "<4s2H2I6H9I2H"
HEADER_BYTES = 68
VERSION = 2
UINT32_MAX = 0xFFFFFFFF

# enum ti_fault_code and enum ti_place of ti_core.h.
FAULT_SHORT, FAULT_MAGIC, FAULT_VERSION, FAULT_SIZE, FAULT_CRC, FAULT_RESERVED, FAULT_OFFSET = range(2, 9)
FAULT_STRING, FAULT_VALUE, FAULT_INDEX, FAULT_SHAPE, FAULT_POOL_RANGE, FAULT_POOL_SMALL = range(9, 15)
AT_HEADER, AT_TENSOR, AT_OP, AT_STEP, AT_INPUT, AT_OUTPUT = range(6)


def byte_view(buffer):
    """A memoryview of a buffer of single bytes; TypeError for anything else."""
    view = memoryview(buffer)
    if getattr(view, "itemsize", 1) != 1:
        raise TypeError("a buffer of bytes is needed")
    return view.cast("B") if hasattr(view, "cast") else view


def fault(code, place, index, a=0, b=0):
    """The error for a ti_fault: a and b as uint32, what is too large for it as its largest value."""
    return ValueError(code, place, index, min(a, UINT32_MAX) & UINT32_MAX, min(b, UINT32_MAX) & UINT32_MAX)


class Proof:
    """Claims about the place and index that are set; `end` is the offset of the CRC, which nothing may point at."""

    def __init__(self, blob):
        self.blob = blob
        self.place = AT_HEADER
        self.index = 0

    def fail(self, code, a=0, b=0):
        raise fault(code, self.place, self.index, a, b)

    def tensor(self, index):
        """(offset, row_bytes, rows, ring, dtype, space, reserved)."""
        return unpack_from("<2I2H2BH", self.blob, self.tensors + 16 * index)

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

    def product(self, a, b, c, has):
        """a * b * c equals `has`."""
        product = a * b
        if product <= UINT32_MAX:
            product *= c
        self.equal(product, has)

    def elements(self, source, output, count, depth):
        """Rows of both tensors are equal, each count * depth elements."""
        self.equal(source[2], output[2])
        for tensor in source, output:
            dtype = tensor[4]
            self.product(count, depth, 4 if 4 <= dtype <= 5 else 2 if dtype == 3 else 1, tensor[1])

    def multipliers(self, params, multiplier_at, shift_at, count):
        """`count` multipliers are at least 0, shifts -31..30; their fields are at these bytes of the parameters."""
        for i in range(count):
            self.between(unpack_from("<i", self.blob, params + multiplier_at + 4 * i)[0], 0, 0x7FFFFFFF, multiplier_at)
            self.between(unpack_from("<b", self.blob, params + shift_at + i)[0], -31, 30, shift_at)

    def offset(self, offset, size, align):
        """`size` bytes at `offset` lie between the header and the CRC, aligned."""
        if offset % align or offset < HEADER_BYTES or offset + size > self.end:
            self.fail(FAULT_OFFSET, offset, size)

    def string(self, offset):
        """A string starts at `offset`."""
        if not 0 <= offset - self.strings < self.strings_bytes:
            self.fail(FAULT_STRING, offset)

    def pool(self, offset, size):
        """`size` bytes at pool offset `offset` lie in the pool."""
        if offset + size > self.pool_bytes:
            self.fail(FAULT_POOL_RANGE, offset + size, self.pool_bytes)

    def min_max(self, low, high, at):
        """low <= high, both int8; `at` is the byte of low in its struct, high is the next field."""
        self.between(low, -128, 127, at)
        self.between(high, low, 127, at + 2)

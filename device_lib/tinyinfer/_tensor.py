"""An input or output of a model, as a view of the pool."""

from array import array
from struct import unpack_from

from ._blob import string_at

_RAW = (bytes, bytearray, memoryview, array)
_INT8 = 1
_UINT8 = 2
# By number: name, bytes of an element, its smallest and largest value, the array that holds it.
_DTYPES = {
    1: ("int8", 1, -0x80, 0x7F, "b"),
    2: ("uint8", 1, 0, 0xFF, "B"),
    3: ("int16", 2, -0x8000, 0x7FFF, "h"),
    4: ("int32", 4, -0x80000000, 0x7FFFFFFF, "i"),
    6: ("bool", 1, 0, 1, "B"),
}


class Tensor:
    """An input or output: a sequence of raw values, quantised integers or bools, that lies in the model's pool.

    data: memoryview of the tensor's bytes in the pool, to read and write without a copy; little-endian.

    What set(x), t[:] = x and model(x) take: as many bytes as the tensor has, in bytes, a bytearray, a memoryview or an
    array of elements of its size, are raw values as they are; floats, in an array or a list, are real values and are
    quantised; a list of nothing but ints holds raw values. Nested lists are flattened. ValueError where their number is
    not the tensor's, or a value is out of range.
    """

    # Of uint8 edges only the outside is uint8: the pool holds x ^ 0x80, which is int8 with its zero point 128 less.

    def __init__(self, engine, blob, memory, at):
        """`at`: offset of the ti_io record in `blob`; `memory`: (view, its first pool offset) of each enum ti_space."""
        tensor, dtype, edge, _, stream = unpack_from("<H4B", blob, at)
        offset, row_bytes, rows, _, _, space = unpack_from("<2I2H2B", blob, unpack_from("<I", blob, 28)[0] + 16 * tensor)
        view, first = memory[space]
        self._engine = engine
        self._blob = blob
        self._at = at
        self._tensor = tensor
        self.flip = 0x80 if edge == _UINT8 and dtype == _INT8 else 0
        if dtype not in _DTYPES:
            raise ValueError("%s lies in the pool as dtype %d, which none can: build it again" % (self.name, dtype))
        self.kind = _DTYPES[_UINT8 if self.flip else dtype]
        self.stream = stream == 1
        self.data = view[offset - first : offset - first + (0 if stream else rows * row_bytes)]

    @property
    def name(self):
        return string_at(self._blob, unpack_from("<I", self._blob, self._at + 40)[0])

    @property
    def shape(self):
        return unpack_from("<%dI" % self._blob[self._at + 4], self._blob, self._at + 8)

    @property
    def dtype(self):
        return self.kind[0]

    @property
    def scale(self):
        return unpack_from("<f", self._blob, self._at + 32)[0]

    @property
    def scale_bits(self):
        """The scale as it is stored: some interpreters' floats have fewer bits."""
        return unpack_from("<I", self._blob, self._at + 32)[0]

    @property
    def zero_point(self):
        return unpack_from("<i", self._blob, self._at + 36)[0] + self.flip

    def __len__(self):
        return len(self.data) // self.kind[1]

    def _part(self, i):
        """The bytes of an element or a slice."""
        size = self.kind[1]
        if size == 1 and isinstance(i, slice):
            return self.data[i]
        which = range(len(self))[i]  # small builds of MicroPython have no other way to take a slice apart
        if not isinstance(i, slice):
            return self.data[which * size : which * size + size]
        if len(which) and which[-1] - which[0] != len(which) - 1:
            raise ValueError("%s has no slices with a step" % self.label())
        return self.data[which[0] * size : (which[-1] + 1) * size] if len(which) else self.data[:0]

    def __getitem__(self, i):
        if isinstance(i, slice):
            raw = bytes(self._part(i))
            return array(self.kind[4], bytes(b ^ 0x80 for b in raw) if self.flip else raw)
        _, size, low, _, _ = self.kind
        if size == 1:
            value = self.data[i] & 0xFF ^ self.flip
        else:
            part = self._part(i)
            value = 0
            for k in range(size):
                value |= part[k] << 8 * k
        return (value ^ -low) + low  # the sign bit

    def __setitem__(self, i, x):
        part = self._part(i)
        if not isinstance(i, slice):
            x = (x,)
        elif len(part) == len(self.data):
            self.set(x)
            return
        self._engine.restart()
        self._convert().store(self, part, x)

    def set(self, x):
        """Write the whole tensor. A run that steps() left unfinished is given up: the next one starts over."""
        if self.stream:
            raise ValueError("%s never exists as a whole: hand its rows to feed()" % self.label())
        self._engine.restart()
        if isinstance(x, _RAW) and len(x) == len(self.data) and type(x[0]) is not float:
            try:
                self._engine.write(self._tensor, x, self.flip)
                return
            except (TypeError, ValueError):  # an array of wider integers
                pass
        self._convert().store(self, self.data, x)

    def raw(self, x):
        """`x`, anything that set() takes but of any length, as bytes for the pool."""
        return self._convert().raw(self, x)

    def quantize(self, values):
        """Real values, any number of them, as the raw bytes that TFLite Micro's QUANTIZE gives. NaN is a ValueError."""
        return self._convert().quantize(self, values)

    def dequantize(self):
        """array('f') of the real values, scale * (q - zero_point)."""
        return self._convert().dequantize(self)

    def argmax(self):
        """Index of the largest value, the first one of equals."""
        best, top = 0, self[0]
        for i in range(1, len(self)):
            value = self[i]
            if value > top:
                best, top = i, value
        return best

    def __repr__(self):
        return "<Tensor %s: %s, scale %g, zero point %d>" % (self.name, self.spec(), self.scale, self.zero_point)

    def spec(self):
        """Its type as text: int8[1,49,10,1]."""
        return "%s[%s]" % (self.dtype, ",".join([str(n) for n in self.shape]))

    def label(self):
        return "tensor %s %s" % (self.name, self.spec())

    def _convert(self):
        # Imported when it is needed: raw bytes in and out do without.
        from . import _convert

        return _convert

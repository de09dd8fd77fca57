"""An input or output of a model, as a view of the pool."""

from array import array
from struct import unpack_from

from ._blob import string_at

_RAW = (bytes, bytearray, memoryview, array)
_INT8 = 1
_UINT8 = 2


class Tensor:
    """An input or output: a sequence of raw int8 (or uint8) values that lies in the model's pool.

    data: memoryview of the tensor's bytes in the pool, to read and write without a copy; int8 in two's complement.

    What set(x), t[:] = x and model(x) take: bytes, bytearray, a memoryview or an array of bytes are raw values as they
    are; floats, in an array or a list, are real values and are quantised; a list of nothing but ints holds raw values.
    Nested lists are flattened. ValueError where their number is not the tensor's, or a value is out of range.
    """

    # Of uint8 edges only the outside is uint8: the pool holds x ^ 0x80, which is int8 with its zero point 128 less.

    def __init__(self, engine, blob, pool, at):
        """`at`: offset of the ti_io record in `blob`."""
        tensor, dtype, edge = unpack_from("<HBB", blob, at)
        offset, row_bytes, rows = unpack_from("<IIH", blob, unpack_from("<I", blob, 28)[0] + 16 * tensor)
        self._engine = engine
        self._blob = blob
        self._at = at
        self._offset = offset
        self.flip = 0x80 if edge == _UINT8 else 0
        self.data = pool[offset : offset + rows * row_bytes]
        if dtype != _INT8:
            raise ValueError("%s lies in the pool as dtype %d, only int8 does: build it again" % (self.label(), dtype))

    @property
    def name(self):
        return string_at(self._blob, unpack_from("<I", self._blob, self._at + 40)[0])

    @property
    def shape(self):
        return unpack_from("<%dI" % self._blob[self._at + 4], self._blob, self._at + 8)

    @property
    def dtype(self):
        return "uint8" if self.flip else "int8"

    @property
    def scale(self):
        return unpack_from("<f", self._blob, self._at + 32)[0]

    @property
    def zero_point(self):
        return unpack_from("<i", self._blob, self._at + 36)[0] + self.flip

    def __len__(self):
        return len(self.data)

    def __getitem__(self, i):
        if isinstance(i, slice):
            raw = bytes(self.data[i])
            return array("B", bytes(b ^ 0x80 for b in raw)) if self.flip else array("b", raw)
        return (self.data[i] & 0xFF ^ 0x80) - 0x80 + self.flip

    def __setitem__(self, i, x):
        part = self.data[i]
        if isinstance(i, slice):
            if len(part) == len(self.data):
                self.set(x)
                return
        else:
            i %= len(self.data)
            part = self.data[i : i + 1]
            x = (x,)
        self._engine.restart()
        self._convert().store(self, part, x)

    def set(self, x):
        """Write the whole tensor. A run that steps() left unfinished is given up: the next one starts over."""
        self._engine.restart()
        if isinstance(x, _RAW) and len(x) == len(self.data) and type(x[0]) is not float:
            try:
                self._engine.write(self._offset, x, self.flip)
                return
            except (TypeError, ValueError):  # an array of wider integers
                pass
        self._convert().store(self, self.data, x)

    def quantize(self, values):
        """Real values, any number of them, as the raw bytes that TFLite Micro's QUANTIZE gives. NaN is a ValueError."""
        return self._convert().quantize(self, values)

    def dequantize(self):
        """array('f') of the real values, scale * (q - zero_point)."""
        return self._convert().dequantize(self)

    def argmax(self):
        """Index of the largest value, the first one of equals."""
        data = self.data
        best = 0
        for i in range(1, len(data)):
            if data[i] & 0xFF ^ 0x80 > data[best] & 0xFF ^ 0x80:
                best = i
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

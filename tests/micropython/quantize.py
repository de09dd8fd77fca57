# For test_unix_port.py: values.f32 through quantize() and set() into q.i8, every int8 through dequantize() into real.f32.
from array import array

import tinyinfer

m = tinyinfer.load("wide.tin")
with open("values.f32", "rb") as f:
    values = array("f", f.read())
raw = m.input.quantize(values)
listed = list(values)  # where floats have fewer bits, other values
assert m.input.quantize(listed) == m.input.quantize(array("f", listed))
for i in range(0, len(values), 256):
    m.input.set(values[i : i + 256])
    assert bytes(m.input.data) == raw[i : i + 256]
with open("q.i8", "wb") as f:
    f.write(raw)
m.input.set(array("b", range(-128, 128)))
with open("real.f32", "wb") as f:
    f.write(m.input.dequantize())

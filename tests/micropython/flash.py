# A model on a memory-mapped file system is used where it lies: load() takes the pool and less than 1 KB.
import gc

import tinyinfer
import vfs

x = bytes([i * 22 + 128 & 255 for i in range(64)])
with open("digits.tin", "rb") as f:
    want = tinyinfer.load(f.read())(x)[:]

with open("models.romfs", "rb") as f:
    image = f.read()
vfs.mount(vfs.VfsRom(image), "/rom")

gc.collect()
before = gc.mem_alloc()
m = tinyinfer.load("/rom/models/digits.tin")
gc.collect()
taken = gc.mem_alloc() - before
print("load() takes", taken, "bytes,", m.pool_bytes, "of them are the pool")
assert m.pool_bytes <= taken < m.pool_bytes + (2048 if tinyinfer.backend == "pure Python" else 1024), taken
assert m.blob_bytes > 1024 * 4
assert repr(m).endswith(" B flash>"), m
assert m(x)[:] == want

# So are parts.
for _ in range(2):  # the first time takes the code, too
    gc.collect()
    before = gc.mem_alloc()
    m = tinyinfer.load_parts(["/rom/models/digits.%d.tin" % k for k in range(3)])
    gc.collect()
    taken = gc.mem_alloc() - before
    assert m(x)[:] == want
print("load_parts() takes", taken, "bytes,", m.pool_bytes, "of them are the pool")
assert taken < m.pool_bytes + 3 * (2048 if tinyinfer.backend == "pure Python" else 1024) < m.blob_bytes, taken
m.selftest()

with open("/rom/models/readme.txt", "rb") as f:
    assert f.read() == b"odd!!"
try:
    tinyinfer.load("/rom/models/readme.txt")
    raise AssertionError
except ValueError as e:
    assert str(e) == "/rom/models/readme.txt: 5 bytes are too few for a .tin blob: copy it again", e

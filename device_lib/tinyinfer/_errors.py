"""Sentences for what can go wrong: what it is, where, and what to do. Imported when something did."""

from struct import unpack_from

from ._blob import string_at

_REBUILD = "build it again with `packer build`"
_COPY = "copy it again"
_ALIGN, _MAGIC, _POOL_SMALL, _MISSING = 1, 3, 14, 16

# By ti_fault_code: (sentence, what to do); {a} and {b} are the fault's numbers.
_FAULTS = {
    1: (
        "its address is {a} more than a multiple of 4",
        "load a copy, tinyinfer.load(bytearray(buffer)), or store it at a multiple of 4",
    ),
    2: ("{a} bytes are too few for a .tin blob", _COPY),
    3: ("it does not start with TINF, so it is no .tin blob", "make one with `packer build model.tflite`"),
    4: ("it is a .tin blob of version {a}, and this tinyinfer reads version {b}", _REBUILD + " of the same release"),
    5: ("{a} bytes are there, and its header says {b}", _COPY),
    6: ("it is damaged: its checksum is {b:08x} and should be {a:08x}", _COPY),
    7: ("a reserved field holds {a} instead of 0", _REBUILD),
    8: ("{b} bytes at offset {a} are misaligned or outside the blob", _REBUILD),
    9: ("offset {a} is not that of a string", _REBUILD),
    10: ("the field at byte {b} holds {a}, which is out of range", _REBUILD),
    11: ("number {a} is asked for, and there are {b}", _REBUILD),
    12: ("{a} rows, bytes or channels are needed, and the tensor has {b}", _REBUILD),
    13: ("its memory ends at byte {a} of {b}, or reaches into the state", _REBUILD),
    15: ("its byte {a} of the pool lies in the memory that its weights are read into, from byte {b} on", _REBUILD),
    16: (
        "it needs {a}, which this native module was built without",
        "build one for this model, `packer build --with-runtime`, or copy the one that has everything",
    ),
}

_PARTS = "FEED SEGMENTS PAIRS FAST REOPEN SELFTEST PALETTES ENTROPY_CODES SPARSE_WEIGHTS".split()  # from number 40 on

_PLACES = ("header", "tensor", "op", "step", "input", "output", "segment")


def _u32(blob, at):
    return unpack_from("<I", blob, at)[0]


def _model_name(blob):
    return string_at(blob, _u32(blob, 52))


def _op_name(blob, index):
    return string_at(blob, _u32(blob, _u32(blob, 32) + 28 * index + 24))


def _io_name(blob, index):
    return string_at(blob, _u32(blob, _u32(blob, 40) + 44 * index + 40))


def _where(blob, place, index):
    """'op 2 "conv2d_1": ', the name only where the blob, which is not to be trusted, has one that can be read."""
    place = _PLACES[place]
    name = ""
    try:
        if place == "op":
            name = _op_name(blob, index)
        elif place == "input":
            name = _io_name(blob, index)
        elif place == "output":
            name = _io_name(blob, unpack_from("<H", blob, 22)[0] + index)
    except Exception:
        pass
    if place == "header":
        return ""
    return "%s %d%s: " % (place, index, ' "%s"' % name[:64] if name else "")


def load_error(error, check, source, blob):
    """What load() raises for what the engine raised. `check` tells a fault of the blob from one of the pool."""
    what = source if isinstance(source, str) else "the buffer"
    if isinstance(error, TypeError):
        return TypeError("load() takes a path or bytes, and as pool a bytearray or a writable memoryview of bytes")
    if isinstance(error, (MemoryError, OverflowError)):
        return MemoryError("%s needs a pool of %d bytes, and the heap has no such block" % (what, _u32(blob, 12)))
    if len(error.args) != 5:
        return error
    code, place, index, a, b = error.args
    if code == _POOL_SMALL:
        name = _model_name(blob)
        return ValueError("the pool has %d bytes and model %s needs %d: give it tinyinfer.Pool(%d)" % (a, name, b, b))
    if code == _ALIGN:
        try:
            check(blob)
            return ValueError("the pool's address is %d more than a multiple of 4: give it tinyinfer.Pool(size)" % a)
        except ValueError:
            pass
    if code == _MAGIC and bytes(blob[4:8]) == b"TFL3":
        return ValueError("%s is a TensorFlow Lite model: make a .tin blob of it with `packer build`" % what)
    if code == _MISSING:
        from ._profile import KERNELS

        a = _PARTS[a - 40] if a >= 40 else "kernel " + KERNELS[a - 1]
    sentence, remedy = _FAULTS[code]
    return ValueError("%s: %s%s: %s" % (what, _where(blob, place, index), sentence.format(a=a, b=b), remedy))


def selftest_error(blob, op):
    return RuntimeError(
        'model %s: op %d "%s" gives other bytes than the packer computed: %s, and report it if it stays'
        % (_model_name(blob), op, _op_name(blob, op), _COPY)
    )


def lacks(what):
    return RuntimeError("this native module was built without %s: copy the one that has everything" % what)


def wrong_native_module(error):
    """For a _tinyinfer.mpy that this firmware refuses."""
    import sys

    mpy = getattr(sys.implementation, "_mpy", 0)
    archs = "none x86 x64 armv6 armv6m armv7m armv7m armv7emsp armv7emdp xtensa xtensawin rv32imc".split()
    arch = mpy >> 10 & 15  # 6, armv7em, runs what is for armv7m
    return ImportError(
        "_tinyinfer.mpy does not fit this firmware (%s): copy the one for %s, mpy version %d.%d"
        % (error, archs[arch] if arch < len(archs) else arch, mpy & 0xFF, mpy >> 8 & 3)
    )

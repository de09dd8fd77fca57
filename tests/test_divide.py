"""The native module's own division and 64-bit product, for cores that have none, against Python's."""

import ctypes
import random
import subprocess

from conftest import ROOT


EDGES = [0, 1, 2, 3, 7, 255, 256, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFE, 0xFFFFFFFF]


def function(tmp_path, source, name, argument):
    """A function of two arguments of native_modules/natmod, compiled for this machine; 64 bits come back."""
    library = tmp_path / "x.so"
    source = ROOT / "native_modules" / "natmod" / source
    subprocess.run(["gcc", "-std=c99", "-Wall", "-Werror", "-O1", "-shared", "-fPIC", source, "-o", library], check=True)
    found = ctypes.CDLL(library)[name]
    found.argtypes, found.restype = (argument, argument), ctypes.c_uint64
    return found


def numbers(bits):
    pick = random.Random(1)
    return EDGES + [pick.getrandbits(pick.randint(1, bits)) for _ in range(60)]


def test_product(tmp_path):
    multiply = function(tmp_path, "multiply_armv6m.c", "__aeabi_lmul", ctypes.c_uint64)
    for a in numbers(64):
        for b in numbers(64):
            assert multiply(a, b) == a * b % 2**64, (a, b)


def test_quotient_and_remainder(tmp_path):
    divide = function(tmp_path, "divide_armv6m.c", "__aeabi_uidivmod", ctypes.c_uint32)
    for n in numbers(32):
        for d in numbers(32):
            if d:
                both = divide(n, d)
                assert (both & 0xFFFFFFFF, both >> 32) == divmod(n, d), (n, d)

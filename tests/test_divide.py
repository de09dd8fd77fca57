"""The native module's own arithmetic, for cores that have none, against Python's."""

import ctypes
import random
import subprocess

import pytest
from conftest import ROOT

EDGES = [0, 1, 2, 3, 7, 255, 256, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFE, 0xFFFFFFFF]


def numbers(bits):
    pick = random.Random(1)
    return EDGES + [pick.getrandbits(pick.randint(1, bits)) for _ in range(60)]


NUMBERS = numbers(32)


def compiled(source, folder):
    """The functions of a file of native_modules/natmod, on the host."""
    library = folder / "arithmetic.so"
    source = ROOT / "native_modules" / "natmod" / source
    subprocess.run(["gcc", "-std=c99", "-Wall", "-Werror", "-O1", "-shared", "-fPIC", source, "-o", library], check=True)
    return ctypes.CDLL(library)


def function(library, name, argument, result):
    found = library[name]
    found.argtypes, found.restype = (argument, argument), result
    return found


def signed(n):
    return n - (n >> 31 << 32)


def test_cortex_m0_quotient_and_remainder(tmp_path):
    divide = function(compiled("divide_armv6m.c", tmp_path), "__aeabi_uidivmod", ctypes.c_uint32, ctypes.c_uint64)
    for n in NUMBERS:
        for d in filter(None, NUMBERS):
            both = divide(n, d)
            assert (both & 0xFFFFFFFF, both >> 32) == divmod(n, d), (n, d)


def test_cortex_m0_product(tmp_path):
    multiply = function(compiled("multiply_armv6m.c", tmp_path), "__aeabi_lmul", ctypes.c_uint64, ctypes.c_uint64)
    for a in numbers(64):
        for b in numbers(64):
            assert multiply(a, b) == a * b % 2**64, (a, b)


@pytest.fixture
def xtensa(tmp_path):
    return compiled("arithmetic_xtensa.c", tmp_path)


def test_xtensa_quotients(xtensa):
    quotient, remainder = (function(xtensa, f"__u{name}si3", ctypes.c_uint32, ctypes.c_uint32) for name in ("div", "mod"))
    signed_quotient, signed_remainder = (
        function(xtensa, f"__{name}si3", ctypes.c_int32, ctypes.c_int32) for name in ("div", "mod"))
    for n in NUMBERS:
        for d in filter(None, NUMBERS):
            assert (quotient(n, d), remainder(n, d)) == divmod(n, d), (n, d)
            a, b = signed(n), signed(d)
            if (a, b) != (-(1 << 31), -1):
                towards_zero = abs(a) // abs(b) * (-1 if (a < 0) != (b < 0) else 1)
                assert (signed_quotient(a, b), signed_remainder(a, b)) == (towards_zero, a - towards_zero * b), (a, b)


def test_xtensa_products(xtensa):
    whole = function(xtensa, "__umulsidi3", ctypes.c_uint32, ctypes.c_uint64)
    low = function(xtensa, "__muldi3", ctypes.c_uint64, ctypes.c_uint64)
    for a in NUMBERS:
        for b in NUMBERS:
            assert whole(a, b) == a * b, (a, b)
            a64, b64 = a << 32 | b, b << 31 | a
            assert low(a64, b64) == a64 * b64 % 2**64, (a64, b64)

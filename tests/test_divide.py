"""The native module's own division, for cores that have none, against Python's."""

import ctypes
import random
import subprocess

from conftest import ROOT


def test_quotient_and_remainder(tmp_path):
    library = tmp_path / "divide.so"
    source = ROOT / "native_modules" / "natmod" / "divide_armv6m.c"
    subprocess.run(["gcc", "-std=c99", "-Wall", "-Werror", "-O1", "-shared", "-fPIC", source, "-o", library], check=True)
    core = ctypes.CDLL(library)
    divide = core["__aeabi_uidivmod"]
    divide.argtypes, divide.restype = (ctypes.c_uint32, ctypes.c_uint32), ctypes.c_uint64
    pick = random.Random(1)
    numbers = [0, 1, 2, 3, 7, 255, 256, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFE, 0xFFFFFFFF]
    numbers += [pick.getrandbits(pick.randint(1, 32)) for _ in range(60)]
    for n in numbers:
        for d in numbers:
            if d:
                both = divide(n, d)
                assert (both & 0xFFFFFFFF, both >> 32) == divmod(n, d), (n, d)

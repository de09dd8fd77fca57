"""Builds the C core that the packer simulates with; everything else about the package is in setup.cfg."""

from glob import glob

from setuptools import Extension, setup

CORE = "native_modules/core"

# A plain shared library that packer/core.py loads with ctypes: no Python.h, so one file serves every Python (abi3).
core = Extension(
    "packer._core",
    sources=sorted(glob(f"{CORE}/*.c") + glob(f"{CORE}/kernels/*.c")),
    depends=sorted(glob(f"{CORE}/*.h") + glob(f"{CORE}/kernels/*.h")),
    include_dirs=[CORE],
    extra_compile_args=["-std=c99", "-O2"],
    py_limited_api=True,
)

setup(ext_modules=[core], options={"bdist_wheel": {"py_limited_api": "cp310"}})

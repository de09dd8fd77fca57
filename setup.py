"""Builds the C core that the packer simulates with; everything else about the package is in setup.cfg.

Native modules that `make natmods` has built come along, for `packer deploy`.
"""

from glob import glob
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_py import build_py

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


class BuildPy(build_py):
    def run(self):
        super().run()
        if not self.editable_mode:  # then they are found where they were built
            for path in Path("build/natmod").glob("*/_tinyinfer.mpy"):
                target = Path(self.build_lib, "packer", "natmod", path.parent.name)
                target.mkdir(parents=True, exist_ok=True)
                self.copy_file(str(path), str(target / path.name))


setup(ext_modules=[core], cmdclass={"build_py": BuildPy}, options={"bdist_wheel": {"py_limited_api": "cp310"}})

"""A folder for a web server, from which MicroPython's `mip` installs tinyinfer.

    package.json            the library, and _tinyinfer.py, which brings the native module at the first import
    ARCH/package.json       the library and the native module: for boards without network
    ARCH/module.json        the native module alone, as _tinyinfer.mpy.new: what _tinyinfer.py asks for
    pure/package.json       the kernels in Python: for firmware that loads no native code
"""

import json
import re
import zlib
from pathlib import Path

from .errors import PackerError
from .library import ARCHS, library, module_for, native_modules, version_of

_CHOOSER = Path(__file__).parent / "device" / "choose_module.py"
_MPY = 6  # of the library: MicroPython from 1.19 on takes it, and mip came later


def mip_folder(url, natmods=None):
    """{path: bytes} of the folder, which is to be served at `url`; natmods: see library.native_modules()."""
    url = url.rstrip("/")
    if not re.match(r"(https?://|github:|gitlab:)\S+$", url):
        raise PackerError(f"{url!r} is no address for mip: write it like https://example.org/tinyinfer or github:me/repository")
    whole = library(_MPY, pure=True)
    lean = {name: data for name, data in whole.items() if not name.startswith("_pure")}
    files = {f"tinyinfer/{name}": data for name, data in whole.items()}
    shared = [f"tinyinfer/{name}" for name in lean]
    modules = native_modules(natmods)
    for arch, path in modules.items():
        files[f"{arch}/_tinyinfer.mpy"] = path.read_bytes()
        files[f"{arch}/package.json"] = _package(url, shared, {"_tinyinfer.mpy": f"{arch}/_tinyinfer.mpy"})
        files[f"{arch}/module.json"] = _package(url, [], {"_tinyinfer.mpy.new": f"{arch}/_tinyinfer.mpy"})
    files["pure/package.json"] = _package(url, [f"tinyinfer/{name}" for name in whole if name not in lean], {})
    files["_tinyinfer.py"] = _chooser(url, {arch: files[f"{arch}/_tinyinfer.mpy"] for arch in modules})
    files["package.json"] = _package(url, [*shared, "_tinyinfer.py"], {})
    return files


def _package(url, paths, others):
    """A package.json that installs files under their own paths, and others under {their path on the board: path here}."""
    # MicroPython's mip, other than mpremote's, takes no relative addresses.
    urls = [[path, f"{url}/{path}"] for path in paths] + [[target, f"{url}/{path}"] for target, path in others.items()]
    return json.dumps({"urls": urls, "version": "0"}, indent=1).encode()


def _chooser(url, modules):
    offered = {}
    for number, arch in enumerate(ARCHS):
        name = module_for(arch, modules)
        if name:
            offered[number] = (name, version_of(modules[name]), len(modules[name]), zlib.crc32(modules[name]))
    text = _CHOOSER.read_text("utf-8")
    for what, value in {"URL": url, "MODULES": offered}.items():
        text = text.replace(f"\n{what} = None\n", f"\n{what} = {value!r}\n")
    return text.encode()

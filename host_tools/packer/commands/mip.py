"""`packer mip`."""

from pathlib import Path

from ..mip import mip_folder
from .common import command, in_bytes, out, print_json, write_aside


def add_to(commands):
    p = command(commands, "mip", _mip, "Write a folder for a web server, from which boards install tinyinfer with mip.")
    p.add_argument("url", help="where the folder will be, e.g. https://example.org/tinyinfer or github:me/repository/mip")
    p.add_argument("-o", "--output", type=Path, default=Path("mip"), help="the folder (default: mip)")
    p.add_argument("--natmods", type=Path, help="folder with ARCH/_tinyinfer.mpy (default: those that came with the packer)")


def _mip(args):
    files = mip_folder(args.url, args.natmods)
    for name, data in files.items():
        target = args.output / name
        target.parent.mkdir(parents=True, exist_ok=True)
        write_aside(target, data)
    archs = sorted(name.partition("/")[0] for name in files if name.endswith("/_tinyinfer.mpy"))
    if args.json:
        print_json({"output": str(args.output), "url": args.url, "archs": archs, "files": {k: len(v) for k, v in files.items()}})
        return
    out.print(f"{args.output}: {len(files)} files, {in_bytes(sum(map(len, files.values())))}")
    out.print(f"  native modules for {', '.join(archs)}")
    url = args.url.rstrip("/")
    out.print(f'  on a board with network:  import mip; mip.install("{url}/package.json"); import tinyinfer', markup=False, soft_wrap=True)
    out.print(f"  without, from a computer: mpremote mip install {url}/ARCH/package.json", markup=False, soft_wrap=True)

"""`packer verify`."""

from pathlib import Path

from ..errors import PackerError
from ..verify import BACKENDS, verify
from .common import add_compress, command, err, load_arrays, out, print_json


def add_to(commands):
    p = command(commands, "verify", _verify, "Compare a model's blob with TFLite Micro, byte for byte.")
    p.add_argument("model", type=Path, help="the .tflite file")
    p.add_argument("--input", type=Path, action="append", help=".npy file, one for each input, as a further case")
    p.add_argument("--cases", type=int, default=20, help="how many seeded random inputs (default: 20)")
    p.add_argument("--backend", choices=BACKENDS, action="append", help="only this backend (default: all)")
    add_compress(p)


def _verify(args):
    if args.cases < 0:
        raise PackerError(f"--cases must be 0 or more, {args.cases} was given")
    given = [load_arrays(args.input)] if args.input else []
    with err.status("building", spinner="line") as status:
        verdict = verify(
            args.model.read_bytes(), args.model.stem, given, args.cases, tuple(args.backend or BACKENDS),
            coding=args.compress,
            on_progress=lambda text: status.update(f"{args.model.stem}: {text}"),
        )  # fmt: skip
    if args.json:
        print_json(verdict.summary())
    elif verdict.first_difference is None:
        where = " and ".join({"core": "the C core", "unix": "MicroPython's unix port"}[b] for b in verdict.backends)
        out.print(f"{verdict.name}: {verdict.cases} cases, {verdict.bytes:,} bytes on {where}: all as TFLite Micro's")
    else:
        d = verdict.first_difference
        out.print(
            f"{verdict.name}: {verdict.differing_bytes:,} of {verdict.bytes:,} bytes differ from TFLite Micro's; first in "
            f"case {d['case']} on {d['backend']}, layer {d['layer']}, index {d['index']}: {d['got']} for {d['want']}"
        )
    return 1 if verdict.differing_bytes else 0

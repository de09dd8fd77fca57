"""`packer build`."""

from pathlib import Path

from .. import boards
from ..build import build
from ..costs import CORE, core_known
from ..errors import PackerError
from ..inspect import Blob
from ..plan import busiest
from ..runtime import COMPILERS, build_runtime, needs
from .common import CALIBRATE, add_compress, command, err, in_bytes, metadata, out, print_json, print_state, quantised, size, write_aside


def add_to(commands):
    p = command(commands, "build", _build, "Build a .tin blob from a .tflite model.")
    p.add_argument("model", type=Path, help="the .tflite file")
    p.add_argument("-o", "--output", type=Path, help="the blob to write (default: the model's name with .tin)")
    p.add_argument("--labels", type=Path, help="text file with the label of each output element, one a line")
    p.add_argument("--metadata", type=Path, help="JSON file with an object to carry in the blob")
    p.add_argument("--ram", type=size, help="bytes of pool that must do, e.g. 20k; otherwise the build fails")
    add_compress(p)
    p.add_argument("--flash", type=size, help="bytes that the blob may have, e.g. 200k: as much compression as that needs, or it fails")
    p.add_argument("--board", type=str, help="it must fit this one of `packer boards`; otherwise the build fails")
    p.add_argument("--stream-input", action="store_true", help="the input comes row by row, through model.feed()")
    p.add_argument("--stream-weights", action="store_true", help="weights can be read from a file: load(path, stream=True)")
    p.add_argument("--calibrate", type=Path, action="append", help=f"quantise a float32 model first: {CALIBRATE}")
    p.add_argument("--with-runtime", metavar="ARCH", nargs="?", const="", help="also write _tinyinfer.mpy, the native module with "
                   f"nothing but what this model uses, for {', '.join(COMPILERS)} (default: the board's)")  # fmt: skip
    p.add_argument("--small-runtime", action="store_true", help="leave the fast inner loops out of it: less RAM, slower, the same bytes")


def _build(args):
    board = boards.find(args.board) if args.board else None
    model = quantised(args).tflite if args.calibrate else args.model.read_bytes()
    core = core_known(board.core) if board else CORE
    with err.status(f"{args.model.stem}: building", spinner="line"):
        result = build(
            model, args.model.stem, metadata(args), args.ram, args.stream_input, args.stream_weights, args.compress, args.flash, core
        )
    target = args.output or args.model.with_suffix(".tin")
    runtime = _runtime(args, board, result)
    fit = boards.fit(board, result.blob, result.resident_bytes, runtime) if board else None
    if fit:
        fit.check(result.name, busiest(result.program, result.plan))
    write_aside(target, result.blob)
    if runtime:
        write_aside(target.with_name("_tinyinfer.mpy"), runtime.mpy)
    if args.json:
        more = {"board": fit and fit.summary(), "runtime": runtime and runtime.summary()}
        print_json({**result.summary(), **{what: value for what, value in more.items() if value}})
        return
    share = len(result.blob) / result.tflite_bytes
    bound = result.lower_bound_bytes
    over = f"+{result.pool_bytes / bound - 1:.1%}" if result.pool_bytes > bound else "optimal"
    out.print(f"{target}")
    out.print(f"  flash  {in_bytes(len(result.blob))}  ({share:.0%} of the .tflite's {in_bytes(result.tflite_bytes)})")
    for coding, (ops, nbytes) in Blob(result.blob).savings.items():
        out.print(f"    {coding}: {in_bytes(nbytes)} saved in {ops} {'op' if ops == 1 else 'ops'}")
    out.print(f"  pool   {in_bytes(result.pool_bytes)}  (lower bound {in_bytes(bound)}, {over})")
    print_state(result.program.state_bytes)
    if result.resident_bytes:
        ram = f"{in_bytes(result.pool_bytes + result.resident_bytes)}, the pool, with room for weights, and {in_bytes(result.resident_bytes)} of the blob"
        out.print(f"  RAM    {ram}")
    out.print(f"  work   {result.macs:,} MACs in {len(result.program.ops)} ops")
    if runtime:
        out.print(f"  module {in_bytes(len(runtime.mpy))}  _tinyinfer.mpy for {runtime.arch}: {_kinds(runtime)}", markup=False)
    for what, text in fit.lines() if fit else []:
        out.print(f"  {what:5}  {text}" if what == "board" else f"    {what:5}  {text}", markup=False)


def _runtime(args, board, result):
    """The native module that --with-runtime asks for, or None."""
    if args.with_runtime is None:
        if args.small_runtime:
            raise PackerError("--small-runtime says what --with-runtime writes: give that, too")
        return None
    arch = args.with_runtime or (board and board.arch)
    if not arch:
        raise PackerError("--with-runtime needs an architecture, as in `--with-runtime armv6m`, or a --board")
    with err.status(f"{result.name}: building _tinyinfer.mpy for {arch}", spinner="line"):
        return build_runtime(arch, needs([Blob(result.blob)], args.small_runtime))


def _kinds(runtime):
    return ", ".join(name.lower() for name in runtime.names)

"""The command line, `packer COMMAND`."""

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from . import __version__, boards
from . import format as f
from .accuracy import Samples
from .analyze import NEAR, PRUNED, analyze
from .build import build
from .core import CoreModel, split_outputs
from .edges import from_pool, to_pool
from .errors import PackerError
from .inspect import Blob, shape_text
from .lower import supported
from .plan import busiest
from .prune import prune
from .quantize import quantize
from .report import report
from .split import split
from .unix import find_unix_port, run_cases
from .verify import BACKENDS, make_cases, verify

CALIBRATE = ".npy file [samples, …] of inputs like those that the model will meet, one file for each input"
_WIDTH = 100
out = Console(width=min(_WIDTH, Console().width) if sys.stdout.isatty() else _WIDTH, highlight=False)
err = Console(stderr=True, width=_WIDTH, highlight=False)


def main(argv=None):
    """Entry point of `packer`; returns the exit status."""
    args = _parser().parse_args(argv)
    try:
        return args.command(args) or 0
    except PackerError as e:
        print(f"packer: {e}", file=sys.stderr)
    except OSError as e:
        print(f"packer: {e.filename or 'file'}: {e.strerror or e}", file=sys.stderr)
    return 1


def _parser():
    parser = argparse.ArgumentParser(prog="packer", description="Compile TFLite models into .tin blobs for tinyinfer.")
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name, function, text, json=True):
        p = commands.add_parser(name, help=text, description=text)
        if json:
            p.add_argument("--json", action="store_true", help="print one JSON object for machines")
        p.set_defaults(command=function)
        return p

    def labelled(p, text):
        p.add_argument("--data", type=Path, help=f".npy file [samples, …] of inputs; {text}")
        p.add_argument("--labels", type=Path, help=".npy file [samples] with the index of each one's right class")

    p = command("build", _build, "Build a .tin blob from a .tflite model.")
    p.add_argument("model", type=Path, help="the .tflite file")
    p.add_argument("-o", "--output", type=Path, help="the blob to write (default: the model's name with .tin)")
    p.add_argument("--labels", type=Path, help="text file with the label of each output element, one a line")
    p.add_argument("--metadata", type=Path, help="JSON file with an object to carry in the blob")

    p.add_argument("--ram", type=_size, help="bytes of pool that must do, e.g. 20k; otherwise the build fails")

    p.add_argument("--board", type=str, help="it must fit this one of `packer boards`; otherwise the build fails")

    p.add_argument("--stream-input", action="store_true", help="the input comes row by row, through model.feed()")

    p.add_argument("--stream-weights", action="store_true", help="weights can be read from a file: load(path, stream=True)")

    p.add_argument("--calibrate", type=Path, action="append", help=f"quantise a float32 model first: {CALIBRATE}")

    p = command("split", _split, "Split a model into parts that run one after the other in one pool.")
    p.add_argument("model", type=Path, help="the .tflite file")
    p.add_argument("-o", "--output", type=Path, help="NAME.tin for NAME.0.tin, NAME.1.tin, … (default: the model's name)")
    p.add_argument("--labels", type=Path, help="text file with the label of each output element, one a line")
    p.add_argument("--metadata", type=Path, help="JSON file with an object to carry in the last part")
    aim = p.add_mutually_exclusive_group(required=True)
    aim.add_argument("--parts", type=int, help="how many parts, those with the least RAM")
    aim.add_argument("--ram", type=_size, help="bytes for the pool and the largest part; as few parts as do with that")

    p = command("analyze", _analyze, "Show what int8 weights are made of, and what compressing them would save.")
    p.add_argument("model", type=Path, help="the .tflite file, int8")
    labelled(p, "adds what pruning each layer alone costs in accuracy")

    p = command("prune", _prune, "Set the smallest int8 weights of a model to zero; the result is an ordinary .tflite.")
    p.add_argument("model", type=Path, help="the .tflite file, int8")
    p.add_argument("--sparsity", type=float, required=True, help="the share of weights that become zero, e.g. 0.6")
    labelled(p, "layers are then pruned as far as their measured effect on accuracy allows (default: all alike)")
    p.add_argument("-o", "--output", type=Path, required=True, help="the .tflite to write")

    p = command("quantize", _quantize, "Make an int8 .tflite of a float32 one, or of one with float32 activations.")
    p.add_argument("model", type=Path, help="the .tflite file")
    p.add_argument("--calibrate", type=Path, action="append", help=CALIBRATE)
    p.add_argument("--float-edges", action="store_true", help="inputs and outputs stay float32")
    p.add_argument("-o", "--output", type=Path, help="the .tflite to write (default: NAME_int8.tflite)")

    p = command("report", _report, "Write an HTML page about a model: the pool over time, layers, flash.", json=False)
    p.add_argument("model", type=Path, help="the .tflite file")
    p.add_argument("-o", "--output", type=Path, help="the page to write (default: the model's name with .html)")

    p = command("inspect", _inspect, "Show what a .tin blob holds.")
    p.add_argument("blob", type=Path, help="the .tin file")

    p = command("run", _run, "Run a model once on MicroPython's unix port.")
    p.add_argument("model", type=Path, help="a .tflite or .tin file")
    p.add_argument("--input", type=Path, action="append", help=".npy file, one for each input (default: seeded random)")

    p = command("verify", _verify, "Compare a model's blob with TFLite Micro, byte for byte.")
    p.add_argument("model", type=Path, help="the .tflite file")
    p.add_argument("--input", type=Path, action="append", help=".npy file, one for each input, as a further case")
    p.add_argument("--cases", type=int, default=20, help="how many seeded random inputs (default: 20)")
    p.add_argument("--backend", choices=BACKENDS, action="append", help="only this backend (default: all)")

    command("ops", _ops, "List the TFLite ops that can be built.")

    command("boards", _boards, "List the boards that `packer build --board` knows.")
    return parser


def _print_json(value):
    print(json.dumps(value))


def _bytes(n):
    return "?" if n is None else f"{n:,} B"


# ---- build ----


def _build(args):
    board = boards.find(args.board) if args.board else None
    model = _quantised(args).tflite if args.calibrate else args.model.read_bytes()
    result = build(model, args.model.stem, _metadata(args), args.ram, args.stream_input, args.stream_weights)
    fit = boards.fit(board, result.blob, result.resident_bytes) if board else None
    if fit:
        fit.check(result.name, busiest(result.program, result.plan))
    target = args.output or args.model.with_suffix(".tin")
    _write_aside(target, result.blob)
    if args.json:
        _print_json({**result.summary(), **({"board": fit.summary()} if fit else {})})
        return
    share = len(result.blob) / result.tflite_bytes
    bound = result.lower_bound_bytes
    over = f"+{result.pool_bytes / bound - 1:.1%}" if result.pool_bytes > bound else "optimal"
    out.print(f"{target}")
    out.print(f"  flash  {_bytes(len(result.blob))}  ({share:.0%} of the .tflite's {_bytes(result.tflite_bytes)})")
    out.print(f"  pool   {_bytes(result.pool_bytes)}  (lower bound {_bytes(bound)}, {over})")
    _print_state(result.program.state_bytes)
    if result.resident_bytes:
        ram = f"{_bytes(result.pool_bytes + result.resident_bytes)}, the pool, with room for weights, and {_bytes(result.resident_bytes)} of the blob"
        out.print(f"  RAM    {ram}")
    out.print(f"  work   {result.macs:,} MACs in {len(result.program.ops)} ops")
    for what, text in fit.lines() if fit else []:
        out.print(f"  {what:5}  {text}" if what == "board" else f"    {what:5}  {text}", markup=False)


def _print_state(state_bytes):
    if state_bytes:
        out.print(f"  state  {_bytes(state_bytes)} of the pool's, which models on one Pool have beside it")


def _metadata(args):
    metadata = {}
    if args.metadata:
        try:
            metadata = json.loads(args.metadata.read_text("utf-8"))
        except ValueError as e:
            raise PackerError(f"{args.metadata} is not JSON: {e}") from None
        if not isinstance(metadata, dict):
            raise PackerError(f"{args.metadata} holds no JSON object; write one like {{\"author\": \"…\"}}")
    if args.labels:
        try:
            metadata["labels"] = args.labels.read_text("utf-8").splitlines()
        except UnicodeDecodeError:
            raise PackerError(f"{args.labels} is not UTF-8 text; save it as such") from None
    return metadata


def _write_aside(target, data):
    """Write `data` whole or not at all: what was at `target` stays if anything fails."""
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        aside.write_bytes(data)
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)


def _size(text):
    """Bytes from `20000`, `20k` (KiB) or `1m`."""
    unit = {"k": 1 << 10, "m": 1 << 20}.get(text[-1:].lower(), 1)
    digits = text[:-1] if unit > 1 else text
    if not digits.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; write it like 20000 or 20k")
    return int(digits) * unit


# ---- split ----


def _split(args):
    with err.status("splitting", spinner="line"):
        result = split(args.model.read_bytes(), args.model.stem, _metadata(args), args.parts, args.ram)
    targets = [(args.output or args.model).with_suffix(f".{k}.tin") for k in range(len(result.parts))]
    for target, part in zip(targets, result.parts):
        _write_aside(target, part.blob)
    if args.json:
        _print_json(result.summary())
        return
    table = Table(box=None, header_style="bold")
    for name in ("part", "layers", "blob B", "left in the pool B"):
        table.add_column(name, justify="left" if name == "part" else "right", overflow="fold")
    for target, part in zip(targets, result.parts):
        table.add_row(str(target), *(f"{v:,}" for v in (part.layers, len(part.blob), part.crossing_bytes)))
    out.print(table, markup=False)
    out.print(f"  pool   {_bytes(result.pool_bytes)}  (lower bound {_bytes(result.lower_bound_bytes)})")
    _print_state(result.state_bytes)
    largest = _bytes(result.largest_bytes)
    out.print(f"  RAM    {_bytes(result.ram_bytes)}: the pool and, where parts are read from files, {largest} for the largest")


# ---- analyze ----


def _analyze(args):
    with err.status("analyzing", spinner="line") as status:
        result = analyze(
            args.model.read_bytes(), args.model.stem, _samples(args),
            on_progress=lambda text: status.update(f"{args.model.stem}: {text}"),
        )  # fmt: skip
    if args.json:
        _print_json(result.summary())
        return
    names = ["params", "MACs", "bytes", "zeros", "near", "values", "bits"]
    table = _layers_table(*names, *(["pruned"] if result.samples else []))
    for layer in result.layers:
        texts = [f"{v:,}" for v in (layer.parameters, layer.macs, layer.bytes)]
        texts += [f"{v / layer.weights:.1%}" for v in (layer.zeros, layer.near_zeros)]
        texts += [f"{layer.distinct}", f"{layer.entropy_bits:.2f}"]
        texts += [f"{-layer.lost / result.samples:+.1%}"] if result.samples else []
        table.add_row(str(layer.index), layer.name, *texts)
    right = f", {result.right:,} of {result.samples:,} samples right" if result.samples else ""
    out.print(f"{result.name}: {_bytes(result.tflite_bytes)}, {result.macs:,} MACs{right}")
    out.print(table, markup=False)
    near = f"at most 1/{1 / NEAR:.0f} of its channel's largest weight"
    out.print(f"near: {near}; values: distinct ones; bits: entropy of a weight")
    if result.samples:
        out.print(f"pruned: change in accuracy where the smallest {PRUNED:.0%} of that layer's weights become zero")
    out.print()
    schemes = list(result.layers[0].schemes)
    table = _layers_table("weights B", *schemes)
    for layer in result.layers:
        found = [layer.schemes[s] for s in schemes]
        texts = [_scheme(s.bytes, s.lossless) for s in found]
        table.add_row(str(layer.index), layer.name, f"{layer.weights:,}", *texts)
    totals = [[layer.schemes[s] for layer in result.layers] for s in schemes]
    total = [_scheme(sum(s.bytes for s in column), all(s.lossless for s in column)) for column in totals]
    table.add_row("", "all", f"{sum(layer.weights for layer in result.layers):,}", *total)
    out.print(table, markup=False)
    out.print("bytes of flash that the weights would take; ~: some weights would change")


def _layers_table(*names):
    table = Table(box=None, header_style="bold")
    table.add_column("", justify="right")
    table.add_column("layer", overflow="fold")
    for name in names:
        table.add_column(name, justify="right")
    return table


def _scheme(count, lossless):
    return f"{'' if lossless else '~'}{count:,}"


# ---- prune ----


def _samples(args):
    """The accuracy.Samples that --data and --labels name, None without them."""
    if bool(args.data) != bool(args.labels):
        raise PackerError("--data and --labels belong together: without the right answers there is no accuracy")
    return Samples(*_load_arrays([args.data, args.labels])) if args.data else None


def _prune(args):
    with err.status("pruning", spinner="line") as status:
        result = prune(
            args.model.read_bytes(), args.model.stem, args.sparsity, _samples(args),
            on_progress=lambda text: status.update(f"{args.model.stem}: {text}"),
        )  # fmt: skip
    _write_aside(args.output, result.tflite)
    if args.json:
        _print_json(result.summary())
        return
    table = Table(box=None, header_style="bold")
    for name in ("layer", "weights", "zeros before", "after", "share"):
        table.add_column(name, justify="left" if name == "layer" else "right", overflow="fold")
    for name, count, before, after in result.layers:
        table.add_row(name, *(f"{v:,}" for v in (count, before, after)), f"{after / count:.1%}")
    out.print(f"{args.output}")
    out.print(table, markup=False)
    out.print(f"  zeros  {result.sparsity:.1%} of the weights")
    if result.samples:
        shares = [f"{right:,} ({right / result.samples:.1%})" for right in (result.right_before, result.right_after)]
        out.print(f"  right  {shares[0]} of {result.samples:,} samples before, {shares[1]} after")


# ---- quantize ----


def _quantised(args, float_edges=False):
    """The quantize.QuantizeResult of the model, from the samples that --calibrate names."""
    if not args.calibrate:
        raise PackerError(
            f"{args.model.stem}: the ranges of activations are measured on samples; hand over some hundred inputs like "
            "those that the model will meet, --calibrate data.npy, one file for each input"
        )
    with err.status("quantising", spinner="line") as status:
        return quantize(
            args.model.read_bytes(), args.model.stem, _load_arrays(args.calibrate), float_edges,
            on_progress=lambda text: status.update(f"{args.model.stem}: {text}"),
        )  # fmt: skip


def _quantize(args):
    result = _quantised(args, args.float_edges)
    target = args.output or args.model.with_name(f"{args.model.stem}_int8.tflite")
    _write_aside(target, result.tflite)
    if args.json:
        _print_json(result.summary())
        return
    out.print(f"{target}")
    share = len(result.tflite) / result.float_bytes
    out.print(f"  flash  {_bytes(len(result.tflite))}  ({share:.0%} of {_bytes(result.float_bytes)})")
    for what, ios in (("input", result.inputs), ("output", result.outputs)):
        for name, dtype, scale, zero_point in ios:
            affine = f"  scale {scale:.6g}, zero point {zero_point}" if scale is not None else ""
            out.print(f"  {what:6s} {dtype} \"{name}\"{affine}", markup=False)
    compare = f"`packer verify {target}` compares it with TFLite Micro"
    out.print(f"  ranges of {result.samples:,} samples; {compare}", markup=False)


# ---- report ----


def _report(args):
    target = args.output or args.model.with_suffix(".html")
    _write_aside(target, report(build(args.model.read_bytes(), args.model.stem)).encode())
    out.print(f"{target}")


# ---- inspect ----


def _inspect(args):
    blob = Blob(args.blob.read_bytes())
    if args.json:
        _print_json(blob.summary())
        return
    h = blob.header
    weights = sum(op["weight_bytes"] for op in blob.ops)
    out.print(f"{blob.name}  format {h['version']}")
    out.print(f"  flash  {_bytes(h['blob_bytes'])}, {_bytes(weights)} of it weights and tables")
    out.print(f"  pool   {_bytes(h['pool_bytes'])}  (lower bound {_bytes(blob.metadata.get('lower_bound_bytes'))})")
    _print_state(h["state_bytes"])
    for what, ios in (("input", blob.inputs), ("output", blob.outputs)):
        for io in ios:
            scale = f"scale {io['scale_value']:.6g}, zero point {io['zero_point']}"
            out.print(f"  {what:6s} {shape_text(io)} \"{io['name']}\"  {scale}", markup=False)
    table = Table(box=None, header_style="bold")
    for name, justify in (("", "right"), ("layer", "left"), ("kernel", "left"), ("rows", "right"), ("row B", "right")):
        table.add_column(name, justify=justify, overflow="fold" if name == "layer" else "ellipsis")
    for name in ("at", "MACs", "weights B"):
        table.add_column(name, justify="right")
    for i, op in enumerate(blob.ops):
        t = blob.tensors[op["output"]]
        sizes = (t["rows"], t["row_bytes"], t["offset"], op["macs"], op["weight_bytes"])
        table.add_row(str(i), op["name"], op["kernel"].lower(), *(f"{v:,}" for v in sizes))
    out.print(table, markup=False)
    for key, value in blob.metadata.items():
        if key not in ("tflite_bytes", "lower_bound_bytes"):
            out.print(f"  {key}: {value}", markup=False)


# ---- run ----


def _run(args):
    data = args.model.read_bytes()
    blob = build(data, args.model.stem).blob if data[4:8] == b"TFL3" else data
    view = Blob(blob)
    model = CoreModel(blob)
    arrays = _load_arrays(args.input) if args.input else make_cases(model.inputs, 1)[0]
    if len(arrays) != len(model.inputs):
        raise PackerError(f"{args.model}: the model has {len(model.inputs)} inputs, {len(arrays)} were given")
    pool_inputs = [to_pool(io, a) for io, a in zip(model.inputs, arrays)]
    raws, facts = run_cases(find_unix_port(), blob, [pool_inputs])
    outputs = split_outputs(model.outputs, raws[0])
    if args.json:
        _print_json({
            "name": view.name, "backend": facts["backend"], "pool_bytes": view.header["pool_bytes"],
            "microseconds": facts["microseconds"], "heap_bytes_loaded": facts["heap_bytes_loaded"],
            "outputs": [from_pool(io, raw).ravel().tolist() for io, raw in zip(model.outputs, outputs)],
        })  # fmt: skip
        return
    out.print(f"{view.name} on MicroPython's unix port, {facts['backend']}")
    given = ", ".join(str(p) for p in args.input) if args.input else "seeded random bytes"
    out.print(f"  input  {', '.join(shape_text(io) for io in model.inputs)}: {given}", markup=False)
    out.print(f"  pool   {_bytes(view.header['pool_bytes'])}, {facts['microseconds']:,} us")
    labels = view.metadata.get("labels", [])
    for number, (io, raw) in enumerate(zip(view.outputs, outputs)):
        out.print(f"  output {shape_text(io)} \"{io['name']}\"", markup=False)
        raw = raw.ravel()
        real = (raw.astype(np.int32) - io["zero_point"]) * io["scale_value"]
        order = np.argsort(-real, kind="stable")[:10]
        for i in order:
            label = labels[i] if number == 0 and isinstance(labels, list) and i < len(labels) else ""
            out.print(f"    [{i}] {real[i]:10.4f}  ({raw[i]:4d})  {label}", markup=False)
        if raw.size > len(order):
            out.print(f"    … the largest 10 of {raw.size:,}", markup=False)


def _load_arrays(paths):
    arrays = []
    for path in paths:
        try:
            arrays.append(np.load(path, allow_pickle=False))
        except (ValueError, EOFError) as e:
            raise PackerError(f"{path} is not a .npy file ({e}); write it with numpy.save") from None
        if not isinstance(arrays[-1], np.ndarray):
            raise PackerError(f"{path} holds several arrays; hand over one .npy file for each input")
    return arrays


# ---- verify ----


def _verify(args):
    if args.cases < 0:
        raise PackerError(f"--cases must be 0 or more, {args.cases} was given")
    given = [_load_arrays(args.input)] if args.input else []
    with err.status("building", spinner="line") as status:
        verdict = verify(
            args.model.read_bytes(), args.model.stem, given, args.cases, tuple(args.backend or BACKENDS),
            on_progress=lambda text: status.update(f"{args.model.stem}: {text}"),
        )  # fmt: skip
    if args.json:
        _print_json(verdict.summary())
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


# ---- ops ----


def _ops(args):
    rows = supported()
    if args.json:
        names = ("name", "kernel", "dtypes", "oracle", "note")
        _print_json({"ops": [dict(zip(names, row)) for row in rows]})
        return
    table = Table(box=None, header_style="bold")
    for name in ("op", "device kernel", "dtypes", "oracle", "note"):
        table.add_column(name, no_wrap=name == "op")
    for kind, kernel, *texts in rows:
        table.add_row(kind, kernel.lower(), *texts)
    out.print(table)
    out.print(f"{len(rows)} ops become {len(f.KERNELS)} device kernels, whose bytes are those of the oracle: TFLite Micro, or LiteRT")


# ---- boards ----


def _boards(args):
    found = [(board, boards.core_of(board)) for board in boards.boards().values()]
    if args.json:
        costs = [{"unit": core and core["unit"], "each_mac": core and core["each_mac"]} for _, core in found]
        _print_json({"boards": [{**vars(board), **cost} for (board, _), cost in zip(found, costs)]})
        return
    table = Table(box=None, header_style="bold")
    for name in ("board", "", ".mpy for"):
        table.add_column(name, no_wrap=True)
    for name in ("MHz", "flash kB", "files kB", "heap B", "a MAC"):
        table.add_column(name, justify="right")
    for board, core in found:
        sizes = [n and n >> 10 for n in (board.flash_bytes, board.filesystem_bytes)]
        figures = (board.clock_hz and board.clock_hz // 10**6, *sizes, board.heap_bytes)
        each = f"{core['each_mac']:.1f} {core['unit'][0]}" if core else "-"
        table.add_row(board.name, board.title, board.arch, *("-" if n is None else f"{n:,}" for n in figures), each)
    out.print(table)
    out.print("files: the file system's part of the flash; heap: free after start-up; both of the stock firmware")
    out.print("a MAC: cycles (c) or instructions (i), counted over many models; -: not known, or there is none")


if __name__ == "__main__":
    sys.exit(main())

"""`packer quantize`."""

from pathlib import Path

from .common import CALIBRATE, command, in_bytes, out, print_json, quantised, write_aside


def add_to(commands):
    p = command(commands, "quantize", _quantize, "Make an int8 .tflite of a float32 one, or of one with float32 activations.")
    p.add_argument("model", type=Path, help="the .tflite file")
    p.add_argument("--calibrate", type=Path, action="append", help=CALIBRATE)
    p.add_argument("--float-edges", action="store_true", help="inputs and outputs stay float32")
    p.add_argument("-o", "--output", type=Path, help="the .tflite to write (default: NAME_int8.tflite)")


def _quantize(args):
    result = quantised(args, args.float_edges)
    target = args.output or args.model.with_name(f"{args.model.stem}_int8.tflite")
    write_aside(target, result.tflite)
    if args.json:
        print_json(result.summary())
        return
    out.print(f"{target}")
    share = len(result.tflite) / result.float_bytes
    out.print(f"  flash  {in_bytes(len(result.tflite))}  ({share:.0%} of {in_bytes(result.float_bytes)})")
    for what, ios in (("input", result.inputs), ("output", result.outputs)):
        for name, dtype, scale, zero_point in ios:
            affine = f"  scale {scale:.6g}, zero point {zero_point}" if scale is not None else ""
            out.print(f"  {what:6s} {dtype} \"{name}\"{affine}", markup=False)
    compare = f"`packer verify {target}` compares it with TFLite Micro"
    out.print(f"  ranges of {result.samples:,} samples; {compare}", markup=False)

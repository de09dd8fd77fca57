"""Seeds for the fuzzer: `python make_corpus.py FOLDER` writes small valid blobs that have every kernel.

They are made by hand, and by the packer: of the example, of the models that the op tests generate, of layers under every coding
of weights, and of each model with one input once more, streamed.
"""

import sys
from pathlib import Path

from hypothesis import HealthCheck, given, seed, settings

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "host_tools"), str(ROOT / "device_lib")]

from packer import build  # noqa: E402  (these are found through sys.path)
from packer.errors import PackerError  # noqa: E402
from packer.format import HEADER, KERNEL_NAMES, KERNELS, OP  # noqa: E402
from support import cases, products  # noqa: E402
from support.blobs import every_kernel, streamed_with_state  # noqa: E402

SEED_BYTES_MAX = 6144  # larger ones slow the fuzzer down and teach it nothing
CASES_PER_OP = 4


def generated_models(strategy):
    """The models, `.tflite` bytes, of some of a strategy's cases; always the same."""
    models = []

    @seed(1)
    @settings(max_examples=CASES_PER_OP, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def keep(case):
        models.append(case.model)

    keep()
    return models


def variants(name, model, coding="none"):
    """(name, blob) of a model, and of the same with its input, and its weights, streamed where they can be."""
    yield name, build(model, name, coding=coding).blob
    for kind in "stream_input", "stream_weights":
        try:
            yield f"{name}_{kind}", build(model, name, coding=coding, **{kind: True}).blob
        except PackerError:  # several inputs, or nothing between input and output
            pass


def kernels_of(blob):
    """The numbers of the kernels that a blob has."""
    header = HEADER.unpack(blob)
    return {OP.unpack(blob, header["ops"] + i * OP.size)["kernel"] for i in range(header["n_ops"])}


def seeds():
    """{file name: blob}"""
    found = {f"every_kernel_{number}": every_kernel(number) for number in range(1, 5)}
    found["streamed_with_state"] = streamed_with_state()
    found.update(variants("digits", (ROOT / "examples/digits/digits_int8.tflite").read_bytes()))
    for op, strategy in sorted(cases.by_op().items()):
        for number, model in enumerate(generated_models(strategy)):
            blobs = variants(f"{op.lower()}_{number}", model)
            found.update((name, blob) for name, blob in blobs if len(blob) <= SEED_BYTES_MAX)
    for coding, weights in products.CODED.items():
        small = {}
        for number in range(20):
            try:
                blobs = list(variants(f"{coding}_{number}", products.model(100 + number, 1, ops=products.CODED_OPS, weights=weights), coding))
            except PackerError:  # it saves nothing there
                continue
            small.update((name, blob) for name, blob in blobs if len(blob) <= SEED_BYTES_MAX)
        if not small:
            sys.exit(f"no seed has weights of coding {coding}")
        found.update(small)
    return found


def main(folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    found = seeds()
    for name, blob in found.items():
        (folder / f"{name}.tin").write_bytes(blob)
    missing = set(KERNELS.values()) - set().union(*map(kernels_of, found.values()))
    if missing:
        sys.exit(f"no seed has the kernels {', '.join(KERNEL_NAMES[k] for k in sorted(missing))}")
    print(f"{len(found)} seeds, {sum(map(len, found.values())):,} bytes")


if __name__ == "__main__":
    main(sys.argv[1])

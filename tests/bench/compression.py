"""The tables of docs/compression.md: `make compression`, or `python -m bench.compression [MODEL …]` in tests/.

For every model and every way to make its weights smaller: flash, RAM, instructions, and what becomes of its outputs.
docs/compression.json keeps what was counted; what is counted again is only what would be another blob or another core.
"""

import hashlib
import json
import re
import sys
from pathlib import Path

import numpy as np

from .count import build, find, input_of, instructions
from .machines import CORE_DIR, MACHINES, ROOT, BenchError, version

sys.path[:0] = [str(ROOT / "host_tools"), str(ROOT / "examples" / "digits")]

from packer.accuracy import Samples  # noqa: E402
from packer.core import CoreModel  # noqa: E402
from packer.errors import PackerError  # noqa: E402
from packer.inspect import Blob  # noqa: E402
from packer.narrow import narrow  # noqa: E402
from packer.prune import prune  # noqa: E402

KEPT = ROOT / "docs" / "compression.json"
PAGE = ROOT / "docs" / "compression.md"
MODELS = ("digits", "mlperf_kws", "mlperf_vww", "mlperf_ic_resnet8", "mlperf_ad")
CORES = ("cortex-m0plus", "cortex-m33")
SPARSITY = 0.6
RUNS = 20  # inferences on random bytes whose outputs are compared

# {row: (what is done to the .tflite, --compress)}
VARIANTS = {
    "as it is": (None, "none"),
    "auto": (None, "auto"),
    "entropy": (None, "entropy"),
    "sparse": (None, "sparse"),
    "pruned, sparse": (lambda data, name: prune(data, name, SPARSITY).tflite, "sparse"),
    "pruned in blocks, sparse": (lambda data, name: prune(data, name, SPARSITY, blocks=True).tflite, "sparse"),
    "pruned in blocks, auto": (lambda data, name: prune(data, name, SPARSITY, blocks=True).tflite, "auto"),
    "int4": (lambda data, name: narrow(data, name, "int4").tflite, "int4"),
    "palette16": (lambda data, name: narrow(data, name, "palette16").tflite, "palette"),
    "palette4": (lambda data, name: narrow(data, name, "palette4").tflite, "palette"),
}


def core_digest():
    """Of all that a count depends on beside the blob."""
    found = hashlib.sha256(" ".join(version(MACHINES[core]) for core in CORES).encode())
    for path in sorted(CORE_DIR.glob("**/*.[ch]")):
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


def entry(data, name, variant, before, core, kept):
    """The figures of a variant of a model's `.tflite`, None where its scheme saves nothing; `kept`: those of the last time.

    `before`: outputs of the model as it is on RUNS inputs, None for itself.
    """
    change, coding = VARIANTS[variant]
    changed = change(data, name) if change else data
    try:
        result = build(changed, name, coding=coding)
    except PackerError as error:
        if "save nothing" in str(error):
            return None
        raise
    digest = hashlib.sha256(result.blob).hexdigest()[:16]
    if kept and (kept["blob"], kept["core"]) == (digest, core):
        return kept
    blob = Blob(result.blob)
    found = {
        "blob": digest,
        "core": core,
        "flash": len(result.blob),
        "ram": result.pool_bytes,
        "instructions": {name: instructions(MACHINES[name], result.blob).run for name in CORES},
        "weights": blob.weight_bytes,
        "compressed": {name: ops for name, (ops, _) in blob.savings.items()},
    }
    if before is not None:
        found["outputs"] = sum(len(a) for a in before)
        found["changed"] = sum(sum(x != y for x, y in zip(a, b)) for a, b in zip(before, outputs(result.blob)))
    if name == "digits":
        found["right"] = held_back().right(changed, name)
        found["samples"] = len(held_back())
    return found


def held_back():
    """The digits that the example was not trained on."""
    import data

    images, labels = data.load()
    _, held = data.split(labels)
    return Samples(images[held], labels[held])


def outputs(blob):
    """[bytes] of RUNS inferences on random input, the first one that of `bench.count`."""
    model, random = CoreModel(blob), np.random.default_rng(7)
    first = input_of(Blob(blob))
    cases = [first] + [[random.integers(-128, 128, a.size).astype(np.int8) for a in first] for _ in range(RUNS - 1)]
    return [b"".join(a.tobytes() for a in model.run(case)) for case in cases]


def measure(name, core, kept):
    """{variant: entry} of a model."""
    data, found = find(name).read_bytes(), {}
    before = outputs(build(data, name, coding="none").blob)
    for variant in VARIANTS:
        e = entry(data, name, variant, None if variant == "as it is" else before, core, kept.get(variant))
        found[variant] = e
        what = f"{e['flash']:,} B, {e['ram']:,} B, {e['instructions']}" if e else "saves nothing"
        print(f"{name}, {variant}: {what}", flush=True)
    return found


# ---- the page ----


def _share(count, whole):
    return f"{count:,} ({count / whole:.2f})"


def rows(variants):
    """Rows of the table of a model."""
    plain, found = variants["as it is"], []
    for variant, e in variants.items():
        if e is None:
            found.append(f"| {variant} | saves nothing | | | | |")
            continue
        if "right" in e:
            what = f"{e['right']} of {e['samples']} right ({e['right'] / e['samples']:.1%})"
        elif e.get("changed"):
            what = f"{e['changed'] / e['outputs']:.1%} of output bytes"
        else:
            what = "none"
        cells = [_share(e["flash"], plain["flash"]), *(_share(e["instructions"][c], plain["instructions"][c]) for c in CORES)]
        found.append(f"| {variant} | {' | '.join(cells)} | {e['ram']:,} | {what} |")
    return found


def tables(kept):
    text = ""
    for name, variants in kept.items():
        what = "accuracy" if name == "digits" else "what changes"
        text += f"### {name}\n\n| | flash, bytes | instructions, Cortex-M0+ | Cortex-M33 | RAM | {what} |\n|---|---:|---:|---:|---:|---|\n"
        text += "\n".join(rows(variants)) + "\n\n"
    return text.rstrip() + "\n"


def costs():
    """The table of boards/codings.json."""
    figures = json.loads((ROOT / "boards" / "codings.json").read_text())
    text = f"| instructions | {' | '.join(figures)} |\n|---|{'---:|' * len(figures)}\n"
    for label, keys in (
        ("a product, pixels one by one", ("dense", "vector")),
        ("a product, pixels two by two", ("dense", "pairs")),
        ("a stored weight of blocks of 1, a pixel", ("sparse", "1", 0)),
        ("a stored weight of blocks of 4, a pixel", ("sparse", "4", 0)),
        ("an output of sparse weights", ("sparse", "4", 1)),
        ("decoding a weight, palette of 2", ("palette", "1")),
        ("decoding a weight, palette of 4", ("palette", "2")),
        ("decoding a weight, palette of 16 (int4, too)", ("palette", "4")),
        ("decoding a weight, entropy code", ("entropy",)),
    ):
        values = []
        for of_core in figures.values():
            for key in keys:
                of_core = of_core[key]
            values.append(f"{of_core:.1f}")
        text += f"| {label} | {' | '.join(values)} |\n"
    for block in "14":
        for kind, what in (("vector", "one by one"), ("pairs", "two by two")):
            even = [1 - of["dense"][kind] / of["sparse"][block][0] for of in figures.values()]
            text += f"| blocks of {block} are quicker than pixels {what} from zeros of | {' | '.join(f'{max(0, z):.0%}' for z in even)} |\n"
    return text


def targets(kept):
    """What was promised, in figures."""
    lines = []
    if "mlperf_vww" in kept:
        plain, coded = (kept["mlperf_vww"][v]["flash"] for v in ("as it is", "entropy"))
        lines.append(f"- Entropy codes alone save {1 - coded / plain:.1%} of the blob of `mlperf_vww`, and change no byte of its outputs.")
    if "mlperf_ad" in kept:
        plain, e = (kept["mlperf_ad"][v] for v in ("as it is", "pruned in blocks, sparse"))
        ratios = [f"{e['instructions'][c] / plain['instructions'][c]:.2f} of its instructions on {c}" for c in CORES]
        lines.append(
            f"- `mlperf_ad`, {SPARSITY:.0%} of its weights pruned in blocks, takes {e['flash'] / plain['flash']:.2f} of its flash, "
            f"{' and '.join(ratios)}."
        )
    if "digits" in kept:
        e = {v: kept["digits"][v] for v in ("as it is", "pruned in blocks, sparse", "int4")}
        shares = {v: f"{x['right']} of {x['samples']}" for v, x in e.items()}
        lines.append(
            f"- Of the digits that were held back, {shares['as it is']} are right as it is, {shares['int4']} with int4 weights, "
            f"{shares['pruned in blocks, sparse']} where {SPARSITY:.0%} of the weights are pruned in blocks without training again."
        )
    return "\n".join(lines) + "\n"


def page(text, kept):
    """The page's text with its generated parts made again from `kept`."""
    for name, part in (("targets", targets(kept)), ("costs", costs()), ("tables", tables(kept))):
        text, count = re.subn(
            rf"(<!-- {name}: [^\n]*-->\n).*?(<!-- end of {name} -->)", lambda m, part=part: m[1] + part + m[2], text, flags=re.S
        )
        if count != 1:
            raise BenchError(f"{PAGE.name} has no place for its {name}")
    return text


def main(names):
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    core = core_digest()
    for name in names or MODELS:
        try:
            kept[name] = measure(name, core, kept.get(name, {}))
        except BenchError as error:
            print(error)
            continue
        kept = {name: kept[name] for name in MODELS if name in kept}
        KEPT.write_text(json.dumps(kept, indent=1) + "\n")
        PAGE.write_text(page(PAGE.read_text("utf-8"), kept), "utf-8")
    print(f"wrote {Path(PAGE).relative_to(ROOT)}")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (BenchError, PackerError) as error:
        sys.exit(f"make compression: {error}")

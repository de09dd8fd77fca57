"""`packer report`: one self-contained HTML page about a built model: the pool over time, layer by layer, flash by
section."""

from html import escape

import numpy as np

from . import format as f
from .analyze import entropy
from .coding import SCHEMES
from .compress import eligible, matrix_of
from .inspect import Blob, coding_text
from .plan import liveness_bytes

_SCHEME_OF = {"sparse": "sparse", "palette": "palette", "channel palette": "palette", "entropy": "entropy"}  # by coding
_WIDTH, _HEIGHT = 1000, 420  # of the memory map, in its own units
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --dim: #888; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 64rem; padding: 1rem; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .4rem 0; } .dim { color: var(--dim); }
.figures { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 1rem 0; }
.figures div { min-width: 8rem; } .figures b { display: block; font-size: 1.3rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .15rem .5rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:nth-child(-n+3), td:nth-child(-n+3) { text-align: left; }
.bar { display: inline-block; height: .7em; background: #4a7; min-width: 1px; }
svg { width: 100%; height: auto; display: block; } svg text { fill: currentColor; }
svg .on { fill: #000; text-anchor: middle; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1.2rem; }
figure { margin: 0; break-inside: avoid; } figcaption { font-size: .85rem; } figcaption b { overflow-wrap: anywhere; }
svg.values { height: 2.5rem; border-bottom: 1px solid var(--line); fill: #47a; }
svg.coding { height: 18px; margin-top: 2px; background: #8882; font-size: 12px; } svg.coding rect { fill: #8886; }
svg.own rect { fill: #4a7; }
@media (max-width: 40rem) { body { font-size: 14px; } th, td { padding: .15rem .3rem; } }
@media print {
  body { max-width: none; font-size: 10px; print-color-adjust: exact; } .wide { overflow: visible; }
  h2 { break-after: avoid; } tr, svg { break-inside: avoid; }
  th, td { padding: .1rem .3rem; } td:nth-child(2) { white-space: normal; overflow-wrap: anywhere; }
}
"""


def report(result):
    """The page, as text, for a BuildResult."""
    blob = Blob(result.blob)
    alone = liveness_bytes(result.program)
    share = len(result.blob) / result.tflite_bytes
    figures = [
        ("RAM", f"{result.pool_bytes:,} B", f"no schedule needs less than {result.lower_bound_bytes:,} B"),
        ("whole tensors", f"{alone:,} B", f"liveness alone; the plan needs {result.pool_bytes / alone:.0%} of it"),
        ("flash", f"{len(result.blob):,} B", f"{share:.0%} of the .tflite's {result.tflite_bytes:,} B"),
        ("work", f"{result.macs:,}", f"multiply-accumulates in {len(blob.ops)} ops, {len(blob.steps)} steps"),
    ]
    parts = [
        f"<h1>{escape(result.name)}</h1>",
        '<div class="figures">',
        *(f'<div>{name}<b>{value}</b><span class="dim">{note}</span></div>' for name, value, note in figures),
        "</div>",
        "<h2>The pool over time</h2>",
        '<p class="dim">Left to right: the inference, row by row. Bottom to top: the bytes of the pool. Each shape is a tensor, '
        "where and as long as its rows are alive, with the number of the layer that makes it; hatched: scratch memory.</p>",
        memory_map(result),
        "<h2>Layers</h2>",
        f'<div class="wide">{layers(result, blob)}</div>',
        *weights(result),
        "<h2>Flash</h2>",
        f'<div class="wide">{sections(blob)}</div>',
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(result.name)}: RAM and flash</title><style>{_STYLE}</style></head><body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def memory_map(result):
    """The pool drawn as SVG: a path for every item of the plan."""
    plan = result.plan
    end = max((int(item.dies.max()) for item in plan.items), default=0)
    x_scale = _WIDTH / (end + 3)
    y_scale = _HEIGHT / max(1, result.pool_bytes)
    scratch = {id(op.scratch) for op in result.program.ops if op.scratch}
    made_by = {op.output.buffer: i for i, op in reversed(list(enumerate(result.program.device_ops)))}
    shapes = []
    for n, item in enumerate(sorted(plan.items, key=lambda i: int(i.born.min()))):
        rectangles = list(_rectangles(item, x_scale, y_scale))
        if not rectangles:
            continue
        path = "".join(f"M{x:.2f} {y:.2f}h{width:.2f}v{-height:.2f}h{-width:.2f}z" for x, y, width, height in rectangles)
        is_scratch = id(item.buffers[0]) in scratch
        hue = n * 47 % 360
        fill = "url(#hatch)" if is_scratch else f"hsl({hue} 60% 55% / .85)"
        names = ", ".join(dict.fromkeys(b.name for b in item.buffers))
        title = f"{names}: {item.nbytes:,} B at {item.offset:,}"
        shapes.append(f'<path d="{path}" fill="{fill}"><title>{escape(title)}</title></path>')
        x, y, width, height = _middle(rectangles)
        if not is_scratch and width > 24 and height > 14:
            number = next((str(made_by[b]) for b in item.buffers if b in made_by), "in")
            place = f'x="{x + width / 2:.0f}" y="{y - height / 2 + 5:.0f}"'
            shapes.append(f'<text class="on" {place} font-size="14">{number}</text>')
    labels = "".join(
        f'<text x="4" y="{_HEIGHT - k * result.pool_bytes / 4 * y_scale + 14:.0f}" font-size="12">'
        f"{round(k * result.pool_bytes / 4):,}</text>"
        for k in (2, 4)
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="memory map">'
        '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="3" height="6" fill="#888"/></pattern></defs>'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="none" stroke="#888"/>{"".join(shapes)}{labels}</svg>'
    )


def _middle(rectangles):
    """(x, y, width, height) of the biggest piece that rectangles one above the other share: where there is room for a
    label."""
    best = (0, 0, 0, 0)
    for i, (left, bottom, width, height) in enumerate(rectangles):
        right, top = left + width, bottom - height
        for x, y, wide, high in rectangles[i:]:
            left, right, top = max(left, x), min(right, x + wide), y - high
            if min(right - left, 3 * (bottom - top)) > min(best[2], 3 * best[3]):
                best = left, bottom, right - left, bottom - top
    return best


def _rectangles(item, x_scale, y_scale):
    """(x, y of the lower left corner, width, height), one for each run of neighbouring parts that live equally long."""
    born, dies = item.born, item.dies
    first = 0
    for r in range(1, len(born) + 1):
        if r < len(born) and (born[r], dies[r]) == (born[first], dies[first]):
            continue
        if born[first] <= dies[first]:
            x, width = (born[first] + 1) * x_scale, (dies[first] + 1 - born[first]) * x_scale
            height = (item.bounds[r] - item.bounds[first]) * y_scale
            y = _HEIGHT - (item.offset + item.bounds[first]) * y_scale
            yield x, y, width, height
        first = r


def layers(result, blob):
    """The table of layers, in the order of work."""
    most = max([op["macs"] for op in blob.ops], default=0) or 1
    cascades = [g for g in result.plan.groups if g.past - g.first > 1]
    cascade_of = {i: f"cascade {n}" for n, g in enumerate(cascades, 1) for i in range(g.first, g.past)}
    device_ops, init = result.program.device_ops, len(result.program.init_ops)
    rows = []
    for i, op in enumerate(blob.ops):
        t = blob.tensors[op["output"]]
        held = t["ring"] * t["row_bytes"]
        scratch = device_ops[i].scratch.nbytes if device_ops[i].scratch else 0
        cascade = "at reset" if i < init else cascade_of.get(i - init, "")
        rows.append(
            f"<tr><td>{i}</td><td>{escape(op['name'])}</td><td>{op['kernel'].lower()}</td>"
            f"<td>{t['rows']} × {t['row_bytes']:,}</td><td>{held:,}</td><td>{scratch:,}</td><td>{cascade}</td>"
            f"<td>{op['weight_bytes']:,}</td><td>{coding_text(op['coded'])}</td><td>{op['macs']:,}</td>"
            f'<td style="text-align:left"><span class="bar" style="width:{6 * op["macs"] / most:.2f}rem"></span></td></tr>'
        )
    head = "".join(
        f"<th>{h}</th>" for h in ("", "layer", "kernel", "rows × bytes", "held", "scratch", "", "weights", "coding", "MACs", "share")
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def weights(result):
    """Headed plots of the weights that can be coded: how often values occur, and what the codings that hold them take. Empty where there are
    none."""
    ops = eligible(result.program)
    if not ops:
        return []
    plots = []
    for op in ops:
        matrix = matrix_of(op)
        bits = entropy(matrix.ravel())
        own = op.coded and _SCHEME_OF[op.coded.coding]
        bars = [_bar("as they are", matrix.size, matrix.size, op.coded is None)]
        for name, scheme in SCHEMES.items():
            coded = op.coded if name == own else scheme(matrix)
            if coded is not None:
                bars.append(_bar(name, coded.nbytes, matrix.size, name == own))
        plots.append(
            f"<figure><figcaption><b>{escape(op.name)}</b> {op.kernel.lower()}, {bits:.2f} bits a weight, "
            f"{np.count_nonzero(matrix == 0) / matrix.size:.0%} zeros</figcaption>{_histogram(matrix)}{''.join(bars)}</figure>"
        )
    return [
        "<h2>Weights</h2>",
        '<p class="dim">Of each layer that can be compressed without changing a weight: how often each value occurs, from -128 to 127, and '
        "the bytes that they take as they are and in the codings that hold them; green: what this blob has.</p>",
        f'<div class="plots">{"".join(plots)}</div>',
    ]


def _histogram(matrix):
    """The square roots of how often values occur, or rare ones could not be seen."""
    heights = np.sqrt(np.bincount(matrix.ravel().astype(np.int64) + 128, minlength=256))
    heights = 40 * heights / heights.max()
    path = "".join(f"M{i} 40v{-h:.1f}h1v{h:.1f}z" for i, h in enumerate(heights) if h)
    return f'<svg class="values" viewBox="0 0 256 40" preserveAspectRatio="none" aria-hidden="true"><path d="{path}"/></svg>'


def _bar(name, nbytes, dense, is_own):
    return (
        f'<svg class="coding{" own" if is_own else ""}" role="img" aria-label="{name}: {nbytes:,} bytes">'
        f'<rect width="{min(100, 100 * nbytes / dense):.1f}%" height="100%"/>'
        f'<text x="4" y="13">{name} {nbytes:,} B</text></svg>'
    )


def sections(blob):
    """The table of what the blob's bytes are."""
    h = blob.header
    sizes = [
        ("header, inputs and outputs", f.HEADER.size + f.IO.size * (h["n_inputs"] + h["n_outputs"])),
        ("tensors", f.TENSOR.size * h["n_tensors"]),
        ("ops and their parameters", sum(f.OP.size + f.PARAMS[op["kernel"]].size for op in blob.ops)),
        ("steps", f.STEP.size * h["n_steps"]),
        ("names and metadata", h["strings_bytes"]),
    ]
    weights = blob.weight_bytes
    rest = h["blob_bytes"] - sum(n for _, n in sizes) - weights
    sizes = [("weights and tables", weights), ("biases, multipliers, constants, padding", rest), *sizes]
    rows = "".join(
        f"<tr><td>{name}</td><td></td><td></td><td>{n:,}</td><td>{n / h['blob_bytes']:.1%}</td></tr>" for name, n in sizes
    )
    return f"<table><tbody>{rows}</tbody></table>"

"""`packer report`: one self-contained HTML page about a built model: the pool over time, layer by layer, flash by section."""

from html import escape

import numpy as np

from . import format as f
from .inspect import Blob
from .plan import liveness_bytes

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
@media print { body { max-width: none; font-size: 11px; } .wide { overflow: visible; } h2 { break-after: avoid; } }
"""


def report(result):
    """The page, as text, for a BuildResult."""
    blob = Blob(result.blob)
    alone = liveness_bytes(result.program)
    share = len(result.blob) / result.tflite_bytes
    figures = [
        ("RAM", f"{result.pool_bytes:,} B", f"lower bound of this order of work {result.lower_bound_bytes:,} B"),
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
        "where and as long as its rows are alive; hatched: scratch memory.</p>",
        memory_map(result),
        "<h2>Layers</h2>",
        f'<div class="wide">{layers(result, blob)}</div>',
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
    shapes = []
    for n, item in enumerate(sorted(plan.items, key=lambda i: int(i.born.min()))):
        path = "".join(_rectangles(item, x_scale, y_scale, end))
        if not path:
            continue
        is_scratch = id(item.buffers[0]) in scratch
        hue = n * 47 % 360
        fill = "url(#hatch)" if is_scratch else f"hsl({hue} 60% 55% / .85)"
        names = ", ".join(dict.fromkeys(b.name for b in item.buffers))
        title = f"{names}: {item.nbytes:,} B at {item.offset:,}"
        shapes.append(f'<path d="{path}" fill="{fill}"><title>{escape(title)}</title></path>')
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


def _rectangles(item, x_scale, y_scale, end):
    """SVG path pieces, one for each run of neighbouring rows that live equally long."""
    born, dies = np.clip(item.born, -1, end + 1), np.clip(item.dies, -1, end + 1)
    first = 0
    for r in range(1, item.rows + 1):
        if r < item.rows and (born[r], dies[r]) == (born[first], dies[first]):
            continue
        if item.born[first] <= end:
            x, width = (born[first] + 1) * x_scale, (dies[first] + 1 - born[first]) * x_scale
            height = (r - first) * item.row_bytes * y_scale
            y = _HEIGHT - (item.offset + first * item.row_bytes) * y_scale
            yield f"M{x:.1f} {y:.1f}h{width:.1f}v{-height:.1f}h{-width:.1f}z"
        first = r


def layers(result, blob):
    """The table of layers, in the order of work."""
    most = max([op["macs"] for op in blob.ops], default=0) or 1
    group_of = {i: n for n, g in enumerate(result.plan.groups) for i in range(g.first, g.past) if g.past - g.first > 1}
    init = len(result.program.init_ops)
    rows = []
    for i, op in enumerate(blob.ops):
        t = blob.tensors[op["output"]]
        held = t["ring"] * t["row_bytes"]
        cascade = f"cascade {group_of[i - init]}" if i - init in group_of else "at reset" if i < init else ""
        rows.append(
            f"<tr><td>{i}</td><td>{escape(op['name'])}</td><td>{op['kernel'].lower()}</td>"
            f"<td>{t['rows']} × {t['row_bytes']:,}</td><td>{held:,}</td><td>{cascade}</td>"
            f"<td>{op['weight_bytes']:,}</td><td>{op['macs']:,}</td>"
            f'<td style="text-align:left"><span class="bar" style="width:{6 * op["macs"] / most:.2f}rem"></span></td></tr>'
        )
    head = "".join(
        f"<th>{h}</th>" for h in ("", "layer", "kernel", "rows × bytes", "held", "", "weights", "MACs", "share")
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


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
    weights = sum(op["weight_bytes"] for op in blob.ops)
    rest = h["blob_bytes"] - sum(n for _, n in sizes) - weights
    sizes = [("weights and tables", weights), ("biases, multipliers, constants, padding", rest), *sizes]
    rows = "".join(
        f"<tr><td>{name}</td><td></td><td></td><td>{n:,}</td><td>{n / h['blob_bytes']:.1%}</td></tr>" for name, n in sizes
    )
    return f"<table><tbody>{rows}</tbody></table>"

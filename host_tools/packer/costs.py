"""What coded weights cost to run: instructions as boards/codings.json has them, counted on generated layers."""

from . import format as f
from .coding.sparse import WINDOW
from .figures import figures

CORE = "cortex-m0plus"  # where nothing is known of a board


def core_known(core):
    """`core` if codings have been counted on it, else CORE."""
    return core if core in figures("codings.json") else CORE


def cores():
    """The names of those that codings have been counted on."""
    return list(figures("codings.json"))


def runs(program):
    """{op: how often its weights are decoded in an inference} of a planned Program: each call of its kernel decodes them all, and one of
    FULLY_CONNECTED makes as many rows as there are together, unless its output lies over its input."""
    found = dict.fromkeys(program.ops, 0)
    for i, _, rows in program.steps:
        op = program.ops[i]
        found[op] += 1 if op.kernel == "FULLY_CONNECTED" and not _meet(*(_memory(r) for r in (op.inputs[0], op.output))) else abs(rows)
    return found


def _memory(rows):
    """(first byte, bytes) of the pool that a Rows of a planned Program takes; of a constant none."""
    buffer = rows.buffer
    return (0, 0) if buffer.data is not None else (buffer.offset + rows.start, min(rows.nbytes, buffer.held_bytes or buffer.nbytes))


def _meet(a, b):
    return a[0] < b[0] + b[1] and b[0] < a[0] + a[1]


def instructions(op, coded, times, core=CORE):
    """Of an inference's products of `op` if its weights are `coded`, a Coded or None; they are decoded so many `times`."""
    each = figures("codings.json")[core]
    weights = op.params["weights"].size
    if coded is not None and not coded.is_decoded:
        stored, output = each["sparse"][str(coded.block)]
        return op.macs // weights * (coded.stored * stored + len(op.params["weights"]) * output)
    dense = op.macs * each["dense"]["pairs" if op.params.get("pairs") else "vector"]
    if coded is None:
        return dense
    return dense + weights * times * (each["entropy"] if coded.coding == "entropy" else each["palette"][str(coded.bits)])


def of_blob(view, core):
    """{number of an op of a Blob: (share of its MACs that are made as dense ones, further instructions)}, of those whose weights are
    coded. Empty where nothing has been counted on `core`."""
    each = figures("codings.json").get(core)
    if each is None:
        return {}
    rows, calls = [0] * len(view.ops), [0] * len(view.ops)
    for step in view.steps[view.header["n_init_steps"] :]:
        if step["op"] < len(rows):
            op = view.ops[step["op"]]
            tensors = [view.tensors[i] for i in (op["inputs"][0], op["output"])] if op["coded"] else []
            is_over = tensors and _meet(*((t["offset"], t["ring"] * t["row_bytes"]) for t in tensors))
            rows[step["op"]] += abs(step["rows"])
            calls[step["op"]] += abs(step["rows"]) if is_over else 1
    found = {}
    for i, op in enumerate(view.ops):
        if op["coded"] is None:
            continue
        coded, w = op["coded"], op["params"].get("window")
        channels, taps = (w["out_c"], w["k_h"] * w["k_w"] * w["in_c"]) if w else (op["params"]["out_c"], op["params"]["in_c"])
        name, block = f.CODING_NAMES[coded["coding"]], coded["block"]
        if name == "sparse":
            windows = -(-channels // block) * -(-taps // WINDOW)
            stored = (coded["bytes"] - windows) * block // (1 + block)
            pixels = rows[i] * (w["out_w"] if w else op["params"]["pixels"])
            of_stored, of_output = each["sparse"][str(block)]
            found[i] = 0, pixels * (stored * of_stored + channels * of_output)
        else:
            decoding = each["entropy"] if name == "entropy" else each["palette"][str(coded["bits"])]
            found[i] = 1, channels * taps * (rows[i] if w else calls[i]) * decoding
    return found

"""What coded weights cost to run: instructions as boards/codings.json has them, counted on generated layers."""

from .boards import figures

CORE = "cortex-m0plus"  # where nothing is known of a board


def core_known(core):
    """`core` if codings have been counted on it, else CORE."""
    return core if core in figures("codings.json") else CORE


def cores():
    """The names of those that codings have been counted on."""
    return list(figures("codings.json"))


def runs(program):
    """{op: how often its weights are decoded in an inference} of a planned Program: each call of its kernel decodes them all, and one of
    FULLY_CONNECTED makes as many rows as there are together."""
    found = dict.fromkeys(program.ops, 0)
    for i, _, rows in program.steps:
        op = program.ops[i]
        found[op] += 1 if op.kernel == "FULLY_CONNECTED" else abs(rows)
    return found


def instructions(op, coded, times, core=CORE):
    """Of an inference's products of `op` if its weights are `coded`, a Coded or None; they are decoded so many `times`."""
    each = figures("codings.json")[core]
    weights = op.params["weights"].size
    if coded is not None and not coded.is_decoded:
        return coded.stored * op.macs // weights * each["sparse"][str(coded.block)]
    dense = op.macs * each["dense"]["pairs" if op.params.get("pairs") else "vector"]
    if coded is None:
        return dense
    return dense + weights * times * (each["entropy"] if coded.coding == "entropy" else each["palette"][str(coded.bits)])

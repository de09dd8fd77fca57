"""`packer build --flash`: as much compression as a budget of flash needs, and the cheapest in time."""

from .compress import auto, eligible, matrix_of, quick_codings, shared_entropy
from .costs import instructions

_NAMED = 3  # layers that an error names


def ladder(program, times, core):
    """[{op: Coded}], from no coding to the least flash, each with less of it than the one before, for as few instructions more.

    Quicker codings come first, and the ones that save most first among them; then those that save the most bytes for an instruction.
    `times`: costs.runs() of the program.
    """
    ops = eligible(program)
    entropy = shared_entropy({op: matrix_of(op).size for op in ops})
    users = {}  # of a table
    for coded in entropy.values():
        users[coded.table.tobytes()] = users.get(coded.table.tobytes(), 0) + 1
    moves = []
    for number, op in enumerate(ops):
        options = [(matrix_of(op).size, instructions(op, None, times[op], core), None)]
        options += [(c.nbytes, instructions(op, c, times[op], core), c) for c in quick_codings(matrix_of(op))]
        if op in entropy:
            coded = entropy[op]
            size = coded.nbytes - coded.table.nbytes + coded.table.nbytes / users[coded.table.tobytes()]
            options.append((size, instructions(op, coded, times[op], core), coded))
        moves += [(price, number, step, op, coded) for step, (price, coded) in enumerate(_moves(options))]
    found, chosen = [{}], {}
    for _, _, _, op, coded in sorted(moves, key=lambda move: move[:3]):
        chosen = {**chosen, op: coded}
        found.append(chosen)
    return [*found, auto(ops, worth=0)]


def _moves(options):
    """[(price, coding)] from the first of `options`, (bytes, instructions, coding), to the least bytes: each has the least price of all
    that are left, so that prices go up. A price is (0, -bytes saved) of what is quicker, else (1, instructions a byte)."""
    moves, (size, time, _) = [], options[0]
    while True:
        better = [(_price(size - s, t - time), s, t, coded) for s, t, coded in options if s < size]
        if not better:
            return moves
        price, size, time, coded = min(better, key=lambda move: move[:3])
        moves.append((price, coded))


def _price(saved, slower):
    return (0, -saved) if slower <= 0 else (1, slower / saved)


def missing(name, result, flash):
    """The sentence of a BuildResult that is over its budget."""
    held = {}
    for op in result.program.device_ops:
        weights = op.params.get("weights")
        if weights is not None:
            size = op.coded.nbytes if op.coded is not None else weights.nbytes
            held[op.layer, op.name] = held.get((op.layer, op.name), 0) + size
    largest = sorted(held.items(), key=lambda item: -item[1])[:_NAMED]
    layers = ", ".join(f'"{layer}" ({size:,} B)' for (_, layer), size in largest) or "none of its layers"
    return (
        f"{name}: {len(result.blob):,} B of flash is the least it takes, {flash:,} B were allowed, {len(result.blob) - flash:,} B are "
        f"missing; most weights are in {layers}: make them fewer, or smaller with `packer prune --blocks` or `packer narrow`"
    )

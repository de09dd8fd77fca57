"""`packer build --compress`: which coding each layer's weights get (coding/), and what that saves.

Nothing is lost: a scheme that does not hold a layer's weights as they are does not fit it.
"""

from copy import copy
from dataclasses import replace

from .coding import SCHEMES, encode, share_codes, sparse_blocks
from .coding.coded import LEAST_BLOCK
from .coding.sparse import BLOCKS
from .errors import PackerError
from .fold import fold
from .lower import lower
from .lower.pairs import scratch_bytes
from .program import Buffer
from .read import read

CHOICES = ("auto", "none", *SCHEMES)

# Decoding takes time and scratch memory: of two codings the slower one has to save this share of the layer's bytes.
_WORTH = 0.03


def lowered(tflite_bytes, name, choice=None, codings=None):
    """Program of a `.tflite` (bytes), its weights coded by a choice, see compress(), or as {number of an op: Coded} has them."""
    graph = fold(read(tflite_bytes, name))
    program = lower(graph, blocks=codings is not None or choice not in (None, "none"))
    if codings is None:
        narrow = {op.index for op in graph.ops if any(t is not None and t.dtype == "int4" for t in op.inputs)}
        compress(program, choice, narrow)
    else:
        for number, coded in codings.items():
            apply(program.ops[number], coded)
    return program


def compress(program, choice, narrow=()):
    """Give the ops of `program` coded weights: those of one of SCHEMES where it holds them and saves flash, with "auto" the
    smallest of all, with None int4 for the layers `narrow`, whose weights the `.tflite` has in 4 bits.

    PackerError where a scheme that is asked for by name holds no layer's weights.
    """
    if choice == "none":
        return
    ops = eligible(program)
    if choice is None:
        found = _of_one([op for op in ops if op.layer in narrow], "int4")
    elif choice == "auto":
        found = auto(ops)
    else:
        found = _of_one(ops, choice)
        if not found:
            raise PackerError(
                f"{program.name}: --compress {choice} would save nothing in any layer; see what would with `packer analyze`"
            )
    for op, coded in found.items():
        apply(op, coded)


def eligible(program):
    """The ops whose weights may be coded: products of matrices, in which a weight meets many inputs or is there once."""
    return [op for op in program.ops if op.kernel in ("FULLY_CONNECTED", "CONV2D")]


def matrix_of(op):
    """int8 [out_c, taps]."""
    weights = op.params["weights"]
    return weights.reshape(len(weights), -1)


def apply(op, coded):
    """Let `op` have these weights, and the scratch memory that they take."""
    if coded.is_decoded and op.output.rows == 1 and not op.params.get("pairs"):
        coded = replace(coded, block=LEAST_BLOCK)  # a single vector is not gone over again
    op.coded = coded
    op.params["pairs"] = {} if coded.coding == "sparse" else op.params.get("pairs", {})
    nbytes = scratch_bytes(op.params, coded)
    op.scratch = Buffer(f"{op.kernel.lower()} scratch", nbytes, "int8") if nbytes else None


def with_coding(op, coded):
    """Another op like `op` with these weights; `op` itself for None."""
    if coded is None:
        return op
    other = copy(op)
    other.params = dict(op.params)
    apply(other, coded)
    return other


def auto(ops, worth=_WORTH):
    """{op: Coded} of the least flash, for those of `ops` for which that is less than the weights themselves, by a share `worth`."""
    found = {}
    for op in ops:
        matrix = matrix_of(op)
        best, size = None, matrix.size
        for coded in quick_codings(matrix):
            if coded.nbytes < size - worth * matrix.size:
                best, size = coded, coded.nbytes
        found[op] = best
    found.update(shared_entropy({op: coded.nbytes if coded else matrix_of(op).size for op, coded in found.items()}, worth))
    return {op: coded for op, coded in found.items() if coded is not None}


def quick_codings(matrix):
    """What holds the weights without code words, from the quickest on."""
    found = [*(sparse_blocks(matrix, block) for block in reversed(BLOCKS)), SCHEMES["palette"](matrix)]
    return [coded for coded in found if coded is not None]


def _of_one(ops, name):
    if name == "entropy":
        return shared_entropy({op: matrix_of(op).size for op in ops})
    coded = {op: SCHEMES[name](matrix_of(op)) for op in ops}
    return {op: c for op, c in coded.items() if c is not None and c.nbytes < matrix_of(op).size}


def shared_entropy(sizes, worth=0):
    """{op: Coded} of the ops whose weights take fewer bytes so than those in `sizes`, {op: bytes}, by a share `worth` of theirs.

    A table that layers share is stored once, so that which of them gain by it depends on who shares: those that lose leave, and the
    others look for company again.
    """
    ops = list(sizes)
    while ops:
        codes = share_codes([matrix_of(op) for op in ops])
        coded = {op: encode(matrix_of(op), code) for op, code in zip(ops, codes)}
        losers = set()
        for code in set(codes):
            users = [op for op, c in zip(ops, codes) if c is code]
            each = {op: coded[op].nbytes - coded[op].table.nbytes for op in users}
            losers |= {op for op in users if each[op] >= sizes[op] - worth * matrix_of(op).size}
            if sum(each.values()) + code.table.nbytes >= sum(sizes[op] for op in users):
                losers.add(min(users, key=lambda op: sizes[op] - each[op]))
        if not losers:
            return coded
        ops = [op for op in ops if op not in losers]
    return {}

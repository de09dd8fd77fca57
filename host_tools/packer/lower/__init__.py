"""Lowering: TFLite ops become the few device kernels of SPEC.md, one function an op kind, one file a family."""

from ..errors import PackerError
from ..fold import ONLY_FOLDED
from . import (  # noqa: F401  (each registers its ops)
    binary, conv, convert, edges, gather, general_conv, lstm, matmul, movement, padding, pool, reduce, resize, softmax, state, svdf, unary,
)  # fmt: skip
from .alias import leave_out_moves
from .channels import reorder_channels
from .constants import fold_constants
from .context import LOWERINGS, Context, CannotLower
from .fuse import fuse_tables


def lower(graph, blocks=False):
    """Program of `graph`. PackerError that lists every op which cannot be lowered, each with what to do.

    `blocks`: channels stay where they are if their weights are zeros in blocks, which are to be left out.
    """
    context = Context(graph)
    problems = []
    try:
        context.open_inputs()
    except CannotLower as e:
        problems.append(str(e))
    for op in graph.ops:
        try:
            if op.kind not in LOWERINGS:
                raise CannotLower(
                    f"{op.kind} is not among the supported ops; replace it in the model (`packer ops` lists what runs)"
                )
            LOWERINGS[op.kind].function(context, op)
        except CannotLower as e:
            problems.append(f"{op.where}: {e}")
            context.poison(op)
        except (IndexError, KeyError, AttributeError, TypeError, ValueError, ArithmeticError) as e:  # what a damaged file can make of its inputs
            problems.append(f"{op.where}: its inputs and outputs are not those of {op.kind} ({e}); convert the model again")
            context.poison(op)
    if not problems:
        try:
            program = context.finish()
            fold_constants(program)
            state.leave_out_copies(program, context.copies)
            fuse_tables(program)
            leave_out_moves(program)
            reorder_channels(program, blocks)
            return program
        except CannotLower as e:
            problems.append(str(e))
    if len(problems) == 1:
        raise PackerError(f"{graph.name}: {problems[0]}")
    raise PackerError(f"{graph.name}: {len(problems)} ops cannot be built:\n" + "\n".join(f"  {p}" for p in problems))


def supported():
    """[(op kind, device kernel, dtypes, oracle, note)] of all that can be built, by name."""
    folded = [(kind, "(none)", "any -> int32", oracle, "arithmetic on shapes is folded") for kind, oracle in ONLY_FOLDED.items()]
    lowered = [(kind, low.kernel, low.dtypes, low.oracle, low.note) for kind, low in LOWERINGS.items()]
    return sorted(folded + lowered)

"""Weights in fewer bytes than one each (SPEC.md, "Coded weights"): what kernels decode or skip while they run.

Every scheme is lossless: it holds the weights as they are, or it does not fit. A scheme is a function of a layer's
weights, int8 [out_c, taps], that gives a Coded, or None where it does not hold them.
"""

from .coded import Coded
from .entropy import encode, entropy, share_codes
from .palette import int4, palette
from .sparse import sparse, sparse_blocks

SCHEMES = {"sparse": sparse, "int4": int4, "palette": palette, "entropy": entropy}

__all__ = ["SCHEMES", "Coded", "encode", "share_codes", "sparse_blocks"]

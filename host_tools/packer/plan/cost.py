"""What a product costs made two pixels at a time, its quick form, and one by one: instructions of a Cortex-M0+, the core that has
the fewest to spare, fitted to what the layers of the benchmarks were counted to take in both forms. tests/test_plan_forms.py holds
this against docs/benchmarks.json.
"""

# A product; an element brought to where it is read from, for all channels; an output.
_QUICK = {"CONV2D": (2.2, 7.2, 69), "FULLY_CONNECTED": (2.4, 9.3, 41)}
_SLOW = {"CONV2D": (3.2, 12.4, 77), "FULLY_CONNECTED": (3.5, 8.2, 48)}
_OTHER = 8  # a product of any other kernel, roughly


def instructions(op, quick):
    """Of all rows of a DeviceOp of a kernel that has both forms."""
    window = op.params.get("window")
    channels = window["out_c"] if window else op.params["out_c"]
    amounts = op.macs, op.macs // channels, op.output.nbytes
    return sum(a * n for a, n in zip((_QUICK if quick else _SLOW)[op.kernel], amounts))


def model_instructions(ops):
    """Of a model's ops, in the forms that they have."""
    return sum(instructions(op, bool(op.params.get("pairs"))) if op.kernel in _QUICK else _OTHER * op.macs for op in ops)

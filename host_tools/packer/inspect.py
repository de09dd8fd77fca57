"""`packer inspect`: what a `.tin` blob holds, read back from its bytes alone."""

import json

import numpy as np

from . import format as f
from .core import check


def macs(kernel, params, out_rows):
    """Multiply-accumulates of an op that makes `out_rows` rows; padding counts, as it usually is counted."""
    if kernel == "FULLY_CONNECTED":
        return out_rows * params["pixels"] * params["in_c"] * params["out_c"]
    if kernel in ("CONV2D", "DEPTHWISE_CONV2D"):
        w = params["window"]
        per_output = w["k_h"] * w["k_w"] * (w["in_c"] if kernel == "CONV2D" else 1)
        return out_rows * w["out_w"] * w["out_c"] * per_output
    if kernel in ("GENERAL_CONV", "TRANSPOSE_CONV"):
        w = params["window"]
        per_output = w["k_h"] * w["k_w"] * params["group_c"]
        return out_rows * w["out_w"] * w["out_c"] * per_output // (params["up_h"] * params["up_w"])
    if kernel == "LSTM":
        return out_rows * 4 * params["units"] * (params["in_c"] + params["units"])
    if kernel == "SVDF":
        return out_rows * params["units"] * params["rank"] * (params["in_c"] + params["memory"])
    if kernel == "BATCH_MATMUL":
        return out_rows * params["size"][4] * params["size"][5]
    return 0


def weight_bytes(kernel, params, inputs):
    """Bytes of weights, or of the table, that an op with those `inputs` (ti_tensor) reads."""
    if kernel == "FULLY_CONNECTED":
        return params["in_c"] * params["out_c"]
    if kernel in ("CONV2D", "DEPTHWISE_CONV2D"):
        w = params["window"]
        return w["k_h"] * w["k_w"] * w["out_c"] * (w["in_c"] if kernel == "CONV2D" else 1)
    if kernel in ("GENERAL_CONV", "TRANSPOSE_CONV"):
        w = params["window"]
        return w["k_h"] * w["k_w"] * w["out_c"] * params["group_c"]
    if kernel == "LSTM":
        return 4 * params["units"] * (params["in_c"] + params["units"])
    if kernel == "SVDF":  # those over time are as many as the state's values
        return params["units"] * params["rank"] * params["in_c"] + inputs[1]["row_bytes"]
    if kernel in ("SOFTMAX", "LOG_SOFTMAX"):
        return 4 * params.get("softmax", params)["exp_count"]
    return {"TABLE": 256, "TABLE16": 512, "SOFTMAX16": 2 * 2 * 513}.get(kernel, 0)


def coding_text(coded):
    """What a ti_coded is called: `sparse of 4`, `palette of 16`, `channel palette of 16`, `entropy`; empty for None."""
    if coded is None:
        return ""
    name = f.CODING_NAMES[coded["coding"]]
    return name if name == "entropy" else f"{name} of {coded['block'] if name == 'sparse' else 1 << coded['bits']}"


class Blob:
    """A checked `.tin` blob, its records as dicts. BlobFault if the core refuses it."""

    def __init__(self, data):
        check(data)
        self.data = bytes(data)
        h = self.header = f.HEADER.unpack(self.data)
        self.tensors = self._records(f.TENSOR, h["tensors"], h["n_tensors"])
        self.ops = self._records(f.OP, h["ops"], h["n_ops"])
        self.segments = self._records(f.SEGMENT, h["ops"] + h["n_ops"] * f.OP.size, h["n_segments"])
        self.steps = self._records(f.STEP, h["steps"], h["n_steps"])
        io = self._records(f.IO, h["io"], h["n_inputs"] + h["n_outputs"])
        for record in io:
            record["name"] = self.string(record["name"])
            record["scale_value"] = float(np.uint32(record["scale"]).view(np.float32))
        self.inputs, self.outputs = io[: h["n_inputs"]], io[h["n_inputs"] :]
        for op in self.ops:
            op["name"] = self.string(op["name"])
            op["kernel"] = f.KERNEL_NAMES[op["kernel"]]
            start = self.segments[op["segment"]]["offset"] if self.segments else 0
            op["params"] = f.PARAMS[op["kernel"]].unpack(self.data, start + op["params"])
            op["macs"] = macs(op["kernel"], op["params"], self.tensors[op["output"]]["rows"])
            inputs = [self.tensors[i] for i in op["inputs"] if i != f.NONE]
            op["weight_bytes"] = weight_bytes(op["kernel"], op["params"], inputs)
            op["coded"] = None
            if op["params"].get("pairs", {}).get("coded"):
                op["coded"] = f.CODED.unpack(self.data, start + op["params"]["weights"])
                op["weight_bytes"] = f.CODED.size + op["coded"]["bytes"] + self._table_bytes(op)

    def _records(self, struct, offset, count):
        return [struct.unpack(self.data, offset + i * struct.size) for i in range(count)]

    @staticmethod
    def _table_bytes(op):
        """Of an op with coded weights."""
        coded, params = op["coded"], op["params"]
        channels = params["window"]["out_c"] if "window" in params else params["out_c"]
        tables = {"sparse": 0, "entropy": 2, "palette": 1, "channel palette": channels}[f.CODING_NAMES[coded["coding"]]]
        return tables << coded["bits"]

    def _shared_bytes(self):
        """[of each op: bytes of its table, where an op before it has the same one]: they are in the blob once."""
        tables, found = set(), []
        for op in self.ops:
            table = (op["segment"], op["coded"]["table"]) if op["coded"] is not None and op["coded"]["table"] else None
            found.append(self._table_bytes(op) if table in tables else 0)
            tables |= {table} - {None}
        return found

    @property
    def weight_bytes(self):
        """Of all ops, tables that several share counted once."""
        return sum(op["weight_bytes"] for op in self.ops) - sum(self._shared_bytes())

    @property
    def savings(self):
        """{coding: (ops, bytes that their weights take less)} of the ops that have coded weights."""
        found = {}
        for op, shared in zip(self.ops, self._shared_bytes()):
            if op["coded"] is not None:
                name = f.CODING_NAMES[op["coded"]["coding"]]
                ops, saved = found.get(name, (0, 0))
                dense = weight_bytes(op["kernel"], op["params"], [])
                found[name] = ops + 1, saved + dense - op["weight_bytes"] + shared
        return found

    def string(self, offset):
        return self.data[offset : self.data.index(b"\0", offset)].decode("utf-8", "replace")

    @property
    def name(self):
        return self.string(self.header["name"])

    @property
    def metadata(self):
        """The user's JSON object, {} where there is none or it is not one."""
        try:
            value = json.loads(self.string(self.header["metadata"])) if self.header["metadata"] else {}
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def summary(self):
        """What `packer inspect --json` prints: the same keys as `packer build --json`."""
        return {
            "name": self.name,
            "pool_bytes": self.header["pool_bytes"],
            "state_bytes": self.header["state_bytes"],
            "resident_bytes": self.segments[0]["offset"] if self.segments else 0,
            "lower_bound_bytes": self.metadata.get("lower_bound_bytes"),
            "blob_bytes": self.header["blob_bytes"],
            "tflite_bytes": self.metadata.get("tflite_bytes"),
            "macs": sum(op["macs"] for op in self.ops),
            "compressed": {name: {"ops": ops, "saved_bytes": saved} for name, (ops, saved) in self.savings.items()},
            "ops": [
                {
                    "name": op["name"],
                    "kernel": op["kernel"],
                    "macs": op["macs"],
                    "coding": coding_text(op["coded"]) or None,
                    "weight_bytes": op["weight_bytes"],
                }
                for op in self.ops
            ],
        }


def shape_text(io):
    """`int8[1,28,28,1]`: an input or output as the model's user sees it."""
    return f"{f.DTYPE_NAMES[io['edge']]}[{','.join(map(str, io['shape'][: io['ndim']]))}]"

"""TFLite Micro as the oracle: what a `.tflite` model computes, byte for byte.

TFLite Micro ends the whole process on some models it cannot run, so it lives in a worker process of its own, which is
kept from one call to the next and started again when it dies.
"""

import importlib.util
import os
import pickle
import subprocess
import sys
import tempfile

import tflite

from .errors import PackerError

ARENA_FIRST = 1 << 22
ARENA_LAST = 1 << 28


class OracleError(PackerError):
    """TFLite Micro is not there, or refused the model; the text says why in TFLite Micro's own words."""


def run(model, inputs):
    """The outputs of one inference: a list of arrays, from `inputs`, an array for each input of the model."""
    return run_many(model, [inputs])[0]


def run_many(model, cases):
    """The outputs of consecutive inferences, one a case, on one interpreter: its state lives from case to case."""
    return _call(model, cases, all_tensors=False)


def run_layers(model, cases):
    """Every tensor of the main graph after the last of consecutive inferences: {index in the `.tflite`: array}."""
    return _call(model, cases, all_tensors=True)[-1]


class _Worker:
    """A process that runs `_serve`: requests on its stdin, answers on its stdout, TFLite Micro's words in `log`."""

    def __init__(self):
        if importlib.util.find_spec("tflite_micro") is None:
            raise OracleError("comparing with TFLite Micro needs its Python package: pip install tflite-micro")
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"from {__name__} import _serve; _serve()"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))})

    def ask(self, request):
        """The answer, or None where the worker died of the request; the log then holds its last words."""
        self.log.seek(0)
        self.log.truncate()
        try:
            pickle.dump(request, self.process.stdin)
            self.process.stdin.flush()
            return pickle.load(self.process.stdout)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            self.process.kill()
            self.process.wait()
            return None

    def words(self):
        """What TFLite Micro printed since the last request, in one line."""
        self.log.seek(0)
        return "; ".join(line.strip() for line in self.log.read().decode(errors="replace").splitlines() if line.strip())


_worker = None


def _call(model, cases, all_tensors):
    """Ask the worker, with a larger arena as long as TFLite Micro says that the one it got is too small."""
    global _worker
    arena = ARENA_FIRST
    while True:
        if _worker is None:
            _worker = _Worker()
        worker = _worker
        answer = worker.ask((bytes(model), cases, arena, all_tensors))
        if answer is None:
            _worker = None
            status, words = worker.process.returncode, worker.words()
            raise OracleError(f"TFLite Micro ended with status {status}: {words or 'no message'}")
        results, error = answer
        if error is None:
            return results
        words = worker.words()
        if "missing:" not in words or arena >= ARENA_LAST:
            raise OracleError(f"TFLite Micro refuses the model: {error}" + (f": {words}" if words else ""))
        arena *= 8


def _serve():
    """The worker: answer requests (model, cases, arena bytes, all tensors?) with (results, error or None)."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    from tflite_micro.python.tflite_micro import runtime

    while True:
        try:
            model, cases, arena, all_tensors = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            answer = _infer(runtime, model, cases, arena, all_tensors), None
        except Exception as error:
            answer = None, f"{type(error).__name__}: {error}"
        pickle.dump(answer, answers)
        answers.flush()


def _infer(runtime, model, cases, arena, all_tensors):
    configs = runtime.InterpreterConfig
    config = configs.kPreserveAllTensors if all_tensors else configs.kAllocationRecording
    graph = runtime.convert_bytearray_to_object(model).subgraphs[0]
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=arena, intrepreter_config=config)
    results = []
    for inputs in cases:
        if len(inputs) != len(graph.inputs):
            raise ValueError(f"the model has {len(graph.inputs)} inputs, {len(inputs)} were given")
        for index, array in enumerate(inputs):
            interpreter.set_input(array, index)
        interpreter.invoke()
        if not all_tensors:
            results.append([interpreter.get_output(i) for i in range(len(graph.outputs))])
    if all_tensors:
        # TFLite Micro crashes when it is asked for a resource tensor.
        readable = [i for i, tensor in enumerate(graph.tensors) if tensor.type != tflite.TensorType.RESOURCE]
        results.append({i: interpreter.GetTensor(i, 0)["tensor_data"] for i in readable})
    return results

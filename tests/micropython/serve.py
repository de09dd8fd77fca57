# Runs on MicroPython: serves inferences to tests/support/backends.py over stdin and stdout, until stdin ends.
#
# A message is its length in bytes (uint32) and that many bytes; integers are little-endian. A request is two messages:
#
#     the blob
#     n_inputs, n_outputs (uint16 each); offset, bytes in the pool of each input and output (uint32 each); then, for each
#     inference, what goes into the inputs
#
# and the answer is one: status 0 (uint8) and the bytes of the outputs of each inference, or status 1 and an error's text.
import gc
import struct
import sys

from _tinyinfer import Engine


def receive(stdin):
    head = stdin.read(4)
    if len(head) < 4:
        sys.exit()
    return stdin.read(struct.unpack("<I", head)[0])


def send(stdout, status, data):
    stdout.write(struct.pack("<IB", 1 + len(data), status))
    stdout.write(data)


def infer(blob, request):
    """The bytes of all outputs of all inferences, one after the other on one model."""
    n_inputs, n_outputs = struct.unpack_from("<HH", request)
    edges = [struct.unpack_from("<II", request, 4 + 8 * i) for i in range(n_inputs + n_outputs)]
    inputs, outputs = edges[:n_inputs], edges[n_inputs:]
    engine = Engine(blob, None)
    layer = engine.selftest()
    if layer >= 0:
        raise ValueError("selftest: the bytes of op %d differ" % layer)
    engine.reset()
    pool = memoryview(engine.pool())
    request = memoryview(request)
    answer = bytearray()
    at = 4 + 8 * len(edges)
    while at < len(request):
        for offset, size in inputs:
            pool[offset : offset + size] = request[at : at + size]
            at += size
        engine.run()
        for offset, size in outputs:
            answer += pool[offset : offset + size]
    return answer


def serve(stdin, stdout):
    while True:
        blob, request = receive(stdin), receive(stdin)
        try:
            send(stdout, 0, infer(blob, request))
        except Exception as e:
            send(stdout, 1, repr(e))
        blob = request = None
        gc.collect()


serve(sys.stdin.buffer, sys.stdout.buffer)

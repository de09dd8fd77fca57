"""The order of ops: branches of a model may run in any order that respects who reads what, and some need less RAM.

A search over the sets of ops already done, the one with the smallest peak so far first, finds the best order for whole
tensors; it is exact up to a number of sets, beyond which the model's own order stays.
"""

import heapq

_MOST_SETS = 5_000


def dependencies(ops):
    """For each op a bit mask of the ops that must come before it: makers of what it reads, users of what it overwrites."""
    before = []
    readers, writers = {}, {}
    for i, op in enumerate(ops):
        mask = 0
        for rows in op.inputs:
            mask |= writers.get(rows.buffer, 0)
        out = op.output.buffer
        mask |= writers.get(out, 0) | readers.get(out, 0)
        before.append(mask & ~(1 << i))
        for rows in op.inputs:
            readers[rows.buffer] = readers.get(rows.buffer, 0) | 1 << i
        writers[out] = writers.get(out, 0) | 1 << i
    return before


def best_order(program):
    """The ops in the order with the smallest peak of live bytes, or None where the search would take too long."""
    ops = program.ops
    before = dependencies(ops)
    kept = {edge.buffer for edge in program.outputs} | set(program.state)
    users = {}  # buffer -> mask of the ops that read or write it
    makers = {}  # buffer -> mask of the ops that write it
    for i, op in enumerate(ops):
        for rows in (*op.inputs, op.output):
            if rows.buffer.data is None:
                users[rows.buffer] = users.get(rows.buffer, 0) | 1 << i
        makers[op.output.buffer] = makers.get(op.output.buffer, 0) | 1 << i
    buffers = [(b.nbytes, users[b], makers.get(b, 0), b in kept) for b in users]

    def alive(done, running):
        """Bytes alive while op `running` runs after the ops of `done`."""
        bit = 1 << running
        total = ops[running].scratch.nbytes if ops[running].scratch else 0
        for nbytes, used, made, keep in buffers:
            begun = not made or made & (done | bit)
            if begun and (keep or used & ~done):
                total += nbytes
        return total

    everything = (1 << len(ops)) - 1
    heap = [(0, 0, 0, ())]  # (peak so far, minus ops done, set of ops done, their order)
    seen = set()
    while heap and len(seen) < _MOST_SETS:
        peak, _, done, order = heapq.heappop(heap)
        if done == everything:
            return [ops[i] for i in order]
        if done in seen:
            continue
        seen.add(done)
        for i in range(len(ops)):
            bit = 1 << i
            if not done & bit and not before[i] & ~done and done | bit not in seen:
                heapq.heappush(heap, (max(peak, alive(done, i)), -len(order) - 1, done | bit, (*order, i)))
    return None

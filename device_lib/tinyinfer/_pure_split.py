"""A pool whose first bytes lie elsewhere, for a model with state on a pool that was given. Imported where there is one."""


class Split:
    """Bytes of `state`, then those of `pool`, under one index; no slice reaches from one into the other."""

    def __init__(self, state, pool):
        self._state = state
        self._pool = pool
        self._at = len(state)

    def __len__(self):
        return self._at + len(self._pool)

    def _find(self, i):
        """(buffer, first index in it, past the last) of an index or a slice."""
        which = range(len(self))[i]  # small builds of MicroPython have no other way to take a slice apart
        if not isinstance(i, slice):
            first, past = which, which + 1
        else:
            first, past = (which[0], which[-1] + 1) if len(which) else (self._at, self._at)
        if first < self._at:
            return self._state, first, past
        return self._pool, first - self._at, past - self._at

    def __getitem__(self, i):
        buffer, first, past = self._find(i)
        return buffer[first:past] if isinstance(i, slice) else buffer[first]

    def __setitem__(self, i, x):
        buffer, first, past = self._find(i)
        if isinstance(i, slice):
            buffer[first:past] = x
        else:
            buffer[first] = x

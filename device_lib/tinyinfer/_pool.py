"""A block of RAM that several models share, and which of them may use it. Imported when a program makes a Pool."""


class Pool:
    """RAM of `size` bytes for models that do not run at the same time: load("a.tin", pool), load("b.tin", pool).

    A model in the middle of an inference, begun by steps() or feed(), holds the pool: until it is done, or restarted,
    other models of the pool, and load() with it, raise a RuntimeError. Each model's state lies beside the pool.
    """

    def __init__(self, size):
        self.memory = bytearray(size)  # None once it is closed
        self.holder = None  # the Shared engine that is in the middle of an inference

    def __len__(self):
        return len(self.memory or b"")

    def close(self):
        """Give the memory back: it is free once its models are gone, too. Until then all they do is a RuntimeError."""
        self.memory = self.holder = None

    def claim(self, engine, who):
        """RuntimeError unless `engine`, None where it is yet to be made, may use the pool now. `who`: what wants to."""
        if self.memory is None:
            raise RuntimeError("%s cannot use a pool that was closed: load the model with another" % who)
        if self.holder is not None and self.holder is not engine:
            raise RuntimeError(
                "%s cannot use the pool while %s is in the middle of an inference: finish that, or call its restart()"
                % (who, self.holder.who)
            )


class Shared:
    """An engine on a Pool, which it holds from the start of an inference to its end."""

    def __init__(self, engine, pool, who):
        self._engine = engine
        self._pool = pool
        self.who = who

    def _claim(self):
        self._pool.claim(self, self.who)

    def _hold(self):
        """Hold the pool as long as the inference is not at its end."""
        self._pool.holder = self if self._engine.busy() else None

    def run(self):
        self._claim()
        try:
            return self._engine.run()
        finally:
            self._hold()

    def step(self, n):
        self._claim()
        try:
            return self._engine.step(n)
        finally:
            self._hold()

    def feed(self, rows, flip):
        self._claim()
        try:
            return self._engine.feed(rows, flip)
        finally:
            self._hold()

    def restart(self):
        self._claim()
        self._engine.restart()
        self._hold()

    def reset(self):
        self._claim()
        self._engine.reset()
        self._hold()

    def selftest(self):
        self._claim()
        try:
            return self._engine.selftest()
        finally:
            self._hold()

    def fill(self, seed):
        self._claim()
        self._engine.fill(seed)

    def write(self, tensor, data, flip):
        self._claim()
        self._engine.write(tensor, data, flip)

    def close(self):
        """Let others use the pool, for good."""
        if self._pool.holder is self:
            self._pool.holder = None
        if hasattr(self._engine, "close"):
            self._engine.close()

    def op(self):
        return self._engine.op()

    def busy(self):
        return self._engine.busy()

    def pool(self):
        return self._engine.pool()

    def state(self):
        return self._engine.state()


class Closed:
    """In place of the engine and the blob of a model that was closed: whatever is done with it is a RuntimeError."""

    def __init__(self, engine, who):
        if hasattr(engine, "close"):
            engine.close()
        self._who = who

    def __getattr__(self, name):
        raise RuntimeError("%s was closed: load it again" % self._who)

    def __getitem__(self, i):
        self.run()

    def __len__(self):
        self.run()

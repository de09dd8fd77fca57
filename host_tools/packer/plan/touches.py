"""When every byte of every buffer is touched first and last, as some events go by: what lives and peaks are counted
from."""

import numpy as np

NEVER = np.iinfo(np.int64).max


class Touches:
    """Notes reads and writes row by row, each view of a buffer (a Rows) for itself. Events come in order."""

    def __init__(self, home):
        """`home`: buffer -> the buffer in whose memory it lies."""
        self.home = home
        self.of_home = {}  # buffer -> {Rows: ([first event of each row], [last event])}
        self.known = {}  # id of a Rows -> the same pair: hashing Rows takes time

    def _view(self, rows):
        views = self.of_home.setdefault(self.home[rows.buffer], {})
        if rows not in views:
            views[rows] = [NEVER] * rows.rows, [-1] * rows.rows
        self.known[id(rows)] = views[rows]
        return views[rows]

    def write(self, rows, row, when):
        first, last = self.known.get(id(rows)) or self._view(rows)
        if when < first[row]:
            first[row] = when
        last[row] = when

    def read(self, rows, first, past, when):
        """What is read has been written, or is there from before."""
        (self.known.get(id(rows)) or self._view(rows))[1][first:past] = [when] * (past - first)

    def parts(self, home):
        """(bounds, born, dies) of `home`, as Item has them: a part is what no view cuts in two."""
        views = self.of_home[home]
        whole = [rows.start + rows.row_bytes * np.arange(rows.rows + 1) for rows in views]
        if len(views) == 1 and whole[0][0] == 0 and whole[0][-1] == home.nbytes:
            ((first, last),) = views.values()
            return whole[0], np.array(first), np.array(last)
        bounds = np.unique(np.concatenate([[0, home.nbytes], *whole]))
        born, dies = np.full(len(bounds) - 1, NEVER), np.full(len(bounds) - 1, -1)
        for rows, (first, last) in views.items():
            first, last = np.array(first), np.array(last)
            row = (bounds[:-1] - rows.start) // rows.row_bytes
            inside = (0 <= row) & (row < rows.rows)
            born[inside] = np.minimum(born[inside], first[row[inside]])
            dies[inside] = np.maximum(dies[inside], last[row[inside]])
        return bounds, born, dies

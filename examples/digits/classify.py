"""Recognise handwritten digits: the program to read first.

    micropython classify.py digits.tin samples/*.pgm

On a board, where there is no command line, copy this file, digits.tin and a few samples onto it and type:

    import classify
    classify.run("digits.tin", ["3_0059.pgm"])
"""

import sys

import tinyinfer

try:
    from time import ticks_diff, ticks_us
except ImportError:  # CPython and CircuitPython have no tick counters
    from time import monotonic_ns

    def ticks_us():
        return monotonic_ns() // 1000

    def ticks_diff(end, start):
        return end - start

SHADES = " ░▒▓█"


def read_image(path):
    """Read a plain PGM (P2) of 8 x 8 pixels; return its 64 grey levels, 0 (paper) to 16 (ink), row by row."""
    with open(path) as f:
        words = f.read().split()
    if words[:4] != ["P2", "8", "8", "16"] or len(words) != 68 or not all(0 <= int(word) <= 16 for word in words[4:]):
        raise ValueError(path + ": expected a plain PGM (P2), 8 x 8 pixels, grey levels 0 to 16")
    return [int(word) for word in words[4:]]


def draw(levels, scores, labels):
    """Print the image, two characters a pixel, beside a bar for each score (0 to 1)."""
    lines = ["┌" + 16 * "─" + "┐"]
    for y in range(0, 64, 8):
        lines.append("│" + "".join(2 * SHADES[(level + 3) // 4] for level in levels[y:y + 8]) + "│")
    lines.append("└" + 16 * "─" + "┘")
    for line, label, score in zip(lines, labels, scores):
        print(f"{line}  {label} {100 * score:5.1f}%  {round(20 * score) * '█'}")


def run(model, paths):
    """Classify the images at `paths`; the label each should get is in its name, before the first underscore."""
    m = tinyinfer.load(model)
    if m.labels is None:
        raise ValueError(model + " has no labels: pack it again with --labels labels.txt")
    print(m)
    right = total_us = 0
    for path in paths:
        levels = read_image(path)
        m.input.set([float(level) for level in levels])  # floats are real values: they are quantised here
        start = ticks_us()
        m.run()
        us = ticks_diff(ticks_us(), start)
        total_us += us

        answer = m.labels[m.output.argmax()]
        name = path.split("/")[-1]
        truth = name.split("_")[0]
        right += answer == truth
        print()
        draw(levels, m.output.dequantize(), m.labels)
        print(f"{name}: {answer}, {'right' if answer == truth else 'wrong, it is ' + truth}, {us} us")

    print(f"\n{right} of {len(paths)} right, {total_us // len(paths)} us each")
    print(f"RAM {m.pool_bytes:,} bytes, flash {m.blob_bytes:,} bytes, backend {tinyinfer.backend}")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: micropython classify.py digits.tin samples/*.pgm")
    run(sys.argv[1], sys.argv[2:])

"""`packer report`: the map of the pool shows what the plan says, and a browser shows and prints the page."""

import re
from html import unescape

import numpy as np
import pytest
from conftest import ROOT
from packer import build
from packer.coding import SCHEMES
from packer.compress import eligible, matrix_of
from packer.plan import liveness_bytes
from packer.plan.place import alive
from packer.report import report
from test_plan_networks import pyramid

from support.chromium import Page
from support.tflite_builder import Graph

MODELS = {"digits": (ROOT / "examples/digits/digits_int8.tflite").read_bytes(), "pyramid": pyramid()}
PHONE, A4 = 390, 718  # CSS pixels; A4 between its margins
HEIGHT, WIDTH = 420, 1000  # of the map


@pytest.fixture(scope="module", params=MODELS)
def result(request):
    return build(MODELS[request.param], request.param)


def shapes(page):
    """[(title, [(x, y of the lower left corner, width, height)])] of the map."""
    found = []
    for path, title in re.findall(r'<path d="([^"]*)"[^>]*><title>([^<]*)</title>', page):
        pieces = re.findall(r"M([\d.-]+) ([\d.-]+)h([\d.]+)v-([\d.]+)h", path)
        assert pieces and len(pieces) == path.count("M")
        found.append((unescape(title), [tuple(map(float, piece)) for piece in pieces]))
    return found


def end_of(result):
    return max(int(item.dies.max()) for item in result.plan.items)


def test_map_covers_every_byte_as_long_as_it_is_alive(result):
    end = end_of(result)
    x_scale, y_scale = WIDTH / (end + 3), HEIGHT / result.pool_bytes
    drawn = np.zeros((result.pool_bytes, end + 3), int)
    for _, pieces in shapes(report(result)):
        for x, y, width, height in pieces:
            left, right = round(x / x_scale), round((x + width) / x_scale)
            low, high = round((HEIGHT - y) / y_scale), round((HEIGHT - y + height) / y_scale)
            drawn[low:high, left:right] += 1
    assert drawn.max() == 1  # nothing lies over anything
    at = dict(alive(result.plan.items))
    nbytes = 0
    for event in range(-1, end + 1):
        nbytes = at.get(event, nbytes)
        assert drawn[:, event + 1].sum() == nbytes


def test_map_has_every_row_that_is_made_where_it_is_made(result):
    """By the steps and offsets that the blob has, of which the map knows nothing."""
    end = end_of(result)
    x_scale, y_scale = WIDTH / (end + 3), HEIGHT / result.pool_bytes
    drawn, when = shapes(report(result)), 0
    for i, first, rows in result.program.steps:
        for n in range(abs(rows)):
            row, out = first + (n if rows > 0 else -n), result.program.ops[i].output
            at = out.buffer.offset + out.start + row % (out.buffer.held_bytes // out.row_bytes) * out.row_bytes
            x, y = (when + 1.5) * x_scale, HEIGHT - (at + out.row_bytes / 2) * y_scale
            names = [title for title, pieces in drawn for left, low, wide, high in pieces
                     if left < x < left + wide and low - high < y < low]  # fmt: skip
            assert len(names) == 1 and out.buffer.name in names[0].split(": ")[0].split(", ")
            when += 1


def test_figures(result):
    page = report(result)
    alone = liveness_bytes(result.program)
    assert f"<b>{result.pool_bytes:,} B</b>" in page and f"<b>{alone:,} B</b>" in page
    assert f"the plan needs {result.pool_bytes / alone:.0%} of it" in page
    rows = re.findall(r"<tr><td>(\d+)</td><td>([^<]*)</td><td>([^<]*)</td>", page)
    assert rows == [(str(i), op.name, op.kernel.lower()) for i, op in enumerate(result.program.device_ops)]


@pytest.mark.slow
def test_browser_shows_and_prints_it(result, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(report(result), "utf-8")
    with Page(tmp_path / "profile") as page:
        for width in PHONE, 1280:
            page.load(path.as_uri(), width)
            methods = [event["method"] for event in page.events]
            asked = [e["params"]["request"]["url"] for e in page.events if e["method"] == "Network.requestWillBeSent"]
            assert asked == [path.as_uri()]
            assert not {"Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"}.intersection(methods)
            assert page.value("document.documentElement.scrollWidth") <= width
            assert page.value("document.querySelectorAll('svg path').length") == len(shapes(path.read_text("utf-8")))
            map_, svg = "document.querySelector('svg').getBBox()", "document.querySelector('svg').getBoundingClientRect()"
            assert page.value(f"{map_}.width") <= WIDTH + 1 and page.value(f"{map_}.height") <= HEIGHT + 1
            assert width * 0.7 < page.value(f"{svg}.width") <= width
        page.ask("Emulation.setEmulatedMedia", media="print")
        page.load(path.as_uri(), A4)
        assert page.value("document.documentElement.scrollWidth") <= A4
        pdf = page.pdf()
    assert pdf.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", pdf)) >= 1 and len(pdf) > 10_000


def test_weights_are_drawn_with_the_codings_that_hold_them():
    """Bars as long as the bytes say, the one that the blob has marked; a histogram with a column for each value that occurs."""
    for coding in (None, "entropy"):
        result = build(MODELS["digits"], "digits", coding=coding)
        page = report(result)
        figures = re.findall(r"<figure>(.*?)</figure>", page)
        ops = eligible(result.program)
        assert len(figures) == len(ops) > 2
        for figure, op in zip(figures, ops):
            matrix = matrix_of(op)
            bars = re.findall(r'<svg class="coding( own)?"[^>]*aria-label="([^:]*): ([\d,]+) bytes"><rect width="([\d.]+)%"', figure)
            sizes = {name: int(nbytes.replace(",", "")) for _, name, nbytes, _ in bars}
            assert [name for own, name, _, _ in bars if own] == (["entropy"] if op.coded else ["as they are"])
            assert sizes["as they are"] == matrix.size and sizes["sparse"] == SCHEMES["sparse"](matrix).nbytes
            assert ("palette" in sizes) == (SCHEMES["palette"](matrix) is not None)
            assert all(float(width) == pytest.approx(min(100, 100 * sizes[name] / matrix.size), abs=0.1) for _, name, _, width in bars)
            assert figure.count("h1v") == len(np.unique(matrix))
    assert any(op.coded for op in ops)


def test_a_page_without_weights():
    g = Graph()
    g.output(g.op("TANH", [g.input((1, 8), 0.05)], (1, 8), 1 / 128))
    assert "<h2>Weights</h2>" not in report(build(g.finish()))

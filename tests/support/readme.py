"""README.md's table of ops, from the code that supports them: `python -m support.readme` in tests/ writes it anew.

And the table of boards, from what `make boards-report` and `make bench` have measured.
"""

from pathlib import Path

from packer.lower import supported

from . import boards_report

README = Path(__file__).resolve().parents[2] / "README.md"
START, END = "<!-- ops: `make readme` writes what follows -->\n", "<!-- end of ops -->\n"


def ops_table():
    """The table in Markdown."""
    head = "| TFLite op | device kernel | dtypes | oracle | note |\n|---|---|---|---|---|\n"
    return head + "".join(f"| {op} | {kernel.lower()} | {' | '.join(texts)} |\n" for op, kernel, *texts in supported())


def with_table(text):
    """README's text with the table as it is now. ValueError where the markers are not there."""
    start, end = text.index(START) + len(START), text.index(END)
    return text[:start] + ops_table() + text[end:]


if __name__ == "__main__":
    README.write_text(boards_report.with_table(with_table(README.read_text("utf-8"))), "utf-8")

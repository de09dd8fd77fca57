"""`make boards-report`: runs every model on every emulated board; writes boards/archs.json and README.md's table of it.

What the table says of speed is docs/benchmarks.json's, which `make bench` writes.
"""

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "host_tools"), str(ROOT / "device_lib")]

from packer.boards import boards  # noqa: E402

from . import boards as emulated  # noqa: E402

KEPT = ROOT / "boards" / "archs.json"
COUNTS = ROOT / "docs" / "benchmarks.json"
README = ROOT / "README.md"
START, END = "<!-- boards: `make boards-report` writes what follows -->\n", "<!-- end of boards -->\n"
MODELS = ("digits", "mlperf_kws", "person_detect", "mlperf_vww", "mlperf_ic_resnet8", "mlperf_ad")


def names():
    """The boards that tests can run."""
    return [name for name, board in boards().items() if board.emulator or name in emulated.UNIX]


def measure(models, on_progress=print):
    """{architecture: its entry in boards/archs.json}. BoardError where an output byte is not TFLite Micro's."""
    kept = {}
    for name in names():
        board = boards()[name]
        head, found = emulated.run(name, models)
        wrong = [m.name for m in models if m.differing_bytes(found[m.name]["outputs"])]
        if wrong:
            raise emulated.BoardError(f"{name}: other bytes than TFLite Micro's from {', '.join(wrong)}")
        on_progress(f"{name}: {len(models)} models, importing takes {head['module_bytes'] + head['library_bytes']:,} B")
        entry = kept.setdefault(board.arch, {"boards": []})
        entry["boards"].append(name)
        entry["file_bytes"] = emulated.native_module(board.arch).stat().st_size
        # the most of an architecture's boards; the unix port has machine code outside the heap
        for key in ("module_bytes", "library_bytes"):
            entry[key] = max(entry.get(key, 0), head[key])
        entry["models"] = len(models)
    return kept


def table(kept, counts):
    """The table in Markdown, from what boards/archs.json and docs/benchmarks.json hold."""
    head = ["`.mpy` for", "run on", "bytes", "RAM at import", "models", *MODELS]
    lines = ["| " + " | ".join(head) + " |\n", "|---|---|" + "---:|" * (len(head) - 2) + "\n"]
    for arch, entry in sorted(kept.items()):
        run_on = [boards()[name] for name in entry["boards"]]
        titles = "; ".join(board.title for board in run_on)
        ram = f"{entry['module_bytes'] + entry['library_bytes']:,}" if run_on[0].emulator else "-"
        cells = [arch, titles, f"{entry['file_bytes']:,}", ram, str(entry["models"])]
        of_core = next((counts[board.core] for board in run_on if board.core in counts), {})
        for name in MODELS:
            e = of_core.get(name)
            count = e and (f"{e['cycles']:,} cycles" if "cycles" in e else f"{e['instructions']:,}")
            cells.append(count or "-")
        lines.append("| " + " | ".join(cells) + " |\n")
    return "".join(lines)


def with_table(text):
    """README's text with the table as it has to be. ValueError where the markers are not there."""
    start, end = text.index(START) + len(START), text.index(END)
    return text[:start] + table(json.loads(KEPT.read_text()), json.loads(COUNTS.read_text())) + text[end:]


def main():
    models, missing = emulated.at_hand()
    kept = measure(models)
    if missing:
        print(f"{len(missing)} models are missing, {missing[0]} for one: nothing is written")
        return
    KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    README.write_text(with_table(README.read_text("utf-8")), "utf-8")
    print(f"wrote {KEPT.relative_to(ROOT)} and the table of boards in README.md")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except emulated.BoardError as error:
        sys.exit(f"make boards-report: {error}")

"""Seeds for the fuzzer: `python make_corpus.py FOLDER` writes small valid blobs that have every kernel."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.blobs import every_kernel  # noqa: E402  (found through sys.path)


def main(folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(1, 5):
        (folder / f"every_kernel_{seed}.tin").write_bytes(every_kernel(seed))


if __name__ == "__main__":
    main(sys.argv[1])

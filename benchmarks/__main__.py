"""Measure everything and write RESULTS.md: `make benchmark`."""

import platform
import sys
import tempfile
from pathlib import Path

from autofocus import __version__
from benchmarks import downloading, preprocessing, tables
from benchmarks.measure import machine, table

HERE = Path(__file__).parent
PEERS_BIN = HERE.parent / ".venv-peers" / "bin"

TEXT = """# Benchmarks

Whole commands, start of the interpreter included, on {machine}, Python {python}, Autofocus
{version}. Each peer was run in turn with ours (A B A B …), {runs} counted runs after one that
wasn't; a ratio above 1 says that Autofocus was faster. `make benchmark` gives this table anew.

{table}

What the peers leave out: OpenCV's loop reads no EXIF data, keeps no ledger, and stops at the first
broken file. s5cmd and `aws s3 sync` keep no ledger; s5cmd does not verify checksums. The loops in
Python clean and link without rules, ledger, checks, or a way to go on after a stop.
"""


def main() -> int:
    """Measure and write."""
    if not (PEERS_BIN / "python").exists():
        print(f"The peers are not installed in {PEERS_BIN}: run make benchmark.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [
            *preprocessing.run(folder / "preprocessing", PEERS_BIN / "python"),
            *downloading.run(folder / "downloading", PEERS_BIN),
            *tables.run(folder / "tables"),
        ]
    text = TEXT.format(
        machine=machine(),
        python=platform.python_version(),
        version=__version__,
        runs=len(rows[0].ours),
        table=table(rows),
    )
    (HERE / "RESULTS.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""A peer: link photographs into label folders row by row, without rules, ledger or checks.

python rows_link.py TABLE OUTDIR
"""

import csv
import os
import sys
from pathlib import Path


def main(table: Path, outdir: Path) -> None:
    """Make a relative link a photograph, in the folder of its first label."""
    with table.open(newline="", encoding="utf-8") as file:
        for number, row in enumerate(csv.DictReader(file)):
            names = [key for key, value in row.items() if key.startswith("contains_")
                     and value == "1"]  # fmt: skip
            folder = outdir / names[0].removeprefix("contains_")
            folder.mkdir(parents=True, exist_ok=True)
            target = os.path.relpath(table.parent / row["filepath"], folder)
            (folder / f"{number}.JPG").symlink_to(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

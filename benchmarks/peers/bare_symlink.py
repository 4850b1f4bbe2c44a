"""A peer: nothing but `os.symlink`, from a list of links and targets that is made already.

python bare_symlink.py PAIRS OUTDIR
"""

import os
import sys
from pathlib import Path


def main(pairs: Path, outdir: Path) -> None:
    """Make all links.

    Args:
        pairs: a text file with a link, a tab and its target on each line.
        outdir: the folder that the links are relative to; it is created.
    """
    made = set()
    with pairs.open(encoding="utf-8") as file:
        outdir.mkdir()
        os.chdir(outdir)
        for line in file:
            link, target = line.rstrip("\n").split("\t")
            folder = link.rpartition("/")[0]
            if folder not in made:
                Path(folder).mkdir(parents=True)
                made.add(folder)
            os.symlink(target, link)  # noqa: PTH211 - as bare as can be


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

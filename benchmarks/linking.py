"""link_images_by_label against a plain loop."""

import shutil
import sys
from pathlib import Path

from benchmarks.measure import Comparison, Task, compare, has_files
from benchmarks.results import Note

ROW = "link"
NOTE = Note("The loop links without rules, ledger, checks, or a way to go on after a stop.")
LINKS = 20_000
LABELS = ("raccoon", "empty", "deer", "coyote")
PEERS = Path(__file__).parent / "peers"


def run(folder: Path, peers: Path) -> list[Comparison]:  # noqa: ARG001 - of our environment
    """Measure linking."""
    table, out = folder / "table.csv", folder / "out"
    with table.open("w", encoding="utf-8") as file:
        file.write("filepath," + ",".join(f"contains_{label}" for label in LABELS) + "\n")
        for number in range(LINKS):
            image = folder / f"s{number % 50}" / f"{number}.JPG"
            image.parent.mkdir(exist_ok=True)
            image.touch()
            flags = ",".join(str(int(number % len(LABELS) == place)) for place in range(4))
            file.write(f"s{number % 50}/{number}.JPG,{flags}\n")

    check = has_files(out, "*.JPG", LINKS)

    def fresh() -> None:
        shutil.rmtree(out, ignore_errors=True)

    ours = [
        sys.executable,
        "-m",
        "autofocus",
        "link_images_by_label",
        "--detections-path",
        str(table),
        "--outdir",
        str(out),
    ]
    script = [sys.executable, str(PEERS / "rows_link.py")]
    peer = Task(
        "Python, row by row, no ledger", [*script, str(table), str(out)], fresh, check=check
    )
    what = f"link {LINKS:,} photographs"
    return compare(what, LINKS, "rows", Task("autofocus", ours, fresh, check=check), [peer])

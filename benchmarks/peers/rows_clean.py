"""A peer: the join of clean_detections, row by row with the standard library, without a ledger.

python rows_clean.py DETECTIONS PROPERTIES OUTPATH
"""

import csv
import sys
from datetime import datetime
from pathlib import Path


def main(detections: Path, properties: Path, outpath: Path) -> None:
    """Write a row a photograph with a 0/1 column for each label."""
    with properties.open(newline="", encoding="utf-8") as file:
        photographs = {row["filepath"]: row for row in csv.DictReader(file)}
    labels: dict[str, set[str]] = {}
    dates: dict[str, str] = {}
    with detections.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            parts = [part for part in row["FilePath"].replace("\\", "/").split("/") if part]
            path = "/".join([*parts[2:], row["FileName"]])
            if path not in photographs:
                continue
            moment = datetime.strptime(row["ImageDate"], "%d-%b-%y")
            dates[path] = moment.date().isoformat()
            labels.setdefault(path, set()).add(row["ShortName"])
    names = sorted({name for found in labels.values() for name in found})
    with outpath.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["date", "filepath", "time", "night", "mean_brightness"]
            + [f"contains_{name}" for name in names]
        )
        for path in sorted(labels):
            known = photographs[path]
            time = known["time"] if known["date"] == dates[path] else ""
            flags = [int(name in labels[path]) for name in names]
            fixed = [dates[path], path, time, known["night"], known["mean_brightness"]]
            writer.writerow([*fixed, *flags])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))

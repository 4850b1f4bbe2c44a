"""Tables that come back from a review, or go into an export, edited by people and programs."""

import json
from collections.abc import Iterator
from pathlib import Path

from tests.attack.attack import Attack, Scale, Trial
from tests.attack.table_inputs import (
    Shot,
    call,
    count_records,
    fresh,
    make_shots,
    mutate,
    mutate_json,
    read_rows,
    to_csv,
)

PART = "Reviews and exports"

_HEADER = (
    "filepath",
    "label",
    "score",
    "status",
    "decision",
    "date",
    "time",
    "location",
    "original",
)


def _predictions(shots: list[Shot]) -> bytes:
    rows = [
        [
            shot.path,
            shot.label,
            "0.9000",
            "ok",
            "accept",
            f"{shot.day}",
            "10:00:00",
            shot.folder,
            "",
        ]
        for shot in shots
    ]
    return to_csv([_HEADER, *rows]).encode()


def _try_corrections(scale: Scale, folder: Path) -> Iterator[Trial]:
    source = scale.random("corrections")
    for number in range(scale.count(8, 150)):
        shots, trial = make_shots(source), fresh(folder)
        (trial / "predictions.csv").write_bytes(_predictions(shots))
        rows = [[shot.path, "fox", "Ann"] for shot in shots]
        content = mutate(to_csv([["filepath", "label", "by"], *rows]).encode(), source)
        # Whatever else befell the table, a row with too many cells gives no label.
        content += f"\n{shots[0].path},wolf,Ann,too much\n".encode()
        is_json = source.random() < 0.5
        if is_json:
            tasks = [
                {"id": n, "filepath": shot.path, "image": shot.path, "label": "fox"}
                for n, shot in enumerate(shots)
            ]
            content = json.dumps(mutate_json(tasks, source)).encode()
        (trial / "reviewed").write_bytes(content)
        outpath = trial / "corrections.csv"
        outcome = call(
            "import_corrections", trial / "reviewed", "--predictions", trial / "predictions.csv",
            "--outpath", outpath,
        )  # fmt: skip
        yield Trial(
            f"{number}: {content[:300]!r}",
            outcome.problem or _check_corrections(trial, content, is_json=is_json, shots=shots),
        )


def _check_corrections(trial: Path, content: bytes, *, is_json: bool, shots: list[Shot]) -> str:
    """Return what is wrong with the table of corrections and its ledger, if they are there."""
    outpath = trial / "corrections.csv"
    if not outpath.is_file():
        return ""
    ledger, known = read_rows(trial / "corrections.ledger.csv"), {shot.path for shot in shots}
    strange = [row for row in read_rows(outpath) if row["filepath"] not in known]
    if strange:
        return f"{strange[0]} is no image"
    if not is_json:
        text = content.decode("utf-8-sig", "replace")
        rows = count_records(text) - 1
        if rows != len(ledger):
            return f"{rows} rows, {len(ledger)} in the ledger"
        is_whole = text.startswith("filepath,label,by\n") and '"' not in text
        is_taken = any(row["label"] == "wolf" for row in read_rows(outpath))
        return "a row with too many cells was accepted" if is_whole and is_taken else ""
    return f"{len(ledger)} of {len(shots)} tasks" if len(ledger) < len(shots) - 1 else ""


def _try_exports(scale: Scale, folder: Path) -> Iterator[Trial]:
    source = scale.random("exports")
    deployments = b"location,latitude,longitude,start,end\n"
    for number in range(scale.count(8, 150)):
        shots, trial = make_shots(source), fresh(folder)
        places = sorted({shot.folder for shot in shots})
        rows = "".join(f"{place},41.9,-87.6,2011-01-01,2030-01-01\n" for place in places)
        given = {"predictions.csv": _predictions(shots), "d.csv": deployments + rows.encode()}
        damaged = source.choice(list(given))
        given[damaged] = mutate(given[damaged], source)
        for name, content in given.items():
            (trial / name).write_bytes(content)
        outcome = call(
            "export", "--predictions", trial / "predictions.csv", "--outdir", trial / "export",
            "--formats",
            source.choice(("csv", "camtrap-dp", "megadetector", "timelapse", "coco")),
            "--deployments", trial / "d.csv", "--contributors", "Ann Onym",
            "--project", "a", "--timezone", "UTC", "--sampling-design", "simpleRandom",
            "--capture-methods", "activityDetection",
        )  # fmt: skip
        left = [path for path in (trial / "export").rglob("*.csv") if not path.stat().st_size]
        problem = outcome.problem or (f"{left[0]} is empty" if left else "")
        yield Trial(f"{number}, {damaged}: {given[damaged][:300]!r}", problem)


ATTACKS = (
    Attack("a review comes back damaged", _try_corrections),
    Attack("a table that is exported is damaged, or its deployments", _try_exports),
)

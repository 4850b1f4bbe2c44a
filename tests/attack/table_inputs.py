"""Inputs of the attack on tables: a small project with a known truth, and what can befall it."""

import csv
import io
import json
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from autofocus import cli
from autofocus.tables.columns import PROPERTIES

LABELS = ("raccoon", "deer", "striped skunk", "empty", "Rotkehlchen")
FOLDERS = ("B03-WEST1", "Forêt", "Site A")
HEADER = ("ImageDate", "FilePath", "FileName", "ShortName")
# A message is at most so long, paths included.
_LONGEST = 2_000
_STATUSES = (0, 3, 4)


@dataclass(frozen=True)
class Shot:
    """An image of the project, and its true label."""

    folder: str
    name: str
    day: date
    label: str

    @property
    def path(self) -> str:
        """Relative to the folder of images."""
        return f"{self.folder}/{self.name}"

    @property
    def cells(self) -> list[str]:
        """Those of the table of detections."""
        return [self.day.isoformat(), f"Z:\\Traps\\{self.folder}", self.name, self.label]


def make_shots(source: random.Random, number: int = 12) -> list[Shot]:
    """Return images with random dates and labels."""
    start = date(2012, 1, 1)
    return [
        Shot(
            FOLDERS[place % len(FOLDERS)],
            f"IMG_{place:04}.JPG",
            start + timedelta(days=source.randrange(4000)),
            source.choice(LABELS),
        )
        for place in range(number)
    ]


def write_properties(shots: Sequence[Shot], path: Path, *, with_dates: bool = True) -> None:
    """Write the table of properties, as preprocess_images does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(PROPERTIES)
        for shot in sorted(shots, key=lambda one: one.path):
            moment = [shot.day.isoformat(), "10:00:00"] if with_dates else ["", ""]
            writer.writerow([shot.path, *moment, "0", "90.00", *[""] * (len(PROPERTIES) - 5)])


def to_csv(rows: Sequence[Sequence[str]], delimiter: str = ",") -> str:
    """Return the text of a table."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()


def count_records(text: str) -> int:
    """Count the records of a text with commas that aren't blank, the header too."""
    number, state, is_filled = 0, "start", False
    for letter in text.replace("\r\n", "\n").replace("\r", "\n"):
        if state == "quoted":
            state = "quote" if letter == '"' else "quoted"
        elif letter == "\n":
            number, state, is_filled = number + is_filled, "start", False
        else:
            is_filled = True
            opens = letter == '"' and state in ("start", "quote")
            state = "quoted" if opens else "start" if letter == "," else "plain"
    return number + is_filled


@dataclass(frozen=True)
class Outcome:
    """What a command came to."""

    status: int
    printed: str
    problem: str


def call(*words: object) -> Outcome:
    """Run a command in this process, and check how it ends."""
    errors, output = io.StringIO(), io.StringIO()
    with redirect_stderr(errors), redirect_stdout(output):
        try:
            status = cli.main([str(word) for word in words])
        except Exception as error:
            return Outcome(1, "", f"traceback: {type(error).__name__}: {error}"[:300])
    printed = errors.getvalue() + output.getvalue()
    problem = ""
    message = errors.getvalue().strip()
    if status not in _STATUSES:
        problem = f"exit status {status}: {message[:300]}"
    elif status and (not message or len(message) > _LONGEST):
        problem = f"the message has {len(message)} characters"
    elif any(not letter.isprintable() and letter not in "\n\r" for letter in message):
        problem = f"control characters in the message: {message[:300]!r}"
    return Outcome(status, printed, problem)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table that a stage wrote."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert all(len(row) == len(rows[0]) for row in rows)
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


@dataclass(frozen=True)
class Cleaned:
    """What clean_detections made of a table."""

    outcome: Outcome
    days: dict[str, str]
    labels: dict[str, set[str]]
    ledger: list[dict[str, str]]

    @property
    def of_table(self) -> list[dict[str, str]]:
        """The rows of the ledger that stand for rows of the table."""
        return [row for row in self.ledger if not row["input"].startswith("images/")]


def clean(folder: Path, table: Path, *words: str) -> Cleaned:
    """Run clean_detections on a table of the project in a folder."""
    outpath = folder / "clean.csv"
    outcome = call(
        "clean_detections", "--detections", table, "--image-dir", folder / "images",
        "--image-properties", folder / "images" / "image_properties.csv",
        "--outpath", outpath, *words,
    )  # fmt: skip
    ledger_path = folder / "clean.ledger.csv"
    ledger = read_rows(ledger_path) if ledger_path.is_file() else []
    if outcome.status == 3 or outcome.problem:
        left = "a half-made output" if outpath.exists() else outcome.problem
        return Cleaned(Outcome(outcome.status, outcome.printed, left), {}, {}, ledger)
    days, labels = {}, {}
    for row in read_rows(outpath):
        image = row["filepath"].removeprefix("images/")
        days[image] = row["date"]
        labels[image] = {
            name.removeprefix("contains_")
            for name, cell in row.items()
            if name.startswith("contains_") and cell == "1"
        }
    return Cleaned(outcome, days, labels, ledger)


def fresh(folder: Path) -> Path:
    """Return the folder of a trial, emptied."""
    trial = folder / "trial"
    shutil.rmtree(trial, ignore_errors=True)
    trial.mkdir()
    return trial


NASTY_BYTES = (
    b"\0", b'"', b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\r", b"\n", b",", b";", b"\t",
    b"\x1b[2J",
    b"\xe2\x80\xa8", b"\xc2\xa0", b"\xe2\x80\x8b", b"=1+1", b"#REF!", b"nan", b"9999-12-31", b"..",
    b"/" * 40, b"q" * 300, b"\x85", b"\x0c", b"\xed\xa0\x80", b"x" * 140_000,
)  # fmt: skip


def mutate(content: bytes, source: random.Random) -> bytes:
    """Return a content that is damaged at one place, or at a few."""
    for _ in range(source.choice((1, 1, 1, 2, 5))):
        at = source.randrange(len(content) + 1)
        to = min(at + source.choice((1, 1, 2, 8, 60)), len(content))
        way = source.randrange(7)
        if way == 0:
            content = content[:at] + source.choice(NASTY_BYTES) + content[at:]
        elif way == 1:
            content = content[:at] + source.choice(NASTY_BYTES) + content[to:]
        elif way == 2:
            content = content[:at] + content[to:]
        elif way == 3:
            content = content[:to] + content[at:]
        elif way == 4:
            content = content[:at] + bytes([source.randrange(256)]) + content[at + 1 :]
        elif way == 5:
            content = content[:at]
        else:
            content = content[:at] + bytes(to - at) + content[to:]
    return content


NASTY_VALUES: tuple[object, ...] = (
    None, True, -1, 0, 1e400, 10**30, "", "\0", "\ud800", "x" * 5000, [], {}, [[]], {"a": 1},
    "nan",
    "../../x", "a" * 300 + ".jpg", [1, 2], ["1", "2"], "\x1b[2J", -1e-320, "1e400", "0,5",
)  # fmt: skip


def mutate_json(value: object, source: random.Random) -> object:
    """Return JSON content in which one part is another, or missing."""
    copied = json.loads(json.dumps(value))
    parent, key = source.choice(list(_places(copied)))
    if isinstance(parent, dict) and source.random() < 0.2:
        del parent[key]
    else:
        parent[key] = source.choice(NASTY_VALUES)
    return copied


def values_of(value: Any) -> list[Any]:
    """Return all texts and numbers of JSON content."""
    parts = [parent[key] for parent, key in _places(value)]
    return [part for part in parts if not isinstance(part, dict | list)]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each object or list of JSON content, with each of its keys or places."""
    keys: list[Any] = []
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = list(range(len(value)))
    for key in keys:
        yield value, key
        yield from _places(value[key])


# Forms of dates, and what writes a day so.
FORMS: dict[str, Callable[[date], str]] = {
    form: (lambda day, form=form: day.strftime(form))
    for form in (
        "%Y-%m-%d", "%d-%b-%y", "%d %B %Y", "%b %d, %Y", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y",
        "%m-%d-%y", "%y-%m-%d", "%Y%m%d", "%y%m%d", "%d%m%Y", "%Y/%m/%d %H:%M:%S", "%y-%b-%d",
        "%Y:%m:%d", "%d-%m-%Y 10:00 PM", "%Y-%d-%m",
    )
} | {
    "Excel": lambda day: str((day - date(1899, 12, 30)).days),
    "Excel on a Mac": lambda day: str((day - date(1904, 1, 1)).days),
}  # fmt: skip


def make_megadetector(shots: list[Shot]) -> dict[str, Any]:
    """Return results of a detector that found an animal on each image."""
    return {
        "info": {"format_version": "1.4"},
        "detection_categories": {"1": "animal", "2": "person"},
        "images": [
            {
                "file": shot.path,
                "datetime": shot.day.isoformat(),
                "detections": [{"category": "1", "conf": 0.9, "bbox": [0.1, 0.1, 0.2, 0.2]}],
            }
            for shot in shots
        ],
    }


def make_coco(shots: list[Shot]) -> dict[str, Any]:
    """Return the labels of images as COCO Camera Traps."""
    ids = {label: number for number, label in enumerate(LABELS)}
    images = [
        {
            "id": shot.path,
            "file_name": shot.path,
            "width": 640,
            "height": 480,
            "location": shot.folder,
        }
        for shot in shots
    ]
    annotations = [
        {"id": n, "image_id": shot.path, "category_id": ids[shot.label], "bbox": [1, 2, 3, 4]}
        for n, shot in enumerate(shots)
    ]
    categories = [{"id": number, "name": label} for label, number in ids.items()]
    return {"images": images, "annotations": annotations, "categories": categories}

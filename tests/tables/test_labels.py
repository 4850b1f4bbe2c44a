"""Claims about reading tables of labels."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from autofocus.errors import InputDataError
from autofocus.tables import frames, plain_csv
from autofocus.tables.labels import merge_labels, read_labelled

# Prints the peak memory (KiB) of reading a table.
MEMORY = """
import sys
from pathlib import Path
from autofocus.tables.labels import read_labelled

read_labelled(Path(sys.argv[1]))
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_both_forms_give_the_same(tmp_path: Path) -> None:
    """Columns of 0 and 1 and rows of labels say the same."""
    flags = write(tmp_path, "filepath,contains_cat,contains_dog\nb.JPG,0,1\na.JPG,1,1\n")
    one = read_labelled(flags)
    other = read_labelled(write(tmp_path, "filepath,label\nb.JPG,dog\na.JPG,dog\na.JPG,cat\n"))
    assert one.filepaths == other.filepaths == ["a.JPG", "b.JPG"]
    assert one.labels == other.labels == ["cat", "dog"]
    assert np.array_equal(one.present, [[True, True], [False, True]])
    assert np.array_equal(one.present, other.present)


@pytest.mark.parametrize("step", [1, 7, -1])
def test_rows_may_come_in_any_order(tmp_path: Path, step: int) -> None:
    """Each image has the labels of all its rows, wherever they stand."""
    rows = [(f"{at // 2}-é.JPG", "cat" if at % 3 else "dog") for at in range(3000)]
    text = "".join(f"{path},{label}\n" for path, label in rows[:: abs(step)][:: step // abs(step)])
    read = read_labelled(write(tmp_path, f"filepath,label\n{text}"))
    kept = set(rows[:: abs(step)])
    assert read.filepaths == sorted({path for path, _ in kept})
    found = {
        (read.filepaths[row], read.labels[column]) for row, column in np.argwhere(read.present)
    }
    assert found == kept


def test_a_table_without_locations_has_none(tmp_path: Path) -> None:
    """No column is something else than an empty one."""
    assert read_labelled(write(tmp_path, "filepath,label\na.JPG,cat\n")).facts == {}
    empty = read_labelled(write(tmp_path, "filepath,label,location\na.JPG,cat,\n"))
    assert empty.facts == {"location": [""]}


def test_locations_are_read_in_both_forms(tmp_path: Path) -> None:
    """They come in the photographs' order, without blanks around; one row tells it for all."""
    flags = write(tmp_path, "filepath,location,contains_cat\nb.JPG, mill ,1\na.JPG,lake,1\n")
    assert read_labelled(flags).facts == {"location": ["lake", "mill"]}
    rows = "filepath,label,location\nb.JPG,cat,\nb.JPG,dog,mill\na.JPG,cat, \n"
    assert read_labelled(write(tmp_path, rows)).facts["location"] == ["", "mill"]


def test_two_locations_of_one_photograph_are_told(tmp_path: Path) -> None:
    """One sentence names the photograph and both."""
    rows = "filepath,label,location\na.JPG,cat,mill\na.JPG,dog,lake\n"
    with pytest.raises(InputDataError, match=r"gives a\.JPG several locations \(lake, mill\)"):
        read_labelled(write(tmp_path, rows))


def test_locations_survive_the_label_map(tmp_path: Path) -> None:
    """Renaming labels takes no place away."""
    table = write(tmp_path, "filepath,label,location\na.JPG,cat,mill\n")
    assert merge_labels(read_labelled(table), ["pet"]).facts == {"location": ["mill"]}


@pytest.mark.parametrize("mark", ["", '"'])
def test_rows_are_read_in_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    """An image has what any part of the table says of it, and a row the number that it has there.

    Not even a row in another part counts of an image that has one that can't be used.
    """
    monkeypatch.setattr(plain_csv, "_BLOCK", 1)
    monkeypatch.setattr(frames, "_ROWS", 1)
    rows = (
        "b.JPG,cat,", "c.JPG,elk,", "a.JPG,cat,lake", ",cat,", f"c.JPG,{mark}#REF!{mark},",
        "b.JPG,dog,mill",
    )  # fmt: skip
    read = read_labelled(write(tmp_path, "\n".join(["filepath,label,location", *rows])))
    assert read.filepaths == ["a.JPG", "b.JPG"]
    assert read.labels == ["cat", "dog"]
    assert read.present.tolist() == [[True, False], [True, True]]
    assert read.facts == {"location": ["lake", "mill"]}
    assert list(read.problems.items()) == [
        ("row 5", "filepath is empty"),
        ("c.JPG", "label is #REF!, a formula that failed"),
    ]


def peak_mib(rows: int, place: Path) -> float:
    """Return the peak memory of reading a table of so many rows."""
    path = place / "labels.csv"
    with path.open("w") as file:
        file.write("filepath,label\n")
        file.writelines(f"images/s{row // 1000:04d}/I{row:07d}.JPG,cat\n" for row in range(rows))
    command = [sys.executable, "-c", MEMORY, str(path)]
    # Memory that is free goes back to the system at once, however busy the machine is.
    env = {**os.environ, "_RJEM_MALLOC_CONF": "narenas:1,dirty_decay_ms:0,muzzy_decay_ms:0"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    return int(done.stdout) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_paths_are_never_in_memory_together(tmp_path: Path) -> None:
    """Reading half a million more rows takes less memory than their paths alone do as texts."""
    # In a column, 560,000 paths take 26 MiB, and twice that while its parts are joined.
    assert peak_mib(600_000, tmp_path) - peak_mib(40_000, tmp_path) < 22

"""Claims about the table for people, and about what is read of tables of all kinds."""

from pathlib import Path

import pytest

from autofocus.errors import InputDataError
from tests.exporting.making import (
    export_files,
    failed,
    prediction,
    read_table,
    write_properties,
    write_table,
)


def images(table: Path, **settings: object) -> list[dict[str, str]]:
    """Return the rows of the table for people."""
    return read_table(export_files(table, table.parent / "out", "csv", **settings)["images.csv"])


def test_a_row_says_where_and_when(tmp_path: Path) -> None:
    """The original's path, date, time, location and camera stand beside the label."""
    write_properties(tmp_path / "preprocessed", ["a/1.JPG"])
    (row,) = images(write_table(tmp_path / "predictions.csv", [prediction("a/1.JPG")]))
    assert row["original"] == "a/1.JPG"
    assert (row["date"], row["time"]) == ("2016-07-05", "21:00:00")
    assert (row["location"], row["camera"]) == ("D03-AMP1", "Bushnell X")
    assert (row["label"], row["score"], row["labelled_by"]) == ("raccoon", "0.9000", "machine")
    assert (row["box_top"], row["box_height"], row["width"]) == ("0.4000", "0.2000", "2000")


def test_an_older_table_is_completed_from_the_properties(tmp_path: Path) -> None:
    """Path, time and camera come from beside the images where the table lacks the columns."""
    old = ("filepath", "label", "score", "status", "decision")
    row = {name: prediction("a/1.JPG")[name] for name in old}
    write_properties(tmp_path / "preprocessed", ["a/1.JPG"])
    (written,) = images(write_table(tmp_path / "predictions.csv", [row]))
    names = ("original", "date", "time", "night", "camera")
    expected = ["a/1.JPG", "2016-07-05", "21:00:00", "1", "Bushnell X"]
    assert [written[name] for name in names] == expected


def test_the_decision_chooses_rows(tmp_path: Path) -> None:
    """Accepted rows alone, or those for review with all images of people, are written."""
    rows = [
        prediction("1.JPG"),
        prediction("2.JPG", decision="review"),
        prediction("3.JPG", label="human"),
        failed("4.JPG"),
    ]
    table = write_table(tmp_path / "predictions.csv", rows)
    names = {
        decision: [row["original"] for row in images(table, decision=decision)]
        for decision in ("all", "accept", "review")
    }
    assert names == {
        "all": ["1.JPG", "2.JPG", "3.JPG", "4.JPG"],
        "accept": ["1.JPG", "3.JPG"],
        "review": ["2.JPG", "3.JPG"],
    }


def test_labels_of_people_are_told_apart(tmp_path: Path) -> None:
    """A table of clean_detections has no probability, and says that people labelled."""
    row = {"date": "2016-07-05", "filepath": "1.JPG", "time": "", "contains_a": "1"}
    row |= {"night": "0", "mean_brightness": "5", "contains_b": "1"}
    (written,) = images(write_table(tmp_path / "detections_clean.csv", [row]))
    found = (written["label"], written["score"], written["labelled_by"], written["time"])
    assert found == ("a; b", "", "human", "")


def test_another_table_is_named(tmp_path: Path) -> None:
    """A table that is neither of predictions nor of detections is an error."""
    table = write_table(tmp_path / "links.csv", [{"filepath": "1.JPG", "link": "a"}])
    with pytest.raises(InputDataError, match="neither a table of predict nor"):
        images(table)


def test_events_are_counted(tmp_path: Path) -> None:
    """The table of events has its first and last image, their number and their mean score."""
    rows = [
        prediction("1.JPG"),
        prediction("2.JPG", time="21:20:00", score="0.8"),
        failed("3.JPG"),
    ]
    table = write_table(tmp_path / "predictions.csv", rows)
    (event,) = read_table(export_files(table, tmp_path / "out", "csv")["events.csv"])
    assert event == {
        "event": "D03-AMP1@raccoon@2016-07-05T21:00:00",
        "location": "D03-AMP1",
        "label": "raccoon",
        "start": "2016-07-05T21:00:00",
        "end": "2016-07-05T21:20:00",
        "images": "2",
        "animals": "1",
        "score": "0.8500",
    }


def test_events_of_an_older_table_are_found(tmp_path: Path) -> None:
    """Without a column of events, a pause above the gap begins a new event at each place."""
    rows = [prediction(f"a/{time}.JPG", time=f"{time}:00") for time in ("10:00", "10:29", "11:00")]
    rows.append(prediction("b/1.JPG", time="10:10:00", location=""))
    for row in rows:
        del row["event"]
    table = write_table(tmp_path / "predictions.csv", rows)
    events = read_table(export_files(table, tmp_path / "out", "csv")["events.csv"])
    assert [(event["event"], event["images"]) for event in events] == [
        ("D03-AMP1@raccoon@2016-07-05T10:00:00", "2"),
        ("D03-AMP1@raccoon@2016-07-05T11:00:00", "1"),
        ("b@raccoon@2016-07-05T10:10:00", "1"),
    ]

"""Claims about the table of events."""

from pathlib import Path

import pytest

from autofocus.errors import InputDataError
from autofocus.predicting.event_table import events_beside, write_events

HEADER = "label,score,date,time,location,event\n"


def test_each_event_is_a_row(tmp_path: Path) -> None:
    """The table, byte for byte: images are counted, scores averaged, and empty images are none."""
    (tmp_path / "predictions.csv").write_text(
        HEADER + "deer,0.9001,2016-07-05,11:01:00,mill,mill@deer@2016-07-05T11:00:00\n"
        "deer,0.8000,2016-07-05,11:00:00,mill,mill@deer@2016-07-05T11:00:00\n"
        "Empty,1.0000,2016-07-05,12:00:00,,cam@Empty@2016-07-05T12:00:00\n"
        ",,,,,\n"
    )
    assert write_events(tmp_path / "predictions.csv", tmp_path / "events.csv") == 2
    assert (tmp_path / "events.csv").read_bytes() == (
        b"event,location,label,start,end,images,animals,score\n"
        b"cam@Empty@2016-07-05T12:00:00,,Empty,"
        b"2016-07-05T12:00:00,2016-07-05T12:00:00,1,0,1.0000\n"
        b"mill@deer@2016-07-05T11:00:00,mill,deer,"
        b"2016-07-05T11:00:00,2016-07-05T11:01:00,2,1,0.8500\n"
    )


def test_animals_are_the_most_boxes_in_one_image(tmp_path: Path) -> None:
    """Where a detector's boxes are counted; an image whose label it overlooks shows one."""
    event = "2016-07-05,11:00:00,mill,mill@deer@2016-07-05T11:00:00"
    other = "2016-07-05,12:00:00,mill,mill@Empty@2016-07-05T12:00:00"
    fox = "2016-07-05,13:00:00,mill,mill@fox@2016-07-05T13:00:00"
    (tmp_path / "predictions.csv").write_text(
        HEADER.replace("\n", ",boxes\n") + f"deer,0.9,{event},1\ndeer,0.9,{event},3\n"
        f"deer,0.9,{event},2\nEmpty,0.9,{other},2\nfox,0.9,{fox},0\n"
    )
    write_events(tmp_path / "predictions.csv", tmp_path / "events.csv")
    rows = (tmp_path / "events.csv").read_text().splitlines()[1:]
    assert [row.split(",")[-2] for row in rows] == ["0", "3", "1"]


def test_a_table_without_events_is_told(tmp_path: Path) -> None:
    """A table of an earlier version lacks the column, and nothing is written."""
    (tmp_path / "predictions.csv").write_text("label,score\n")
    with pytest.raises(InputDataError, match="lacks the columns"):
        write_events(tmp_path / "predictions.csv", tmp_path / "events.csv")
    assert not (tmp_path / "events.csv").exists()


def test_tables_in_one_folder_have_events_of_their_own() -> None:
    """Only that of predictions.csv is plainly called events.csv."""
    assert events_beside(Path("a/predictions.csv")) == Path("a/events.csv")
    assert events_beside(Path("a/labels.csv")) == Path("a/labels.events.csv")

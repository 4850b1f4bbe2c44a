"""Claims about the vote of a sequence."""

from collections.abc import Iterator

import pytest

from autofocus.grouping.locations import LocationPattern
from autofocus.model.votes import Votes, take_votes
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Reason, Row, rejected


def seen(name: str, time: str, *probabilities: float) -> Outcome:
    moment = f"2016-07-05T{time}" if time else ""
    return Outcome(Row(name), {"moment": moment, "probabilities": list(probabilities)})


def votes(outcomes: list[Outcome], gap_s: float = 60.0) -> Votes:
    def again() -> Iterator[Outcome]:
        return iter(outcomes)

    names = [outcome.row.input for outcome in outcomes]
    return take_votes(again, names, "photos/", gap_s, LocationPattern())


def test_a_sequence_says_what_its_frames_say_on_average() -> None:
    """Frames within the gap of the one before are one sequence, named by folder and beginning."""
    found = votes(
        [
            seen("a/1.JPG", "11:00:00", 0.9, 0.1),
            seen("a/2.JPG", "11:01:00", 0.2, 0.8),
            seen("a/3.JPG", "11:02:00", 0.1, 0.9),
            seen("a/4.JPG", "11:03:01", 0.7, 0.3),
        ]
    )
    first, alone = found.of(0), found.of(3)
    assert first is not None
    assert first[0] == "photos/a@2016-07-05T11:00:00"
    assert list(first[1]) == pytest.approx([0.4, 0.6])
    assert found.of(1) == first
    assert found.of(2) == first
    assert alone is not None
    assert (alone[0], list(alone[1])) == ("photos/a@2016-07-05T11:03:01", [0.7, 0.3])


def test_frames_of_two_cameras_are_two_sequences() -> None:
    """A folder is a camera; a folder within it is another, though its names stand in between."""
    found = votes(
        [
            seen("a/1.JPG", "11:00:00", 1.0, 0.0),
            seen("a/b/2.JPG", "11:00:00", 0.0, 1.0),
            seen("a/c.JPG", "11:00:01", 0.5, 0.5),
        ]
    )
    first, other = found.of(0), found.of(1)
    assert first is not None
    assert other is not None
    assert found.of(2) == first
    assert list(first[1]) == [0.75, 0.25]
    assert other[0] == "photos/a/b@2016-07-05T11:00:00"


def test_locations_in_names_part_the_frames_of_a_folder() -> None:
    """Two sites whose photographs lie in one folder have sequences of their own."""
    found = votes(
        [
            seen("CHIL - D03-AMP1-JU16_1.JPG", "11:00:00", 1.0, 0.0),
            seen("CHIL - D03-AMP1-JU16_2.JPG", "11:00:02", 0.5, 0.5),
            seen("CHIL - R05-WWP1-JU16_1.JPG", "11:00:01", 0.0, 1.0),
        ]
    )
    first, other = found.of(0), found.of(2)
    assert first is not None
    assert other is not None
    assert found.of(1) == first
    assert list(first[1]) == [0.75, 0.25]
    assert list(other[1]) == [0.0, 1.0]


def test_what_can_t_be_placed_has_no_vote() -> None:
    """A frame that doesn't tell its moment, or can't be read, is of no sequence."""
    found = votes(
        [
            seen("a/1.JPG", "", 1.0, 0.0),
            Outcome(rejected("a/2.JPG", Reason.TRUNCATED)),
            seen("a/3.JPG", "11:00:00", 0.0, 1.0),
        ]
    )
    assert found.of(0) is None
    assert found.of(1) is None
    assert found.of(2) is not None


def test_the_order_of_names_is_not_that_of_time() -> None:
    """Frames belong together by when they were taken, whatever they are called."""
    found = votes(
        [
            seen("a/1.JPG", "11:00:30", 1.0, 0.0),
            seen("a/2.JPG", "11:09:00", 0.5, 0.5),
            seen("a/3.JPG", "11:00:00", 0.0, 1.0),
        ]
    )
    assert found.of(0) == found.of(2) != found.of(1)


def test_nothing_gives_nothing() -> None:
    """Without a photograph there is no sequence."""
    assert not votes([]).sequences

"""Claims about the sequences among the images to label."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from autofocus.boxes.box import Box
from autofocus.grouping.locations import LocationPattern
from autofocus.grouping.sequences import SequenceRule
from autofocus.images.facts import Facts
from autofocus.model.description import Description
from autofocus.predicting.known import Known
from autofocus.predicting.sequences import NO_SEQUENCE, Votes, count_votes
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Reason, Row, rejected
from autofocus.splits.images import Origin, collect_images
from autofocus.splits.split import make_split


def labelled(name: str, time: str, *probabilities: float) -> Outcome:
    moment = f"2016-07-05T{time}" if time else ""
    return Outcome(Row(name), {"moment": moment, "probabilities": list(probabilities)})


def votes(
    outcomes: list[Outcome],
    gap_s: float = 60.0,
    known: dict[str, Known] | None = None,
    frames: int = 0,
    floor: float | None = None,
    **more: Any,
) -> Votes:
    def again() -> Iterator[Outcome]:
        return iter(outcomes)

    names = [outcome.row.input for outcome in outcomes]
    description = described(sequence_gap_s=gap_s, sequence_frames=frames, vote_floor=floor, **more)
    return count_votes(again, names, "photos/", description, known or {})


def described(labels: tuple[str, ...] = ("sand", "grass"), **more: Any) -> Description:
    return Description(labels, (32, 32), "b", "d", "final_result", None, **more)


def sequences(counted: Votes) -> list[str]:
    """Return the name of each image's sequence, empty for an image of none."""
    return [
        "" if number == NO_SEQUENCE else counted.sequences[number]
        for number in counted.numbers.tolist()
    ]


def test_a_sequence_has_the_mean_of_its_frames() -> None:
    """Frames within the gap of the one before are one sequence, named by folder and beginning."""
    counted = votes(
        [
            labelled("a/1.JPG", "11:00:00", 0.9, 0.1),
            labelled("a/2.JPG", "11:01:00", 0.2, 0.8),
            labelled("a/3.JPG", "11:02:00", 0.1, 0.9),
            labelled("a/4.JPG", "11:03:01", 0.7, 0.3),
        ]
    )
    first, last = "photos/a@2016-07-05T11:00:00", "photos/a@2016-07-05T11:03:01"
    assert sequences(counted) == [first, first, first, last]
    means = counted.probabilities[counted.numbers]
    assert means[0] == pytest.approx([0.4, 0.6])
    assert means[3].tolist() == [0.7, 0.3]


def test_frames_of_two_cameras_are_two_sequences() -> None:
    """A folder is a camera; a folder within it is another, though its names stand in between."""
    counted = votes(
        [
            labelled("a/1.JPG", "11:00:00", 1.0, 0.0),
            labelled("a/b/2.JPG", "11:00:00", 0.0, 1.0),
            labelled("a/c.JPG", "11:00:01", 0.5, 0.5),
        ]
    )
    own, other = "photos/a@2016-07-05T11:00:00", "photos/a/b@2016-07-05T11:00:00"
    assert sequences(counted) == [own, other, own]
    assert counted.probabilities[counted.numbers].tolist() == [[0.75, 0.25], [0, 1], [0.75, 0.25]]


def test_locations_in_names_part_the_frames_of_a_folder() -> None:
    """Two sites whose images lie in one folder have sequences of their own."""
    counted = votes(
        [
            labelled("CHIL - D03-AMP1-JU16_1.JPG", "11:00:00", 1.0, 0.0),
            labelled("CHIL - D03-AMP1-JU16_2.JPG", "11:00:02", 0.5, 0.5),
            labelled("CHIL - R05-WWP1-JU16_1.JPG", "11:00:01", 0.0, 1.0),
        ]
    )
    first, second, other = sequences(counted)
    assert first == second != other
    assert counted.probabilities[counted.numbers].tolist() == [[0.75, 0.25], [0.75, 0.25], [0, 1]]


def test_images_without_a_moment_have_no_vote() -> None:
    """A frame without a date and time, or one that can't be read, is of no sequence."""
    counted = votes(
        [
            labelled("a/1.JPG", "", 1.0, 0.0),
            Outcome(rejected("a/2.JPG", Reason.TRUNCATED)),
            labelled("a/3.JPG", "11:00:00", 0.0, 1.0),
        ]
    )
    assert sequences(counted) == ["", "", "photos/a@2016-07-05T11:00:00"]


def test_the_order_of_names_is_not_that_of_time() -> None:
    """Frames belong together by when they were taken, whatever they are called."""
    first, second, third = sequences(
        votes(
            [
                labelled("a/1.JPG", "11:00:30", 1.0, 0.0),
                labelled("a/2.JPG", "11:09:00", 0.5, 0.5),
                labelled("a/3.JPG", "11:00:00", 0.0, 1.0),
            ]
        )
    )
    assert first == third != second


def test_the_votes_of_many_images_are_the_means(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading outcomes in portions loses none, whatever stands in between."""
    monkeypatch.setattr("autofocus.predicting.sequences.CHUNK", 3)
    outcomes = [
        labelled(f"a/{number}.JPG", "" if number % 3 else "11:00:00", number / 10, 1 - number / 10)
        for number in range(10)
    ]
    counted = votes(outcomes)
    assert [number for number, name in enumerate(sequences(counted)) if name] == [0, 3, 6, 9]
    np.testing.assert_allclose(counted.probabilities, [[0.45, 0.55]])


def test_no_images_have_no_sequences() -> None:
    """Without an image there is no sequence."""
    assert not votes([]).sequences


def test_a_table_tells_sequences_and_locations() -> None:
    """Images without a time that a table joins have one vote; the others have none."""
    outcomes = [
        labelled("a/1.JPG", "", 0.9, 0.1),
        labelled("a/2.JPG", "", 0.4, 0.6),
        labelled("a/3.JPG", "", 0.0, 1.0),
    ]
    known = {name: Known("mill", "s7") for name in ("a/1.JPG", "a/2.JPG")}
    counted = votes(outcomes, known=known)
    assert sequences(counted) == ["photos/a@s7", "photos/a@s7", ""]
    assert counted.probabilities[0] == pytest.approx([0.65, 0.35])
    assert [*counted.locations] == ["mill"] * 3


def test_numbered_images_without_a_time_vote_by_the_frames_of_a_trigger() -> None:
    """An image that can't be used keeps its place among the numbers, and has no vote."""
    outcomes = [
        Outcome(rejected("a/DCIM/100RECNX/IMG_0001.JPG", Reason.TRUNCATED)),
        labelled("a/DCIM/100RECNX/IMG_0002.JPG", "", 0.9, 0.1),
        labelled("a/DCIM/100RECNX/IMG_0003.JPG", "", 0.1, 0.9),
    ]
    first, third = (f"photos/a@DCIM/100RECNX/IMG_000{number}" for number in (1, 3))
    counted = votes(outcomes, frames=2)
    assert sequences(counted) == ["", first, third]
    assert [*counted.locations] == ["a"] * 3


def test_a_sequence_goes_on_in_the_next_folder_of_the_card() -> None:
    """Folders that a camera makes by itself are one camera."""
    names = ("a/DCIM/100RECNX/IMG_9999.JPG", "a/DCIM/101RECNX/IMG_0001.JPG")
    counted = votes([labelled(name, "11:00:00", 0.5, 0.5) for name in names])
    assert sequences(counted) == ["photos/a@2016-07-05T11:00:00"] * 2


def test_a_folder_of_a_label_is_no_location() -> None:
    """New images that somebody has sorted already have the location of the folder above."""

    def outcomes() -> Iterator[Outcome]:
        return iter([labelled("mill/deer/1.JPG", "", 0.9, 0.1)])

    counted = count_votes(outcomes, ["mill/deer/1.JPG"], "", described(("deer", "fox")))
    assert [*counted.locations] == ["mill"]


def test_a_frame_with_a_box_counts_more() -> None:
    """An image counts by the floor and the score of its box; one without a box by the floor."""
    outcomes = [
        labelled("a/1.JPG", "11:00:00", 1.0, 0.0),
        labelled("a/2.JPG", "11:00:01", 0.0, 1.0),
    ]
    outcomes[0].extra["box"] = Box(score=0.4, status="motion").to_json()
    assert votes(outcomes).probabilities[0] == pytest.approx([0.5, 0.5])
    assert votes(outcomes, floor=0.1).probabilities[0] == pytest.approx([5 / 6, 1 / 6])


def test_a_temperature_sharpens_the_vote_of_several_images() -> None:
    """Odds of 3 to 1 become 9 to 1 at a temperature of a half; those of one image stay."""
    outcomes = [
        labelled("a/1.JPG", "11:00:00", 0.7, 0.3),
        labelled("a/2.JPG", "11:00:01", 0.8, 0.2),
        labelled("a/3.JPG", "12:00:00", 0.75, 0.25),
    ]
    counted = votes(outcomes, vote_temperature=0.5)
    assert counted.probabilities.tolist() == [pytest.approx([0.9, 0.1]), [0.75, 0.25]]


def test_a_sequence_is_unknown_if_half_of_its_vote_is() -> None:
    """Images count by their weight in the vote: one with a box outweighs two without."""
    outcomes = [labelled(f"a/{number}.JPG", "11:00:00", 0.9, 0.1) for number in range(3)]
    for outcome, distance in zip(outcomes, (9.0, 1.0, 1.0), strict=True):
        outcome.extra["distance"] = distance
    assert votes(outcomes).unknown is None
    for floor, unknown in ((None, False), (0.1, True)):
        outcomes[0].extra["box"] = Box(score=0.5, status="motion").to_json()
        counted = votes(outcomes, floor=floor, unknown_distance=5.0)
        assert counted.unknown is not None
        assert counted.unknown.tolist() == [unknown]


@pytest.mark.parametrize(
    ("rule", "column", "expected"),
    [
        (SequenceRule(), "", {"": 6}),
        (SequenceRule(pattern=r"(b\d)_"), "", {"b1": 2, "b2": 4}),
        (SequenceRule(frames=3), "", {"b1_1": 2, "b2_3": 3, "b2_6": 1}),
        (SequenceRule(), "q7", {"q7": 6}),
        (SequenceRule(pattern=r"(b\d)_"), "q7", {"q7": 6}),
    ],
)
def test_images_without_a_time_form_the_same_sequences_in_training(
    rule: SequenceRule, column: str, expected: dict[str, int]
) -> None:
    """Pattern, file order and column give the split, and so the evaluation, the same groups."""
    names = [f"m/b1_{n}.JPG" for n in (1, 2)] + [f"m/b2_{n}.JPG" for n in (3, 4, 5, 6)]
    known = {name: Known(sequence=column) for name in names} if column else {}
    outcomes = [labelled(name, "", 0.5, 0.5) for name in names]
    description = described(
        sequence_gap_s=rule.gap_s, sequence_pattern=rule.pattern, sequence_frames=rule.frames
    )
    counted = count_votes(lambda: iter(outcomes), names, "", description, known)
    predicted = {
        name: sequence.rpartition("@")[2]
        for name, sequence in zip(names, sequences(counted), strict=True)
    }

    links = {f"deer/m-{name[2:]}": name for name in names}
    origins = {
        link: Origin(f"../pre/{name}", original=name, sequence=column)
        for link, name in links.items()
    }
    facts = Facts("", "", night=False, brightness=100.0).to_json()
    extracted = [Outcome(Row(link), {"digest": link, "facts": facts}) for link in links]
    images = collect_images(extracted, dict.fromkeys(links, "deer"), origins, LocationPattern())
    split = make_split(images, testing_percentage=0, validation_percentage=0, sequence_rule=rule)
    trained = {one.image.original: one.sequence.rpartition("@")[2] for one in split.assignments}
    assert trained == predicted
    assert dict(Counter(trained.values())) == expected

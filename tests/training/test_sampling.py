"""Claims about a sample of the images of a data set."""

from collections import Counter
from dataclasses import replace

from autofocus.splits.split import Assignment
from autofocus.splits.subsets import Subset
from autofocus.training.sampling import draw_sample
from tests.features.small import photograph


def rows(number: int = 6000, frames: int = 3) -> list[Assignment]:
    """Make sequences at twenty locations; one in a hundred shows a bear, and the others deer."""
    made = []
    for row in range(number):
        sequence = row // frames
        label = "bear" if sequence % 100 == 0 else "deer"
        image = photograph(f"{label}/{row:06d}", row, place=sequence % 20)
        location = f"location L{sequence % 20}"
        made.append(Assignment(image, f"sequence {sequence}", location, Subset.TRAINING, ""))
    return made


def test_a_sample_is_of_whole_sequences_of_all_groups() -> None:
    """About as many images as were asked for, in their order, and no sequence is divided."""
    every = rows()
    drawn = draw_sample(every, 900)
    assert 750 < len(drawn) < 1050
    assert set(Counter(row.sequence for row in drawn).values()) == {3}
    assert {row.group for row in drawn} == {row.group for row in every}
    numbers = [row.image.digest for row in drawn]
    assert numbers == sorted(numbers)
    assert draw_sample(every, 900) == drawn
    assert draw_sample(every, len(every)) == every


def test_classes_are_as_common_as_among_all_unless_more_are_asked_for() -> None:
    """Of 60 bears a tenth is drawn, or nearly all if there are to be at least 54."""
    every = rows()

    def bears(least: int) -> int:
        drawn = draw_sample(every, 600, least_per_class=least)
        return sum(row.image.label == "bear" for row in drawn)

    assert bears(0) < 20
    assert bears(54) > 40
    assert bears(1000) == 60


def test_a_sequence_is_drawn_for_the_rarest_of_its_classes() -> None:
    """With a single bear in a sequence of deer, all of its frames are drawn."""
    every = rows()
    every[1] = replace(every[1], image=replace(every[1].image, labels=("wolf",)))
    drawn = draw_sample(every, 600, least_per_class=1)
    assert every[:3] == drawn[:3]


def test_long_sequences_are_drawn_image_by_image() -> None:
    """Where all images of a camera are one sequence, the sample is no larger."""
    every = rows(frames=3000)
    assert 400 < len(draw_sample(every, 600)) < 800


def test_images_stay_in_the_sample_when_others_are_added() -> None:
    """The same share of more images has the images that it had."""
    every = rows()
    before = {row.image.digest for row in draw_sample(every[:3000], 300)}
    after = {row.image.digest for row in draw_sample(every, 600)}
    assert before <= after

"""Claims about folders of links, one per label."""

from pathlib import Path

import pytest

from autofocus.errors import SettingError
from autofocus.export import export
from autofocus.exporting.settings import ExportSettings
from autofocus.runs.ledger import read_ledger
from tests.exporting.making import failed, prediction, write_table


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table of two animals, a person, a missing image and one that failed."""
    for name in ("a/1.JPG", "a/2.JPG", "a/3.JPG"):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    rows = [
        prediction("a/1.JPG"),
        prediction("a/2.JPG", label="grey fox"),
        prediction("a/3.JPG", label="human"),
        prediction("a/4.JPG"),
        failed("a/5.JPG"),
    ]
    return write_table(tmp_path / "predictions.csv", rows)


def linked(table: Path, **settings: object) -> dict[str, list[str]]:
    """Export folders, and return what the links of each lead to."""
    settings = {"formats": ("folders",), "images": table.parent / "images", **settings}
    export(table, table.parent / "out", ExportSettings(**settings))  # type: ignore[arg-type]
    folder = table.parent / "out" / "folders"
    return {
        path.name: [link.read_text() for link in sorted(path.iterdir())]
        for path in sorted(folder.glob("[a-z]*"))
        if path.is_dir()
    }


def test_a_folder_per_label_without_people(table: Path, tmp_path: Path) -> None:
    """Links lead to the originals; people and missing images are left out with a reason."""
    assert linked(table) == {"grey fox": ["a/2.JPG"], "raccoon": ["a/1.JPG"]}
    (link,) = (tmp_path / "out/folders/raccoon").iterdir()
    assert not link.readlink().is_absolute()
    reasons = [row.reason for _, row in read_ledger(tmp_path / "out/ledger.csv")]
    assert reasons == [None, None, "not_selected", "image_missing", "truncated"]


def test_what_may_be_people_by_its_probabilities_is_not_linked(table: Path) -> None:
    """An image is left out if people have a probability of 0.1, be it behind other labels."""
    others = {"probability_raccoon": "0.7", "probability_empty": "0.2"}
    rows = [
        prediction("a/1.JPG", **others, probability_human="0.1000"),
        prediction("a/2.JPG", **others, probability_human="0.0999"),
    ]
    write_table(table, rows)
    assert linked(table) == {"raccoon": ["a/2.JPG"]}


def test_people_are_linked_when_asked(table: Path) -> None:
    """With --people keep, images of people have a folder of their own."""
    assert linked(table, people="keep")["human"] == ["a/3.JPG"]


def test_a_video_is_linked_below_the_labels_of_its_frames(tmp_path: Path) -> None:
    """Each label has one link to the video, unless one of its frames shows people."""
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "v.MP4").write_text("video")
    labels = ("raccoon", "raccoon", "fox")
    rows = [
        prediction(f"v.MP4/frame_{number:04}.jpg", label=label)
        for number, label in enumerate(labels, 1)
    ]
    table = write_table(tmp_path / "predictions.csv", rows)
    assert linked(table) == {"fox": ["video"], "raccoon": ["video"]}
    rows.append(prediction("v.MP4/frame_0004.jpg", label="human"))
    assert linked(write_table(table, rows)) == {}


@pytest.mark.parametrize(("score", "number"), [(0.1, 0), (0.09, 1)])
def test_images_that_may_show_people_are_not_linked(
    tmp_path: Path, score: float, number: int
) -> None:
    """People as the second label count from the probability on from which predict counts them."""
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "1.JPG").touch()
    row = prediction("1.JPG", second_label="human", second_score=score)
    links = linked(write_table(tmp_path / "predictions.csv", [row]))
    assert len(links.get("raccoon", [])) == number


def test_only_its_own_links_are_removed(table: Path, tmp_path: Path) -> None:
    """A later export removes its older links, and leaves files that people put there."""
    linked(table)
    mine = tmp_path / "out/folders/raccoon/mine.txt"
    mine.write_text("mine")
    write_table(table, [prediction("a/1.JPG", label="skunk")])
    assert linked(table) == {"raccoon": ["mine"], "skunk": ["a/1.JPG"]}
    export(table, tmp_path / "out", ExportSettings(formats=("csv",)))
    left = [path for path in (tmp_path / "out/folders").rglob("*") if not path.is_dir()]
    assert left == [mine]
    assert (tmp_path / "images/a/1.JPG").read_text() == "a/1.JPG"


def test_the_folder_of_originals_is_required() -> None:
    """Without --images, a sentence says what to give."""
    with pytest.raises(SettingError, match="give their folder as --images"):
        ExportSettings(formats=("folders",))

"""Claims about the stage embed, with the real backbone."""

import csv
import json
import sys
from pathlib import Path

import pytest

from autofocus.audit import audit
from autofocus.embed import embed
from autofocus.embed_settings import EmbedSettings
from autofocus.embeddings.merging import merge_embeddings
from autofocus.errors import InputDataError, OutputConflictError
from autofocus.options.settings import kinds
from autofocus.retrain_settings import RetrainSettings
from tests.embeddings.prepared import CAMERAS, EACH, make_prepared, split_prepared
from tests.killing import check_killed_runs, noted, tree

SETTINGS = EmbedSettings(view="motion", views=2, flip_left_right=True, jobs=2)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepared images, and their embeddings in `embeddings`."""
    folder = make_prepared(tmp_path_factory.mktemp("embed"))
    embed(folder / "preprocessed", folder / "embeddings", SETTINGS)
    return folder


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_image_has_a_row(made: Path) -> None:
    """The table of images lists all, labelled or not, and the audit counts them."""
    rows = table(made / "embeddings/images.csv")
    assert [row["filepath"] for row in rows] == [
        f"cam{camera}/{number}.JPG" for camera in range(CAMERAS) for number in range(EACH)
    ]
    (summary,) = audit(made / "embeddings").stages
    assert (summary.stage, summary.counts.ok) == ("embed", CAMERAS * EACH)


def test_shards_merge_to_the_bytes_of_a_single_run(made: Path, tmp_path: Path) -> None:
    """Embeddings of two shards, merged, are those of all images at once."""
    folders = []
    for number, shard in enumerate(split_prepared(made, 2)):
        folders.append(tmp_path / f"part{number}")
        embed(shard, folders[-1], SETTINGS)
    merge_embeddings(folders, tmp_path / "merged")
    single = tree(made / "embeddings")
    del single["ledger.csv"]
    assert tree(tmp_path / "merged") == single
    with pytest.raises(InputDataError, match="a second time: shards overlap"):
        merge_embeddings([folders[0], folders[0]], tmp_path / "twice")


def test_killed_runs_end_with_the_same_bytes(made: Path, tmp_path: Path) -> None:
    """Killed in its middle and started again with other threads, it writes the same bytes."""

    def command(out: Path) -> list[str | Path]:
        given = ("--view", "motion", "--jobs", "1")
        program = (sys.executable, "-m", "autofocus", "embed")
        return [*program, "--image_dir", made / "preprocessed", "--outdir", out, *given]

    check_killed_runs(command, tmp_path, noted("embed"), [(20, 36)])


def test_a_new_image_is_added(tmp_path: Path) -> None:
    """Of a folder with one more image, the bytes are those of a first run on all of them."""
    first, second = make_prepared(tmp_path / "a"), make_prepared(tmp_path / "b")
    late = first / "preprocessed/cam3/2.JPG"
    content = late.read_bytes()
    late.unlink()
    settings = EmbedSettings(jobs=2)
    embed(first / "preprocessed", first / "embeddings", settings)
    late.write_bytes(content)
    result = embed(first / "preprocessed", first / "embeddings", settings)
    assert (result.counts.ok, result.counts.reused) == (1, CAMERAS * EACH - 1)
    embed(second / "preprocessed", second / "embeddings", settings)
    trees = [tree(folder / "embeddings") for folder in (first, second)]
    for one in trees:
        del one["ledger.csv"]
    assert trees[0] == trees[1]


def test_a_broken_image_is_a_rejected_row(tmp_path: Path) -> None:
    """What can't be read is in the ledger and in the table of images, with the reason."""
    folder = make_prepared(tmp_path)
    (folder / "preprocessed/cam0/0.JPG").write_bytes(b"no image")
    result = embed(folder / "preprocessed", folder / "embeddings", EmbedSettings(jobs=2))
    assert result.counts.rejected == 1
    row = table(folder / "embeddings/images.csv")[0]
    assert (row["filepath"], row["sha256"], row["reason"]) == ("cam0/0.JPG", "", "not_an_image")
    assert json.loads((folder / "embeddings/embeddings.json").read_text())["rejected"] == 1


def test_the_images_are_not_overwritten(tmp_path: Path) -> None:
    """The folder of the images can't be that of the embeddings."""
    folder = make_prepared(tmp_path) / "preprocessed"
    before = tree(folder)
    with pytest.raises(OutputConflictError, match="give another --outdir"):
        embed(folder, folder)
    assert tree(folder) == before


def test_settings_are_those_of_retrain() -> None:
    """A setting of embed is one of retrain, with the same text; but not that of empty shards."""
    for name in set(kinds(EmbedSettings)) - {"allow_empty"}:
        own, other = (kind.__dataclass_fields__[name] for kind in (EmbedSettings, RetrainSettings))
        assert (own.default, own.metadata["help"]) == (other.default, other.metadata["help"])

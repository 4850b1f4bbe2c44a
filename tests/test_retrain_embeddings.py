"""Claims about training from embeddings, without images."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from autofocus.detector.settings import MEGADETECTOR_LITE
from autofocus.detector.weights import weights_path
from autofocus.embed import embed
from autofocus.embed_settings import EmbedSettings
from autofocus.embeddings.reading import Embeddings
from autofocus.errors import InputDataError, MissingInputError, SettingError
from autofocus.grouping.frames import Frame
from autofocus.grouping.locations import LocationPattern
from autofocus.images.facts import find_facts
from autofocus.images.reading import read_image
from autofocus.options.settings import kinds
from autofocus.retrain import retrain
from autofocus.retrain_settings import RetrainSettings
from autofocus.runs.files import digest_file
from autofocus.runs.workspace import Workspace
from autofocus.splits.images import Image, read_origins
from autofocus.training.frames import DatasetFrames, EmbeddedFiles, FrameFiles
from tests.embeddings.prepared import make_prepared, split_prepared
from tests.killing import tree
from tests.predicting.models import make_backbone
from tests.training.cameras import FRAMES, PATTERN, make_cameras

FULL = {"view": "full", "random_brightness": 20, "distorted_copies": 2, "views": 2}
MOTION = {"view": "motion", "weight_by_motion": True}
SMALL: dict[str, Any] = {"how_many_training_steps": 40, "testing_percentage": 34, "jobs": 2}
no_detector = pytest.mark.skipif(
    not weights_path(MEGADETECTOR_LITE).is_file(), reason="the detector's weights are not here"
)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepared images with links, and the same images in two shards."""
    folder = make_prepared(tmp_path_factory.mktemp("prepared"))
    split_prepared(folder, 2)
    return folder


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def embed_shards(prepared: Path, folder: Path, **given: Any) -> tuple[Path, ...]:
    """Embed both shards."""
    known = kinds(EmbedSettings)
    settings = EmbedSettings(**{name: given[name] for name in given if name in known})
    folders = tuple(folder / f"embeddings{number}" for number in range(2))
    for number, outdir in enumerate(folders):
        embed(prepared / f"shard{number}", outdir, settings)
    return folders


def links_alone(prepared: Path, folder: Path) -> Path:
    """Return a folder with the tables of links, and neither links nor images."""
    links = folder / "elsewhere/links"
    links.mkdir(parents=True)
    for name in ("links.csv", "preparation.json"):
        shutil.copyfile(prepared / "links" / name, links / name)
    return links


@pytest.mark.parametrize(
    "given", [FULL, MOTION, pytest.param({"view": "auto"}, marks=no_detector)], ids=str
)
def test_a_model_from_embeddings_is_that_from_images(
    prepared: Path, tmp_path: Path, given: dict[str, Any]
) -> None:
    """Without images, from embeddings of two shards: every byte of the model's folder is equal."""
    settings = SMALL | given
    retrain(prepared / "links", tmp_path / "one/model", RetrainSettings(**settings))
    folders = embed_shards(prepared, tmp_path, **settings)
    more = RetrainSettings(**settings, embeddings=folders)
    retrain(links_alone(prepared, tmp_path), tmp_path / "two/model", more)
    trees = [tree(tmp_path / name / "model") for name in ("one", "two")]
    for one in trees:
        # The run in MLflow has another name.
        del one["mlflow_run.json"]
    assert trees[0] == trees[1]
    assert not (tmp_path / "two/bottlenecks").exists()


@pytest.fixture(scope="module")
def embedded(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    return embed_shards(prepared, tmp_path_factory.mktemp("embedded"), jobs=2)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"view": "motion"}, "with view full, and retrain needs view motion"),
        ({"views": 3}, "with views 1, and retrain needs views 3"),
        ({"flip_left_right": True}, "with flip_left_right false, and retrain needs"),
        ({"weight_by_motion": True}, "with weight_by_motion false, and retrain needs"),
    ],
)
def test_what_embeddings_lack_is_named(
    prepared: Path,
    embedded: tuple[Path, ...],
    tmp_path: Path,
    given: dict[str, Any],
    sentence: str,
) -> None:
    """A setting that differs is told before anything is written."""
    settings = RetrainSettings(**SMALL | given, embeddings=embedded)
    with pytest.raises(SettingError, match=sentence):
        retrain(prepared / "links", tmp_path / "model", settings)
    assert not (tmp_path / "model").exists()


def test_fine_tuning_asks_for_the_images(
    prepared: Path, embedded: tuple[Path, ...], tmp_path: Path
) -> None:
    """Without them, that is said before anything is trained."""
    settings = RetrainSettings(**SMALL, fine_tune_layers=1, embeddings=embedded)
    with pytest.raises(MissingInputError, match="needs the images beside the embeddings"):
        retrain(links_alone(prepared, tmp_path), tmp_path / "model", settings)
    assert not (tmp_path / "model").exists()


def test_images_that_embeddings_lack_are_named(
    prepared: Path, embedded: tuple[Path, ...], tmp_path: Path
) -> None:
    """With the embeddings of one shard alone, an image of the other one is named."""
    settings = RetrainSettings(**SMALL, embeddings=embedded[:1])
    with pytest.raises(InputDataError, match=r"cam1/0.JPG, which links.csv lists, is not in the"):
        retrain(prepared / "links", tmp_path / "model", settings)


def test_damaged_embeddings_are_not_used(
    prepared: Path, embedded: tuple[Path, ...], tmp_path: Path
) -> None:
    """A file that is cut, or a row that was changed, ends the training in one sentence."""
    copy = tmp_path / "copy"
    shutil.copytree(embedded[0], copy)
    settings = RetrainSettings(**SMALL, embeddings=(copy, embedded[1]))
    (path,) = copy.glob("efficientnet*.sqlite")
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"\x3e", b"\x3f"))
    with pytest.raises(InputDataError, match="is damaged"):
        retrain(prepared / "links", tmp_path / "model", settings)
    path.write_bytes(whole[:-4096])
    with pytest.raises(InputDataError, match="is missing or was changed"):
        retrain(prepared / "links", tmp_path / "model", settings)
    (copy / "embeddings.json").unlink()
    with pytest.raises(MissingInputError, match="is incomplete"):
        retrain(prepared / "links", tmp_path / "model", settings)


def test_settings_are_recorded_alike() -> None:
    """Embeddings are a source like any other: a model may be trained again from them."""
    assert not RetrainSettings.__dataclass_fields__["embeddings"].metadata["affects_output"]
    assert asdict(RetrainSettings())["embeddings"] == ()


def test_boxes_from_embeddings_are_found_in_the_frames_of_images(tmp_path: Path) -> None:
    """Those without labels, with pixels that are cut off, or of several locations are the same."""
    prepared, links = make_cameras(tmp_path), tmp_path / "links"
    backbone, pattern = str(make_backbone(tmp_path)), LocationPattern(PATTERN)
    settings = EmbedSettings(backbone, "motion", PATTERN, max_rejected=1)
    embed(prepared, tmp_path / "embeddings", settings)
    origins = read_origins(links)
    images = [
        Image(Frame(link, one.filepath), (link,), ("fox",), digest_file(links / link), facts)
        for link, one in sorted(origins.items())
        for facts in [find_facts(read_image(links / link))]
    ]
    places = {link: one.original for link, one in origins.items()}
    with (
        Embeddings([tmp_path / "embeddings"]) as embeddings,
        Workspace(tmp_path / "model", "retrain", {}) as workspace,
    ):
        sources = (
            FrameFiles(links, origins, origins),
            EmbeddedFiles(links, origins, origins, embeddings, places),
        )
        frames = [DatasetFrames(source, images, workspace) for source in sources]
        from_images, from_embeddings = (
            [(one.frames, one.digests, one.images) for one in each.cameras(pattern)]
            for each in frames
        )
        assert frames[0].digest == frames[1].digest
    assert from_images == from_embeddings
    assert sum(len(row) for row, *_ in from_images) == 3 * FRAMES - 1

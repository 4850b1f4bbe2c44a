"""No stage overwrites or removes a file that it did not write, whatever the file is called."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autofocus.clean_detections import clean_detections
from autofocus.demo.make_sample import SampleSettings, make_sample
from autofocus.download_images import download_images
from autofocus.download_settings import DownloadSettings
from autofocus.errors import OutputConflictError
from autofocus.link_images_by_label import link_images_by_label
from autofocus.link_settings import LinkSettings
from autofocus.predict import predict
from autofocus.predict_settings import PredictSettings
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.publish_labels import publish_labels
from autofocus.retrain import retrain
from autofocus.retrain_settings import RetrainSettings
from tests.conftest import S3
from tests.features.pictures import make_classes
from tests.images.pictures import constant, encoded
from tests.predicting.models import make_model
from tests.store.fake_s3 import BUCKET, ENVIRONMENT, FakeObject, FakeS3, serve
from tests.test_clean_detections import HEADER, properties
from tests.test_publish_labels import shards

IMAGES = {
    f"cam{camera}/IMG_{number}.JPG": encoded(constant(48, 40, 60 * camera + number))
    for camera in (1, 2)
    for number in (1, 2)
}
DIGITS = ["cat/x-0123456789.jpg", "other/IMG-1699999999.jpg", "cat/IMG_1-1699999999.JPG"]
ANYTHING = st.text(
    st.characters(codec="utf-8", exclude_characters="/\0", exclude_categories=["C"]),
    min_size=1,
    max_size=12,
).filter(lambda name: name not in (".", "..") and not name.startswith(".autofocus"))


def files_named(*names: str) -> st.SearchStrategy[dict[str, bytes]]:
    """Return files of plausible and of any names, and their contents."""
    in_folder = st.tuples(st.sampled_from(["cam1", "cat", "new"]), ANYTHING).map("/".join)
    name = st.sampled_from([*names, *DIGITS]) | ANYTHING | in_folder
    return st.dictionaries(name, st.binary(max_size=20), min_size=1, max_size=3)


def survive(
    root: Path, foreign: dict[str, bytes], steps: list[Callable[[], object]], clear: Path | None
) -> None:
    """Check that files survive each step, which may fail only because they are in its way.

    Args:
        root: the output folder.
        foreign: the files, by their paths relative to it.
        steps: runs of a stage.
        clear: where to move away what is in the way, so that later steps do more; or None.
    """
    for name, content in list(foreign.items()):
        try:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
        except OSError:  # a file in a folder's place, or the reverse
            del foreign[name]
    for step in steps:
        try:
            step()
        except OutputConflictError as error:
            in_the_way = [name for name in foreign if _is_named(root / name, str(error), root)]
            assert in_the_way, error  # noqa: PT017
            if clear is not None:
                for name in in_the_way:
                    shutil.move(root / name, clear / str(len(list(clear.iterdir()))))
                    del foreign[name]
        for name, content in foreign.items():
            assert (root / name).read_bytes() == content, name


def _is_named(path: Path, text: str, root: Path) -> bool:
    """Tell whether a sentence begins with a file's path, or with that of a folder above it."""
    above = [folder for folder in path.parents if folder.is_relative_to(root) and folder != root]
    return any(text.startswith(f"{place} already exists") for place in (path, *above))


@contextmanager
def folders() -> Iterator[tuple[Path, Path]]:
    """Give a folder with images, and one for what is moved away."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        for image, content in IMAGES.items():
            path = place / "in" / image
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (place / "away").mkdir()
        yield place, place / "away"


def drop(place: Path) -> None:
    """Remove an input."""
    shutil.rmtree(place / "in" / "cam1")


some = settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])


@some
@given(
    files_named(*IMAGES, "ledger.csv", "image_properties.csv", "preparation.json", "cam1"),
    files_named("cam1/IMG_1.jpg", "cam2/IMG_1.jpg"),
)
def test_preprocess_images(foreign: dict[str, bytes], drawn: dict[str, bytes]) -> None:
    """Images, tables and drawings are written only where nothing of another origin stands."""
    with folders() as (place, away):
        options = PreprocessSettings(
            trim_bottom=0, min_side=16, jobs=1, motion_drawings=place / "drawn"
        )

        def run() -> None:
            preprocess_images(place / "in", place / "out", options)

        everything = {f"out/{name}": data for name, data in foreign.items()}
        everything |= {f"drawn/{name}": data for name, data in drawn.items()}
        survive(place, everything, [run, run, run, lambda: drop(place), run, run], away)


@some
@given(files_named("ledger.csv", "links.csv", "preparation.json", "cat"), st.booleans())
def test_link_images_by_label(foreign: dict[str, bytes], copy: bool) -> None:
    """Links and copies of earlier tables go, and nothing else."""
    with folders() as (place, away):
        table = place / "labels.csv"

        def run(*names: str) -> Callable[[], object]:
            def step() -> None:
                table.write_text(
                    "filepath,label\n" + "".join(f"in/{n},cat\n" for n in names or IMAGES)
                )
                link_images_by_label(table, place / "out", LinkSettings(copy=copy))

            return step

        one = run(min(IMAGES))
        survive(place / "out", foreign, [run(), run(), run(), one, one, run()], away)


@some
@given(files_named("c.csv", "c.ledger.csv"))
def test_clean_detections(foreign: dict[str, bytes]) -> None:
    """The table and its ledger are written only where nothing of another origin stands."""
    with folders() as (place, away):
        names = [Path(name) for name in IMAGES]
        table = properties(place / "images", *((str(n), "2016-07-05", "") for n in names))
        lines = [f"2016-07-05,D:\\x\\{n.parent},{n.name},cat\n" for n in names]

        def run(number: int = 4) -> None:
            (place / "d.csv").write_text(HEADER + "".join(lines[:number]))
            clean_detections([place / "d.csv"], place / "images", table, place / "out" / "c.csv")

        survive(place / "out", foreign, [run, run, run, lambda: run(2), lambda: run(2)], away)


@some
@given(files_named("lpz_data/a.JPG", *IMAGES, "ledger.csv"))
def test_download_images(monkeypatch: pytest.MonkeyPatch, foreign: dict[str, bytes]) -> None:
    """Objects are written only where nothing of another origin stands."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    state = FakeS3({key: FakeObject(content) for key, content in IMAGES.items()})
    with folders() as (place, away), serve(state) as fake:
        options = DownloadSettings(endpoint_url=fake.endpoint_url, max_rejected=1.0, jobs=2)

        def run() -> None:
            download_images(place / "out", BUCKET, options)

        def fewer() -> None:
            del state.objects[min(IMAGES)]

        survive(place / "out", foreign, [run, run, run, fewer, run, run], away)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("model"))


@settings(parent=some, max_examples=3)
@given(foreign=files_named("labels.csv", "labels.events.csv", "labels.ledger.csv"))
def test_predict(model: Path, foreign: dict[str, bytes]) -> None:
    """The tables and the ledger are written only where nothing of another origin stands."""
    with folders() as (place, away):

        def run() -> None:
            options = PredictSettings(photographs="preprocessed", jobs=1)
            predict(model, place / "in", place / "out" / "labels.csv", options)

        survive(place / "out", foreign, [run, run, run, lambda: drop(place), run], away)


@settings(parent=some, max_examples=3)
@given(
    files_named(
        "truth.csv",
        "README.txt",
        "ledger.csv",
        "bucket/README.txt",
        "bucket/lpz_data/detections_2016.csv",
    )
)
def test_make_sample(foreign: dict[str, bytes]) -> None:
    """Files of the sample are written only where nothing of another origin stands."""
    with folders() as (place, away):

        def run() -> None:
            make_sample(place / "out", SampleSettings(sequences=9, sites=2, jobs=1))

        survive(place / "out", foreign, [run, run, run], away)


@pytest.mark.parametrize("name", ["labels.csv", "labels.ledger.csv"])
def test_publish_labels(s3: S3, tmp_path: Path, name: str) -> None:
    """The table and its ledger are written only where nothing of another origin stands."""
    tables = shards(tmp_path / "in", "ab", "c")

    def run() -> None:
        publish_labels(tables, tmp_path / "out" / "labels.csv", s3.bucket)

    survive(tmp_path / "out", {name: b"mine", "other": b"x"}, [run, run], None)
    assert not s3.client.list_objects_v2(Bucket=s3.bucket).get("Contents")


@pytest.mark.parametrize(
    "name", ["report.html", "variables/variables.index", "saved_model.pb", "ledger.csv"]
)
def test_retrain(tmp_path: Path, name: str) -> None:
    """Where a file of a model's name stands, nothing is trained."""
    make_classes(tmp_path / "links")

    def run() -> None:
        retrain(tmp_path / "links", tmp_path / "model", RetrainSettings())

    survive(tmp_path / "model", {name: b"mine", "variables/other": b"x"}, [run], None)
    assert not (tmp_path / "model" / "metrics.json").exists()

"""Claims about ingest_images: what comes out is that of the two stages in a row."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from PIL import Image

from autofocus.demo.local_server import LocalS3Server
from autofocus.download_images import download_images, open_download
from autofocus.download_settings import DownloadSettings
from autofocus.errors import MissingInputError, OutputConflictError, SettingError, StoreError
from autofocus.images.names import IMAGE_FORMATS
from autofocus.images.unkept import check_kept
from autofocus.ingest_images import IngestResult, ingest_source
from autofocus.predicting.inputs import find_inputs
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.runs import files as runs_files
from tests.conftest import S3
from tests.killing import check_killed_runs, noted, tree
from tests.samples import upload_sample
from tests.store.fake_s3 import BUCKET as FAKE_BUCKET
from tests.store.fake_s3 import ENVIRONMENT, FakeObject, FakeS3, serve

BUCKET = "ingest"
INDIR = "lpz_data"
IMAGES = 8
LENIENT = PreprocessSettings(max_rejected=0.5)
AUTO = PreprocessSettings(trim_bottom="auto", trim_top="auto", max_rejected=0.5)


@pytest.fixture(scope="module")
def server(s3_server: LocalS3Server, tmp_path_factory: pytest.TempPathFactory) -> LocalS3Server:
    """A server with the synthetic sample, damaged files included, in a bucket."""
    folder = tmp_path_factory.mktemp("sample")
    upload_sample(s3_server, BUCKET, folder, sequences=12, sites=3)
    return s3_server


@pytest.fixture
def sample(server: LocalS3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let AWS's clients find the server by themselves."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)


def ingest(
    folder: Path,
    bucket: str = BUCKET,
    settings: PreprocessSettings = LENIENT,
    download: DownloadSettings = DownloadSettings(),
    indir: str = INDIR,
) -> IngestResult:
    given = (folder / "data", folder / "out", settings, indir)
    with open_download(bucket, download) as source:
        return ingest_source(source, *given)


def in_a_row(
    folder: Path,
    bucket: str = BUCKET,
    settings: PreprocessSettings = LENIENT,
    download: DownloadSettings = DownloadSettings(),
    indir: str = INDIR,
) -> None:
    download_images(folder / "data", bucket, download)
    preprocess_images(folder / "data" / indir, folder / "out", settings)


def without_originals(folder: Path) -> dict[str, str]:
    """Return what is visible in both folders, without the original images."""
    return {
        name: digest
        for name, digest in tree(folder).items()
        if name.startswith("out/") or Path(name).suffix.lower() not in IMAGE_FORMATS
    }


def originals(folder: Path) -> list[str]:
    """Return the original images in the folder, without what macOS keeps beside them."""
    return [
        name
        for name in tree(folder / "data")
        if Path(name).suffix.lower() in IMAGE_FORMATS and not Path(name).name.startswith("._")
    ]


def photo(path: Path, shade: int = 90, side: int = 640) -> bytes:
    """Return a JPEG file of some structure."""
    image = Image.new("RGB", (side, side), (shade, 120, 60))
    image.paste((200, shade, 10), (50, 50, 300, 250))
    image.save(path, "JPEG", quality=90)
    return path.read_bytes()


@pytest.mark.usefixtures("sample")
@pytest.mark.parametrize("settings", [LENIENT, AUTO], ids=["numbers", "auto"])
def test_results_are_those_of_the_stages_in_a_row(
    tmp_path: Path, settings: PreprocessSettings
) -> None:
    """Ledgers, tables, images and other files have the same bytes, and no original is there."""
    in_a_row(tmp_path / "two", settings=settings)
    result = ingest(tmp_path / "one", settings=settings)
    assert without_originals(tmp_path / "one") == without_originals(tmp_path / "two")
    assert originals(tmp_path / "one") == []
    assert len(originals(tmp_path / "two")) > 30
    assert result.preprocessed is not None
    assert result.preprocessed.counts.rejected > 0
    # A second time all is reused, and nothing is fetched.
    in_a_row(tmp_path / "two", settings=settings)
    ingest(tmp_path / "one", settings=settings)
    assert without_originals(tmp_path / "one") == without_originals(tmp_path / "two")


@pytest.mark.usefixtures("sample")
@pytest.mark.parametrize("points", [(1,), (12,), (16, 28)], ids=str)
def test_killed_runs_end_with_the_same_bytes(tmp_path: Path, points: Sequence[int]) -> None:
    """Killed with SIGKILL and started again, it ends with the bytes of an unstopped run."""

    def command(out: Path) -> list[str]:
        words = ["--local-folder", out / "data", "--outdir", out / "out", "--bucket", BUCKET]
        more = ["--indir", INDIR, "--max-rejected", "0.5", "--transfers", "3"]
        return [sys.executable, "-m", "autofocus", "ingest_images", *map(str, words), *more]

    check_killed_runs(command, tmp_path, noted("preprocess_images"), [points])


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeS3]:
    """A server that counts requests and misbehaves when asked to: eight images and a table."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    objects = {
        f"{INDIR}/cam{number % 2}/{number}.JPG": FakeObject(photo(tmp_path / "p.jpg", 20 * number))
        for number in range(IMAGES)
    }
    objects["table.csv"] = FakeObject(b"a,b\n1,2\n")
    with serve(FakeS3(objects)) as state:
        monkeypatch.setenv("AWS_ENDPOINT_URL", state.endpoint_url)
        yield state


ONCE = DownloadSettings(patience=0, max_rejected=0.5)


def ingest_fake(folder: Path, settings: PreprocessSettings = LENIENT) -> IngestResult:
    return ingest(folder, FAKE_BUCKET, settings, ONCE)


def in_a_row_fake(folder: Path, settings: PreprocessSettings = LENIENT) -> None:
    in_a_row(folder, FAKE_BUCKET, settings, ONCE)


def fetched(fake: FakeS3) -> list[str]:
    """Return the keys that were asked for since the last call."""
    keys = sorted(fake.asked)
    fake.asked.clear()
    return keys


def key(number: int) -> str:
    return f"{INDIR}/cam{number % 2}/{number}.JPG"


def test_only_what_is_missing_or_changed_is_fetched(fake: FakeS3, tmp_path: Path) -> None:
    """A later ingest asks for nothing, or for the images that were damaged, replaced or added."""
    ingest_fake(tmp_path)
    assert len(fetched(fake)) == IMAGES + 1
    ingest_fake(tmp_path)
    assert fetched(fake) == []
    (tmp_path / "out/cam0/2.JPG").write_bytes(b"damaged")
    fake.objects[key(3)] = FakeObject(photo(tmp_path / "p.jpg", 250))
    fake.objects[key(9)] = FakeObject(photo(tmp_path / "p.jpg", 240))
    result = ingest_fake(tmp_path)
    assert fetched(fake) == [key(2), key(3), key(9)]
    # The object of the damaged image is the one that had arrived before.
    assert (result.downloaded.counts.ok, result.downloaded.counts.reused) == (2, 8)
    assert result.preprocessed is not None
    assert (result.preprocessed.counts.ok, result.preprocessed.counts.reused) == (3, 6)
    in_a_row_fake(tmp_path / "two")
    assert set(tree(tmp_path / "out")) == set(tree(tmp_path / "two/out"))


def test_it_goes_on_after_the_stages_and_they_after_it(fake: FakeS3, tmp_path: Path) -> None:
    """What was downloaded isn't fetched again, removed or not, and a download fetches the rest."""
    in_a_row_fake(tmp_path)
    expected = tree(tmp_path / "out")
    fetched(fake)
    ingest_fake(tmp_path)
    assert fetched(fake) == []
    shutil.rmtree(tmp_path / "data" / INDIR / "cam0")
    ingest_fake(tmp_path)
    assert fetched(fake) == []
    assert len(originals(tmp_path)) == IMAGES // 2
    ingest_fake(tmp_path)
    assert fetched(fake) == []
    in_a_row_fake(tmp_path)
    assert fetched(fake) == [key(number) for number in range(0, IMAGES, 2)]
    assert len(originals(tmp_path)) == IMAGES
    names = {name for name in expected if name.endswith((".JPG", "properties.csv"))}
    assert {name: tree(tmp_path / "out")[name] for name in names} == {
        name: expected[name] for name in names
    }


@pytest.mark.usefixtures("fake")
def test_stages_refuse_what_was_not_kept(tmp_path: Path) -> None:
    """A stage that reads originals removes nothing if they were not kept, and says what to do."""
    ingest_fake(tmp_path)
    data, out = tmp_path / "data", tmp_path / "out"
    before = tree(out)
    # One image that is there would be taken for all.
    (data / INDIR).mkdir(exist_ok=True)
    photo(data / INDIR / "left.JPG")
    for folder in (data / INDIR, data / INDIR / "cam0", data):
        with pytest.raises(MissingInputError, match=r"were not kept .* download_images into"):
            preprocess_images(folder, out, LENIENT)
        with pytest.raises(MissingInputError, match="were not kept"):
            find_inputs(folder, ["JPG"])
    assert tree(out) == before
    check_kept(out)
    check_kept(data / "elsewhere")
    (data / INDIR / "left.JPG").unlink()
    in_a_row_fake(tmp_path)
    check_kept(data / INDIR)
    assert find_inputs(data / INDIR, ["JPG"]).names == find_inputs(out, ["JPG"]).names


@pytest.mark.parametrize("begun", ["ingest", "in a row"])
def test_images_of_removed_objects_vanish(fake: FakeS3, tmp_path: Path, begun: str) -> None:
    """When an object is gone, so are its row and its preprocessed image, as after the stages."""
    (in_a_row_fake if begun == "in a row" else ingest_fake)(tmp_path / "one")
    in_a_row_fake(tmp_path / "two")
    del fake.objects[key(1)], fake.objects[key(4)]
    ingest_fake(tmp_path / "one")
    in_a_row_fake(tmp_path / "two")
    assert without_originals(tmp_path / "one") == without_originals(tmp_path / "two")
    assert "out/cam1/1.JPG" not in tree(tmp_path / "one")


@pytest.mark.parametrize("settings", [LENIENT, AUTO], ids=["numbers", "auto"])
def test_refused_objects_are_no_images(
    fake: FakeS3, tmp_path: Path, settings: PreprocessSettings
) -> None:
    """An object that the server denies is a rejected object, and no image."""
    for number in (0, 5):
        fake.objects[key(number)].statuses[:] = [403] * 99
        fake.objects[key(number)].code = "AccessDenied"
    result = ingest_fake(tmp_path / "one", settings)
    # Neither the sample of automatic trims nor a ledger asks once more.
    assert [fake.asked[key(number)] for number in (0, 5)] == [1, 1]
    in_a_row_fake(tmp_path / "two", settings)
    assert without_originals(tmp_path / "one") == without_originals(tmp_path / "two")
    assert result.downloaded.counts.rejected == 2


def test_objects_that_do_not_arrive_end_it_before_the_tables(fake: FakeS3, tmp_path: Path) -> None:
    """It fails as the download does, keeps what is done, and goes on from there."""
    broken = fake.objects[key(6)]
    broken.arriving = 10
    with pytest.raises(StoreError, match="1 of 9 objects did not arrive"):
        ingest_fake(tmp_path / "one")
    with pytest.raises(StoreError):
        in_a_row_fake(tmp_path / "two")
    ledger = "data/ledger.csv"
    assert tree(tmp_path / "one")[ledger] == tree(tmp_path / "two")[ledger]
    assert not (tmp_path / "one/out/ledger.csv").exists()
    broken.arriving = None
    fetched(fake)
    ingest_fake(tmp_path / "one")
    assert fetched(fake) == [key(6)]
    in_a_row_fake(tmp_path / "two")
    assert without_originals(tmp_path / "one") == without_originals(tmp_path / "two")


def test_damaged_images_are_rejected_as_from_a_file(fake: FakeS3, tmp_path: Path) -> None:
    """Of whatever kind the damage is, the ledger says the same."""
    whole = fake.objects[key(0)].content
    contents = [b"", b"no image", whole[:3000], whole[:200] + bytes(900) + whole[1100:]]
    for number, content in enumerate(contents):
        fake.objects[key(number)] = FakeObject(content)
        # The same under the names of other formats, which say nothing.
        fake.objects[f"{INDIR}/cam2/{number}.png"] = FakeObject(content)
        fake.objects[f"{INDIR}/cam2/._{number}.png"] = FakeObject(content)
    ingest_fake(tmp_path / "one", PreprocessSettings(max_rejected=1))
    in_a_row_fake(tmp_path / "two", PreprocessSettings(max_rejected=1))
    assert without_originals(tmp_path / "one") == without_originals(tmp_path / "two")


def test_odd_keys_are_handled_as_by_the_stages(fake: FakeS3, tmp_path: Path) -> None:
    """Unsafe, hidden, repeated and misplaced keys give the same rows and the same images."""
    content = fake.objects[key(0)].content
    odd = (
        "../x.JPG", "/lpz_data/abs.JPG", "lpz_data//cam0/0.JPG", "lpz_data//cam0/new.JPG",
        "lpz_data/.hidden/a.JPG", "lpz_data/@eaDir/a.JPG", "lpz_data/mlruns/a.JPG",
        "lpz_data/cam0/1.JPG/a.JPG", "lpz_data/cam0/a.gif", "other/a.JPG", "lpz_data/cam0/",
        f"lpz_data/{'n' * 260}.JPG",
        "lpz_data/ümlaut b.jpeg", "lpz_data/.autofocus/a.JPG", "lpz_data/a.JPG.txt",
    )  # fmt: skip
    for name in odd:
        fake.objects[name] = FakeObject(b"" if name.endswith("/") else content)
    settings = DownloadSettings(patience=0, max_rejected=1)
    ingest(tmp_path / "one", FAKE_BUCKET, LENIENT, settings)
    in_a_row(tmp_path / "two", FAKE_BUCKET, LENIENT, settings)
    assert without_originals(tmp_path / "one") == without_originals(tmp_path / "two")


@pytest.mark.usefixtures("fake")
def test_what_stands_in_the_folder_is_safe(tmp_path: Path) -> None:
    """A person's file in an object's place ends the run, and is never written over afterwards."""
    mine = tmp_path / "data" / key(2)
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    with pytest.raises(OutputConflictError, match=r"2\.JPG already exists"):
        ingest_fake(tmp_path)
    mine.unlink()
    ingest_fake(tmp_path)
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_bytes(b"mine")
    for again in (ingest_fake, in_a_row_fake):
        with pytest.raises(OutputConflictError, match=r"2\.JPG already exists"):
            again(tmp_path)
    assert mine.read_bytes() == b"mine"


@pytest.mark.usefixtures("fake")
def test_other_systems_use_scratch_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where files can't be in memory, they lie in the hidden folder while they are read."""
    monkeypatch.delattr(os, "memfd_create")
    ingest_fake(tmp_path / "one")
    in_a_row_fake(tmp_path / "two")
    assert without_originals(tmp_path / "one") == without_originals(tmp_path / "two")
    assert not list((tmp_path / "one").rglob("tmp/*"))


def test_a_sample_is_fetched_once(fake: FakeS3, tmp_path: Path) -> None:
    """With automatic trims, what was measured is kept, and a later run asks for nothing."""
    ingest_fake(tmp_path, AUTO)
    fetched(fake)
    ingest_fake(tmp_path, AUTO)
    assert fetched(fake) == []


@pytest.mark.usefixtures("fake")
def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    """It reports what there is to fetch."""
    result = ingest(tmp_path, FAKE_BUCKET, LENIENT, DownloadSettings(dry_run=True))
    assert "9 objects" in str(result)
    assert not (tmp_path / "data").exists()
    assert not (tmp_path / "out").exists()


def test_faults_are_reported_before_anything_is_fetched(fake: FakeS3, tmp_path: Path) -> None:
    """A folder outside the bucket, other settings than before, and a lack of images."""
    with pytest.raises(SettingError, match="indir: give a folder of the bucket"):
        ingest(tmp_path, FAKE_BUCKET, LENIENT, ONCE, "../lpz")
    with pytest.raises(MissingInputError, match=r"No key of .*/nothing ends in .*: check --indir"):
        ingest(tmp_path / "empty", FAKE_BUCKET, LENIENT, ONCE, "nothing")
    assert fetched(fake) == []
    assert not (tmp_path / "empty").exists()
    ingest_fake(tmp_path)
    fetched(fake)
    with pytest.raises(OutputConflictError, match="begun by preprocess_images with min_side"):
        ingest_fake(tmp_path, PreprocessSettings(min_side=99))
    assert fetched(fake) == []


def test_shards_and_samples_are_those_of_the_download(s3: S3, tmp_path: Path) -> None:
    """A shard of a sample gives what the stages give."""
    content = photo(tmp_path / "p.jpg")
    for number in range(12):
        s3.put(f"cam{number % 4}/{number}.JPG", content)
    for number in range(2):
        settings = DownloadSettings(sample=8, shard=f"{number}/2")
        empty = PreprocessSettings(allow_empty=True)
        one, two = (tmp_path / f"{way}{number}" for way in ("one", "two"))
        ingest(one, s3.bucket, empty, settings, "")
        in_a_row(two, s3.bucket, empty, settings, "")
        assert tree(one / "out") == tree(two / "out")
        assert (one / "data/ledger.csv").read_bytes() == (two / "data/ledger.csv").read_bytes()


@pytest.mark.usefixtures("fake")
def test_stopped_between_the_ledgers_it_keeps_their_statuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the download's ledger is there and the images' tables are not, nothing counts anew."""
    write_json = runs_files.write_json

    def stop(final: Path, value: object, scratch: Path) -> None:
        if final.name == "preparation.json":
            raise KeyboardInterrupt
        write_json(final, value, scratch)

    with monkeypatch.context() as patch:
        patch.setattr(runs_files, "write_json", stop)
        with pytest.raises(KeyboardInterrupt):
            ingest_fake(tmp_path / "one")
    assert (tmp_path / "one/data/ledger.csv").exists()
    assert not (tmp_path / "one/out/ledger.csv").exists()
    ingest_fake(tmp_path / "one")
    in_a_row_fake(tmp_path / "two")
    assert without_originals(tmp_path / "one") == without_originals(tmp_path / "two")


def test_ctrl_c_ends_it_soon_and_loses_nothing(fake: FakeS3, tmp_path: Path) -> None:
    """A transfer that hangs is given up, and the next start does what is left."""
    slow = fake.objects[key(7)]
    slow.seconds = 60
    words = ["--local-folder", tmp_path / "data", "--outdir", tmp_path / "out", "--indir", INDIR]
    command = [sys.executable, "-m", "autofocus", "ingest_images", *map(str, words)]
    with subprocess.Popen([*command, "--bucket", FAKE_BUCKET], stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        while noted("preprocess_images")(tmp_path) < IMAGES - 4 and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in said
    slow.seconds = 0
    fetched(fake)
    ingest(tmp_path, FAKE_BUCKET, PreprocessSettings(), DownloadSettings())
    assert len(fetched(fake)) < IMAGES
    in_a_row_fake(tmp_path / "two")
    assert tree(tmp_path / "out") == tree(tmp_path / "two/out")

"""Claims about stages whose store goes away while they work: nothing is lost, nothing fails."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from autofocus.download_images import download_images
from autofocus.download_settings import DownloadSettings
from autofocus.errors import StoreUnavailableError
from autofocus.predict import predict
from autofocus.predict_settings import PredictSettings
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.publish_labels import PublishSettings, publish_labels
from autofocus.runs.sharding import Shard
from autofocus.store import patience
from tests.components.calling import Call, prepare, start
from tests.conftest import S3
from tests.downloading import command, fill, landed, ledger, objects
from tests.predicting.models import LABELS, PREPARATION, make_image, make_model
from tests.store.outage import Proxy
from tests.test_publish_labels import MERGED, shards

OUTAGE_S = 60.0
# So slow that the outage comes when some objects have arrived, and others have not.
SLOW = 12_000
TRIMMED: dict[str, Any] = {
    "trim_bottom": PREPARATION.trim_bottom,
    "min_side": PREPARATION.min_side,
}


def wait_until(condition: Callable[[], bool], within_s: float = 60) -> None:
    """Wait for something that must come about."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def begin(words: list[str]) -> "subprocess.Popen[str]":
    """Start a command."""
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def check_all_ok(path: Path, number: int) -> None:
    """Check that a ledger has so many rows, and that all inputs are `ok`."""
    rows = path.read_text().splitlines()[1:]
    assert len(rows) == number
    assert all(",ok," in row for row in rows)


@pytest.mark.usefixtures("quick")
def test_a_download_goes_on_after_an_outage(s3: S3, tmp_path: Path) -> None:
    """A store that is away for two seconds costs no object, and fails none."""
    images = fill(s3, 60, size=3000)
    with Proxy(s3.endpoint_url, 50_000) as proxy, ThreadPoolExecutor() as executor:
        settings = DownloadSettings(endpoint_url=proxy.endpoint_url, jobs=4, patience=60)
        run = executor.submit(download_images, tmp_path / "data", s3.bucket, settings)
        wait_until(lambda: landed(tmp_path) >= 10)
        proxy.go_away_for(2).join()
        assert landed(tmp_path) < 50
        assert run.result().counts.ok == 60
    assert objects(tmp_path / "data") == images
    assert set(ledger(tmp_path / "data").values()) == {("ok", "")}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let retries follow one another quickly."""
    monkeypatch.setattr(patience, "FIRST_WAIT_S", 0.2)


def test_a_download_ends_with_its_patience(s3: S3, tmp_path: Path) -> None:
    """A store that stays away ends the run with one sentence, and the same command goes on."""
    images = fill(s3, 40, size=3000)
    folder = tmp_path / "data"
    with Proxy(s3.endpoint_url, 50_000) as proxy:
        words = command(folder, s3.bucket, "--endpoint-url", proxy.endpoint_url, "--jobs", "4")
        with begin([*words, "--patience", "1"]) as process:
            wait_until(lambda: landed(folder) >= 10)
            proxy.go_away()
            _, said = process.communicate(timeout=30)
        assert process.returncode == 5
        last = said.splitlines()[-1]
        assert last.startswith(
            f"autofocus download_images: error: No object of bucket {s3.bucket}"
        )
        assert last.endswith("the same command resumes from here.")
        assert "Traceback" not in said
        assert not (folder / "ledger.csv").exists()
        proxy.come_back()
        subprocess.run(words, check=True, capture_output=True)
    assert objects(folder) == images


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_waits_ends_when_it_is_stopped(
    s3: S3, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    """Ctrl-C or SIGTERM in an outage ends a run at once, however long it would have waited."""
    fill(s3, 60, size=3000)
    with Proxy(s3.endpoint_url, 50_000) as proxy:
        where = ["--endpoint-url", proxy.endpoint_url, "--jobs", "8"]
        words = command(tmp_path, s3.bucket, *where)
        with begin(words) as process:
            wait_until(lambda: landed(tmp_path) >= 5)
            proxy.go_away()
            time.sleep(5)
            assert process.poll() is None
            began = time.monotonic()
            process.send_signal(number)
            _, said = process.communicate(timeout=30)
    assert time.monotonic() - began < 2
    assert process.returncode == status
    assert "Traceback" not in said


@pytest.mark.usefixtures("quick")
def test_labels_are_published_after_an_outage(s3: S3, tmp_path: Path) -> None:
    """A store that is away when publishing begins is waited for."""
    with Proxy(s3.endpoint_url) as proxy:
        ended = proxy.go_away_for(1)
        settings = PublishSettings(endpoint_url=proxy.endpoint_url, patience=60)
        publish_labels(shards(tmp_path, "bd", "ac"), tmp_path / "labels.csv", s3.bucket, settings)
        ended.join()
    assert published(s3) == MERGED.encode()


def published(s3: S3) -> bytes:
    """Return the table that is in the bucket."""
    return s3.client.get_object(Bucket=s3.bucket, Key="autofocus/labels.csv")["Body"].read()


@pytest.mark.usefixtures("s3", "quick")
def test_publishing_ends_with_its_patience(tmp_path: Path) -> None:
    """A store that stays away ends it with a sentence, and no ledger says that all is well."""
    settings = PublishSettings(endpoint_url="http://127.0.0.1:1", patience=0.5)
    with pytest.raises(StoreUnavailableError, match="can't be reached"):
        publish_labels(shards(tmp_path, "a"), tmp_path / "labels.csv", "bucket", settings)
    assert not (tmp_path / "labels.ledger.csv").exists()


def make_images(folder: Path, number: int) -> dict[str, bytes]:
    """Write photographs of seven cameras, and return them by their keys."""
    for place in range(number):
        colour = (20 + place, 190 - place // 2, 60 + place % 9)
        moment = f"2016-07-05T{place // 60:02}:{place % 60:02}:{7 * place % 60:02}"
        make_image(folder / "zoo" / f"site{place % 7}" / f"{place:03}.JPG", colour, moment)
    paths = sorted(folder.rglob("*.JPG"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def call(stage: str, folder: Path, parameters: dict[str, Any], **inputs: Any) -> Call:
    """Run a component that must end well."""
    made = prepare(stage, folder, parameters, **inputs)
    told = start(stage, made, {"TMPDIR": str(folder.parent)})
    assert told.returncode == 0, told.stderr
    return made


def label(
    folder: Path, bucket: str, endpoint_url: str, model: Callable[[], Path], number: int
) -> Call:
    """Run the components that label a shard of so many photographs."""
    work = folder / "work"
    work.mkdir(parents=True)
    where = {"bucket": bucket, "endpoint_url": endpoint_url, "shard": "0/2", "jobs": 2}
    brought = call("download", work / "download", where)
    small = call(
        "preprocess", work / "small", {"indir": "zoo", **TRIMMED}, images=brought["images"]
    )
    for each in (brought, small):
        check_all_ok(each["ledger"], number)
    return call(
        "predict",
        work / "predict",
        {"indir": "zoo", "probabilities": True},
        model=model(),
        preprocessed=small["preprocessed"],
        preprocessing=small["ledger"],
    )


def expected_labels(folder: Path, photographs: dict[str, bytes], model: Path) -> bytes:
    """Label photographs by the stages, without any store."""
    for key, content in photographs.items():
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(content)
    preprocess_images(folder / "zoo", folder / "small" / "zoo", PreprocessSettings(**TRIMMED))
    settings = PredictSettings(probabilities=True)
    table = folder / "small" / "labels.csv"
    return predict(model, folder / "small" / "zoo", table, settings).predictions.read_bytes()


def check_ended_well(process: "subprocess.Popen[str]") -> None:
    """Check that a command ends with status 0, and has logged one outage."""
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert said.count("Retrying for up to 300 s (--patience).") == 1
    assert said.count("is available again after") == 1


def test_an_outage_of_a_minute_costs_nothing(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Download, label and publish outlast 60 s without a store: all `ok`, and the same bytes."""
    photographs = make_images(tmp_path / "photographs", 210)
    shard = {key: photographs[key] for key in photographs if Shard.parse("0/2").has(key)}
    for key, content in photographs.items():
        s3.put(key, content)
    tables = shards(tmp_path, "bd", "ac")
    whole, part, outpath = tmp_path / "whole", tmp_path / "part", tmp_path / "labels.csv"
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with Proxy(s3.endpoint_url, SLOW) as proxy, ThreadPoolExecutor() as executor:
        where = ["--endpoint-url", proxy.endpoint_url]
        download = begin([*command(whole, s3.bucket), *where, "--jobs", "4"])
        model = executor.submit(
            lambda: make_model(tmp_path / "model", thresholds=dict.fromkeys(LABELS, 0.8))
        )
        labelled = executor.submit(
            label, part, s3.bucket, proxy.endpoint_url, model.result, len(shard)
        )
        wait_until(lambda: landed(whole) >= 20 and landed(part) >= 10)
        proxy.go_away()
        began = time.monotonic()
        assert landed(whole) <= 190
        assert landed(part) <= len(shard) - 10
        words = ["--bucket", s3.bucket, "--outpath", str(outpath), "--tables", *map(str, tables)]
        publish = begin([sys.executable, "-m", "autofocus", "publish_labels", *where, *words])
        expected = expected_labels(tmp_path / "expected", shard, model.result())
        time.sleep(max(0.0, began + OUTAGE_S - time.monotonic()))
        assert (download.poll(), labelled.done(), publish.poll()) == (None, False, None)
        proxy.bytes_per_second = float("inf")
        proxy.come_back()
        check_ended_well(download)
        check_ended_well(publish)
        assert labelled.result()["predictions"].read_bytes() == expected
    assert objects(whole) == photographs
    check_all_ok(whole / "ledger.csv", 210)
    assert published(s3) == outpath.read_bytes() == MERGED.encode()
    check_all_ok(tmp_path / "labels.ledger.csv", 2)

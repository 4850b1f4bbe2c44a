"""Tests of stage 0, against a real S3 server where that can do what the test needs."""

import dataclasses
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autofocus.download_images import download_images
from autofocus.download_settings import DownloadSettings
from autofocus.errors import (
    CredentialsError,
    InputDataError,
    MissingInputError,
    OutputConflictError,
    SettingError,
    StoreError,
    TooManyRejectedError,
)
from autofocus.runs.journal import read_outcomes
from autofocus.runs.ledger import read_ledger
from autofocus.store import transfer
from tests.conftest import S3
from tests.downloading import STAGE, command, files, fill, landed, ledger, manifest_of, objects
from tests.store.fake_s3 import BUCKET, ENVIRONMENT, FakeObject, FakeS3, serve


@pytest.fixture
def some_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that suffice for a server that misbehaves."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def test_the_structure_of_folders_is_kept(s3: S3, tmp_path: Path) -> None:
    """Every object becomes a file under its key, and a row of the ledger."""
    images = fill(s3, 5)
    s3.put("lpz_data/detections_2016.csv", "a,b\n")
    result = download_images(tmp_path / "data", s3.bucket)
    assert objects(tmp_path / "data") == {**images, "lpz_data/detections_2016.csv": b"a,b\n"}
    assert ledger(tmp_path / "data") == dict.fromkeys(objects(tmp_path / "data"), ("ok", ""))
    assert (result.counts.ok, result.left_out) == (6, 0)


def test_folder_markers_become_folders(s3: S3, tmp_path: Path) -> None:
    """An empty object whose key ends in / becomes a folder."""
    s3.put("lpz_data/empty/")
    download_images(tmp_path, s3.bucket)
    assert (tmp_path / "lpz_data" / "empty").is_dir()
    assert download_images(tmp_path, s3.bucket).counts.reused == 1


def test_stopped_by_kill_it_goes_on_to_the_same_bytes(s3: S3, tmp_path: Path) -> None:
    """Killed in the middle and started again, it leaves what an unstopped run leaves."""
    images = fill(s3, 150, size=20_000)
    killed, unstopped = tmp_path / "killed", tmp_path / "unstopped"
    words = command(killed, s3.bucket, "--jobs", "1")
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and landed(killed) < 10:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    assert 10 <= len(objects(killed)) < len(images)
    assert not (killed / "ledger.csv").exists()
    partial = killed / ".autofocus" / "download_images" / "tmp" / "partial"
    partial.write_bytes(b"what a transfer under way left")
    result = download_images(killed, s3.bucket)
    download_images(unstopped, s3.bucket)
    assert files(killed) == files(unstopped)
    assert objects(killed) == images
    assert result.counts.ok == len(images)
    assert not partial.exists()


def test_tar_files_come_only_when_asked_for(s3: S3, tmp_path: Path) -> None:
    """Tar files are no inputs by default, and the result says that they were left out."""
    for key in ("a.JPG", "a.tar", "b.tar.gz", "c.tgz"):
        s3.put(key, key)
    result = download_images(tmp_path / "without", s3.bucket)
    assert set(objects(tmp_path / "without")) == {"a.JPG"}
    assert (result.counts.inputs, result.left_out) == (1, 3)
    assert "--download-tar brings them): 3" in str(result)
    settings = DownloadSettings(download_tar=True)
    assert download_images(tmp_path / "with", s3.bucket, settings).counts.ok == 4


def test_prefix_sample_and_shard_choose(s3: S3, tmp_path: Path) -> None:
    """The options choose objects, whose keys stay whole; shards of a sample are a partition."""
    images = fill(s3, 40)
    s3.put("lpz_data/table.csv", "a")
    s3.put("other/a.JPG", "a")
    brought = []
    for number in range(3):
        folder = tmp_path / str(number)
        settings = DownloadSettings(prefix="lpz_data/", sample=12, shard=f"{number}/3")
        download_images(folder, s3.bucket, settings)
        brought += list(objects(folder))
    assert len(brought) == 13
    assert len(set(brought)) == 13
    assert set(brought) <= {*images, "lpz_data/table.csv"}
    assert sum("images_2016" in key for key in brought) == 6


def test_an_empty_shard_is_no_error(s3: S3, tmp_path: Path) -> None:
    """A shard that gets nothing by chance is still an account of no inputs."""
    s3.put("table.csv", "a")
    result = download_images(tmp_path, s3.bucket, DownloadSettings(shard="1/2"))
    assert result.counts.inputs == 0
    assert ledger(tmp_path) == {}


def test_hostile_keys_are_rejected_and_written_nowhere(s3: S3, tmp_path: Path) -> None:
    """Reserved names, files in place of folders and links outward end in the ledger alone."""
    outside = tmp_path / "outside"
    outside.mkdir()
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "link").symlink_to(outside)
    for key in ("ledger.csv", ".autofocus/x", "a", "a/b.JPG", "link/x.JPG", "fine.JPG"):
        s3.put(key, "hostile")
    with pytest.raises(TooManyRejectedError, match="4 of 6 inputs were rejected"):
        download_images(folder, s3.bucket)
    assert ledger(folder) == {
        ".autofocus/x": ("rejected", "reserved_name"),
        "a": ("rejected", "file_and_folder"),
        "a/b.JPG": ("ok", ""),
        "fine.JPG": ("ok", ""),
        "ledger.csv": ("rejected", "reserved_name"),
        "link/x.JPG": ("rejected", "unsafe_key"),
    }
    assert set(objects(folder)) == {"a/b.JPG", "fine.JPG"}
    assert list(outside.iterdir()) == []
    assert download_images(folder, s3.bucket, DownloadSettings(max_rejected=1)).counts.reused == 2


@pytest.mark.usefixtures("some_credentials")
def test_keys_that_no_honest_server_gives(tmp_path: Path) -> None:
    """Keys that would leave the folder are rejected, and nothing is asked for."""
    bad = ["../up.JPG", "/../up.JPG", "a//b.JPG", "a/./b.JPG", "a/../../up.JPG"]
    folder = tmp_path / "deep" / "data"
    with serve(FakeS3({key: FakeObject(b"x") for key in [*bad, "a/b.JPG"]})) as fake:
        settings = DownloadSettings(endpoint_url=fake.endpoint_url, max_rejected=1)
        download_images(folder, BUCKET, settings)
        assert set(fake.asked) == {"a/b.JPG"}
    assert ledger(folder) == {
        **dict.fromkeys(bad, ("rejected", "unsafe_key")),
        "a/b.JPG": ("ok", ""),
    }
    assert set(files(tmp_path)) == {"deep/data/ledger.csv", "deep/data/a/b.JPG"}


def test_a_dry_run_writes_nothing(
    s3: S3, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dry run says what there is to do, with what would be rejected, and touches nothing."""
    fill(s3, 3)
    s3.put("ledger.csv", "x")
    s3.put("a.tar", "x")
    result = download_images(tmp_path / "data", s3.bucket, DownloadSettings(dry_run=True))
    *lines, manifest, rejected = str(result).splitlines()
    assert lines == [
        "download_images: a dry run, nothing was written",
        "  4 objects, 301 bytes; tar files left out (--download-tar brings them): 1",
        "  image: 3",
        "  table: 1",
    ]
    assert re.fullmatch("  manifest: [0-9a-f]{64}", manifest)
    assert rejected == (
        "  rejected: ledger.csv (reserved_name: ledger.csv is the name of this account)"
    )
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr() == ("", "")


def test_a_manifest_holds_as_long_as_the_bucket_stays(s3: S3, tmp_path: Path) -> None:
    """With the manifest of a dry run a download goes on, until an object has been written anew."""
    fill(s3, 3)
    settings = DownloadSettings(manifest=manifest_of(s3, tmp_path / "dry"))
    assert download_images(tmp_path / "one", s3.bucket, settings).counts.ok == 3
    s3.put("lpz_data/images_2016/IMG_0000.JPG", b"another")
    with pytest.raises(InputDataError, match=r"has changed: its manifest is [0-9a-f]{64}, and"):
        download_images(tmp_path / "two", s3.bucket, settings)
    assert not (tmp_path / "two").exists()


def test_a_word_in_place_of_a_manifest_is_not_compared(s3: S3, tmp_path: Path) -> None:
    """A manifest that begins with unchecked- lets any bucket pass."""
    fill(s3, 1)
    settings = DownloadSettings(manifest="unchecked-monday")
    assert download_images(tmp_path, s3.bucket, settings).counts.ok == 1


def test_a_manifest_is_a_digest() -> None:
    """Another text is refused before anything is asked of the server."""
    with pytest.raises(SettingError, match="manifest must be the digest that --dry-run prints"):
        DownloadSettings(manifest="yesterday")


def test_the_plan_is_said_before_the_start(
    s3: S3, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """How many objects and bytes there are is said on standard error."""
    fill(s3, 3)
    download_images(tmp_path, s3.bucket)
    assert capsys.readouterr().err.startswith("download_images: 3 objects, 300 bytes\n")


def test_other_settings_on_the_same_folder_are_refused(s3: S3, tmp_path: Path) -> None:
    """A folder begun with one choice of objects isn't mixed with another."""
    fill(s3, 3)
    download_images(tmp_path, s3.bucket, DownloadSettings(shard="0/2"))
    with pytest.raises(OutputConflictError, match="shard"):
        download_images(tmp_path, s3.bucket, DownloadSettings(shard="1/2"))
    # How to reach the server, and how fast, may change.
    settings = DownloadSettings(shard="0/2", endpoint_url=s3.endpoint_url, jobs=2)
    assert download_images(tmp_path, s3.bucket, settings).counts.ok == 0


@pytest.mark.usefixtures("some_credentials")
def test_lost_transfers_fail_the_run_and_are_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Objects that did not arrive fail the run in the end; the next run brings only them."""
    monkeypatch.setattr(transfer, "PAUSES", (0.0, 0.0))
    state = FakeS3({f"{n}.JPG": FakeObject(b"x%d" % n) for n in range(4)})
    state.objects["1.JPG"].answered = b"a login page"
    with serve(state) as fake:
        settings = DownloadSettings(endpoint_url=fake.endpoint_url)
        with pytest.raises(StoreError, match="1 of 4 objects did not arrive"):
            download_images(tmp_path, BUCKET, settings)
        assert ledger(tmp_path)["1.JPG"] == ("rejected", "download_failed")
        assert set(objects(tmp_path)) == {"0.JPG", "2.JPG", "3.JPG"}
        fake.asked.clear()
        fake.objects["1.JPG"].answered = None
        result = download_images(tmp_path, BUCKET, settings)
        assert set(fake.asked) == {"1.JPG"}
    assert (result.counts.ok, result.counts.reused) == (1, 3)


@pytest.mark.usefixtures("some_credentials")
def test_final_refusals_are_rejections(tmp_path: Path) -> None:
    """What the server refuses for good counts as rejected; only if that is all, it is an error."""
    state = FakeS3({f"{n}.JPG": FakeObject(b"x%d" % n) for n in range(12)})
    state.objects["1.JPG"].statuses = [403] * 9
    with serve(state) as fake:
        settings = DownloadSettings(endpoint_url=fake.endpoint_url)
        result = download_images(tmp_path, BUCKET, settings)
        assert result.counts.reasons == {"refused": 1}
        with pytest.raises(TooManyRejectedError, match="refused 1"):
            download_images(tmp_path, BUCKET, dataclasses.replace(settings, max_rejected=0))
        for each in fake.objects.values():
            each.statuses, each.code = [403] * 9, "AccessDenied"
        with pytest.raises(CredentialsError, match="--request-payer"):
            download_images(tmp_path / "denied", BUCKET, settings)
        for each in fake.objects.values():
            each.statuses, each.code = [403], "InvalidObjectState"
        with pytest.raises(TooManyRejectedError, match="archived 12"):
            download_images(tmp_path / "archived", BUCKET, settings)


def test_the_ledger_says_by_what_an_object_was_verified(s3: S3, tmp_path: Path) -> None:
    """A row of the ledger has the check; what an earlier version did not check is checked once."""
    images = fill(s3, 3)
    result = download_images(tmp_path, s3.bucket)
    details = {row.input: row.detail for _, row in read_ledger(tmp_path / "ledger.csv")}
    assert details == dict.fromkeys(images, "verified: md5")
    assert "objects verified by: md5 3" in result.notes
    journal = tmp_path / ".autofocus" / "download_images" / "finished.jsonl"
    outcomes = list(read_outcomes(journal))
    for outcome in outcomes:
        del outcome.extra["verified"]
    journal.write_text("".join(outcome.to_line() for outcome in outcomes))
    altered = tmp_path / min(images)
    stamp = altered.stat().st_mtime_ns
    altered.write_bytes(b"x" * 100)
    os.utime(altered, ns=(stamp, stamp))
    download_images(tmp_path, s3.bucket)
    assert objects(tmp_path) == images


@pytest.mark.parametrize(
    ("keys", "settings", "part"),
    [
        ([], DownloadSettings(), "holds no object: check"),
        (["a.JPG"], DownloadSettings(prefix="b"), "whose key begins with b"),
        (["a.tar"], DownloadSettings(), "nothing that the options select: tar files left out"),
    ],
)
def test_nothing_to_take_is_an_error(
    keys: list[str], settings: DownloadSettings, part: str, s3: S3, tmp_path: Path
) -> None:
    """A bucket that gives nothing is an error that says why, and nothing is written."""
    for key in keys:
        s3.put(key, "x")
    with pytest.raises(MissingInputError, match=part):
        download_images(tmp_path, s3.bucket, settings)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options",
    [
        *({"shard": "4/4"}, {"sample": -1}, {"jobs": 0}, {"max_rejected": 2}),
        *({"endpoint_url": "x:1"}, {"patience": -1}, {"output_prefix": "/x"}),
    ],
)
def test_bad_settings(options: dict[str, str]) -> None:
    """A setting that can't be used is named."""
    with pytest.raises(SettingError, match=next(iter(options))):
        DownloadSettings(**options)  # type: ignore[arg-type]


def test_a_bucket_given_as_an_address(tmp_path: Path) -> None:
    """A bucket given with s3:// is refused with what to write instead."""
    with pytest.raises(SettingError, match="give the name alone"):
        download_images(tmp_path, "s3://autofocus/lpz_data")


def test_help_starts_without_heavy_packages() -> None:
    """--help needs neither boto3 nor obstore, nor anything that takes time to import."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", STAGE, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "example:" in done.stdout
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not imported & {"boto3", "botocore", "obstore", "numpy", "PIL", "pandas", "polars"}


def test_two_downloads_agree(s3: S3, tmp_path: Path) -> None:
    """Two downloads of a bucket agree in everything visible, the times of files included."""
    images = fill(s3, 5)
    one, other = tmp_path / "one", tmp_path / "other"
    download_images(one, s3.bucket)
    time.sleep(1.1)
    download_images(other, s3.bucket)
    assert files(one) == files(other)
    for key in images:
        assert (one / key).stat().st_mtime_ns == (other / key).stat().st_mtime_ns


@pytest.mark.usefixtures("some_credentials")
def test_a_disk_that_is_too_small_is_refused(tmp_path: Path) -> None:
    """More bytes than the disk can hold are refused before anything is written."""
    huge = "<Contents><Key>a.JPG</Key><Size>1000000000000000000</Size><ETag>x</ETag></Contents>"
    body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{huge}</ListBucketResult>"
    with serve(FakeS3(listing=(200, {}, body.encode()))) as fake:
        settings = DownloadSettings(endpoint_url=fake.endpoint_url)
        with pytest.raises(OutputConflictError, match=r"^1000000\.0 TB are left to fetch"):
            download_images(tmp_path, BUCKET, settings)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("some_credentials")
def test_ctrl_c_does_not_wait_for_large_objects(tmp_path: Path) -> None:
    """Interrupted while a large object comes in slowly, it ends long before that is there."""
    state = FakeS3({"large.tar": FakeObject(b"x" * 6_000_000, seconds=30)})
    with serve(state) as fake:
        words = [*command(tmp_path, BUCKET), "--download-tar", "--endpoint-url", fake.endpoint_url]
        with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
            while process.poll() is None and not fake.asked["large.tar"]:
                time.sleep(0.01)
            time.sleep(0.5)
            begun = time.monotonic()
            process.send_signal(signal.SIGINT)
            _, said = process.communicate()
    assert time.monotonic() - begun < 10
    assert process.returncode == 130
    assert said.splitlines()[-1].endswith("stopped; run the same command to continue")
    assert "Traceback" not in said

"""Tests of stage 0 on a local folder that is not empty: what is reused, fetched or left alone."""

import shutil
from pathlib import Path

import pytest

from autofocus.download_images import download_images
from autofocus.download_settings import DownloadSettings
from autofocus.errors import OutputConflictError
from tests.conftest import S3
from tests.downloading import fill, ledger, objects


def test_a_second_run_fetches_nothing(s3: S3, tmp_path: Path) -> None:
    """What is whole by size and ETag is reused: the very files stay."""
    fill(s3, 3)
    download_images(tmp_path, s3.bucket)
    before = {path: path.stat().st_ino for path in tmp_path.rglob("*.JPG")}
    result = download_images(tmp_path, s3.bucket)
    assert (result.counts.ok, result.counts.reused) == (0, 3)
    assert {path: path.stat().st_ino for path in tmp_path.rglob("*.JPG")} == before


def test_a_changed_object_is_fetched_again(s3: S3, tmp_path: Path) -> None:
    """An object that was replaced by one of the same size is noticed by its ETag."""
    images = fill(s3, 3)
    download_images(tmp_path, s3.bucket)
    changed = min(images)
    s3.put(changed, b"!" * 100)
    result = download_images(tmp_path, s3.bucket)
    assert (result.counts.ok, result.counts.reused) == (1, 2)
    assert objects(tmp_path) == {**images, changed: b"!" * 100}


def test_what_was_lost_or_cut_off_is_fetched_again(s3: S3, tmp_path: Path) -> None:
    """A file that is gone, or isn't as large as its object, is brought again."""
    images = fill(s3, 4)
    download_images(tmp_path, s3.bucket)
    lost, cut, *_ = sorted(images)
    (tmp_path / lost).unlink()
    (tmp_path / cut).write_bytes(images[cut][:50])
    result = download_images(tmp_path, s3.bucket)
    assert (result.counts.ok, result.counts.reused) == (2, 2)
    assert objects(tmp_path) == images


def test_files_that_are_there_unbeknown_are_recognised(s3: S3, tmp_path: Path) -> None:
    """Without its memory the stage compares files by MD5, and fetches only what is missing."""
    images = fill(s3, 3)
    download_images(tmp_path, s3.bucket)
    shutil.rmtree(tmp_path / ".autofocus")
    missing, *same = sorted(images)
    (tmp_path / missing).unlink()
    before = {key: (tmp_path / key).stat().st_ino for key in same}
    assert download_images(tmp_path, s3.bucket).counts.ok == 3
    assert {key: (tmp_path / key).stat().st_ino for key in same} == before
    assert objects(tmp_path) == images


def test_local_files_in_the_way_are_left_alone(s3: S3, tmp_path: Path) -> None:
    """A file where a folder is needed, or the reverse, is told and not overwritten."""
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    for key in ("file/a.JPG", "folder", "fine.JPG"):
        s3.put(key, "theirs")
    download_images(tmp_path, s3.bucket, DownloadSettings(max_rejected=1))
    assert ledger(tmp_path) == {
        "file/a.JPG": ("rejected", "file_and_folder"),
        "fine.JPG": ("ok", ""),
        "folder": ("rejected", "file_and_folder"),
    }
    assert (tmp_path / "file").read_text() == "mine"


def test_a_file_of_another_origin_is_not_overwritten(s3: S3, tmp_path: Path) -> None:
    """A local file in an object's place that differs from it ends the run before it fetches."""
    images = fill(s3, 3)
    other = max(images)
    (tmp_path / other).parent.mkdir(parents=True)
    (tmp_path / other).write_bytes(b"?" * 100)
    with pytest.raises(OutputConflictError, match=f"{other} already exists and was not written"):
        download_images(tmp_path, s3.bucket)
    assert objects(tmp_path) == {other: b"?" * 100}
    (tmp_path / other).unlink()
    assert download_images(tmp_path, s3.bucket).counts.ok == 3


def test_a_zeroed_file_is_fetched_again(s3: S3, tmp_path: Path) -> None:
    """A file of the right size but of other content is noticed."""
    images = fill(s3, 3)
    download_images(tmp_path, s3.bucket)
    (tmp_path / min(images)).write_bytes(b"\0" * 100)
    result = download_images(tmp_path, s3.bucket)
    assert (result.counts.ok, result.counts.reused) == (1, 2)
    assert objects(tmp_path) == images


def test_local_copies_of_vanished_objects_are_set_aside(s3: S3, tmp_path: Path) -> None:
    """What is no longer in the bucket is kept in the hidden folder, where no stage takes it."""
    images = fill(s3, 3)
    download_images(tmp_path, s3.bucket)
    gone = max(images)
    s3.client.delete_object(Bucket=s3.bucket, Key=gone)
    result = download_images(tmp_path, s3.bucket)
    aside = tmp_path / ".autofocus" / "vanished"
    assert f"files whose inputs are gone, moved to {aside}: 1" in result.notes
    assert (aside / gone).read_bytes() == images[gone]
    assert set(objects(tmp_path)) == set(ledger(tmp_path)) == set(images) - {gone}
    assert download_images(tmp_path, s3.bucket).notes == ("objects verified by: md5 2",)


def test_a_changed_copy_of_a_vanished_object_stays(s3: S3, tmp_path: Path) -> None:
    """A local file that somebody has changed is theirs by now."""
    images = fill(s3, 3)
    download_images(tmp_path, s3.bucket)
    gone = max(images)
    (tmp_path / gone).write_bytes(b"edited")
    s3.client.delete_object(Bucket=s3.bucket, Key=gone)
    *_, note = download_images(tmp_path, s3.bucket).notes
    assert (
        note == "files whose inputs are gone, kept as they have been changed or their folder is a "
        f"link: 1, such as {gone}"
    )
    assert (tmp_path / gone).read_bytes() == b"edited"

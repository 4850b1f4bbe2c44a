"""Tests of putting a folder into a bucket."""

from pathlib import Path

import pytest

from autofocus.demo.uploading import UploadResult, make_bucket, upload_folder
from autofocus.errors import CredentialsError, MissingInputError
from autofocus.store.listing import list_objects
from autofocus.store.session import open_bucket
from tests.conftest import S3


def make_folder(folder: Path) -> Path:
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "c d.jpg").write_bytes(b"picture")
    (folder / "table.csv").write_text("x,y\n")
    (folder / ".autofocus").mkdir()
    (folder / ".autofocus" / "memory").write_text("")
    return folder


def test_a_folder_becomes_objects(s3: S3, tmp_path: Path) -> None:
    """Each file becomes an object under its relative path; the stages' memory does not."""
    assert upload_folder(make_folder(tmp_path), s3.bucket) == UploadResult(2, 0)
    with open_bucket(s3.bucket) as bucket:
        assert [item.key for item in list_objects(bucket)] == ["a/b/c d.jpg", "table.csv"]


def test_only_what_differs_is_put(s3: S3, tmp_path: Path) -> None:
    """A second call puts what is new or was changed, also to the same size, and counts."""
    folder = make_folder(tmp_path)
    upload_folder(folder, s3.bucket)
    assert upload_folder(folder, s3.bucket) == UploadResult(0, 2)
    (folder / "table.csv").write_text("x,z\n")
    (folder / "new.csv").write_text("")
    assert upload_folder(folder, s3.bucket) == UploadResult(2, 1)
    got = s3.client.get_object(Bucket=s3.bucket, Key="table.csv")
    assert got["Body"].read() == b"x,z\n"


def test_the_bucket_is_made(s3: S3, tmp_path: Path) -> None:
    """A bucket that isn't there is made; one that is there is no error."""
    name = f"{s3.bucket}-new"
    make_bucket(name)
    assert upload_folder(make_folder(tmp_path), name) == UploadResult(2, 0)
    s3.client.delete_bucket(Bucket=name)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    """Where there is no file, there is an error that says so."""
    with pytest.raises(MissingInputError, match="There is no file in"):
        upload_folder(tmp_path / "nowhere", "bucket")


def test_errors_are_sentences(s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong key is told as it is when downloading."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "unknown")
    with pytest.raises(CredentialsError, match="doesn't know the access key"):
        upload_folder(make_folder(tmp_path), s3.bucket)

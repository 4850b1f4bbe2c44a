"""Claims about Autofocus' own outputs in a bucket: they are no inputs of later runs."""

from pathlib import Path

import pytest

from autofocus.download_images import download_images
from autofocus.download_settings import DownloadSettings
from autofocus.errors import MissingInputError, OutputConflictError, SettingError
from autofocus.publish_labels import publish_labels
from tests.conftest import S3
from tests.downloading import fill, ledger, manifest_of, objects
from tests.test_publish_labels import shards

NOTE = "own outputs left out (--output-prefix {}): {}"


def test_publishing_labels_changes_no_manifest(s3: S3, tmp_path: Path) -> None:
    """After labels are published, the manifest is as before, and a download reuses everything."""
    fill(s3, 3)
    before = manifest_of(s3, tmp_path / "dry")
    settings = DownloadSettings(manifest=before)
    assert download_images(tmp_path / "data", s3.bucket, settings).counts.ok == 3
    publish_labels(shards(tmp_path, "abcd"), tmp_path / "labels.csv", s3.bucket)
    assert manifest_of(s3, tmp_path / "dry") == before
    assert download_images(tmp_path / "data", s3.bucket, settings).counts.reused == 3


def test_outputs_are_no_inputs(s3: S3, tmp_path: Path) -> None:
    """Outputs are neither downloaded nor in the ledger; how many there are is noted."""
    images = fill(s3, 2)
    s3.put("autofocus/labels.csv", "a")
    s3.put("autofocus/run/1.JPG", "a")
    result = download_images(tmp_path, s3.bucket)
    assert objects(tmp_path) == images
    assert set(ledger(tmp_path)) == set(images)
    assert result.left_out == 2
    assert NOTE.format("autofocus/", 2) in str(result)


def test_the_output_prefix_is_settable(s3: S3, tmp_path: Path) -> None:
    """With another prefix, what begins with that is left out, and the default is an input."""
    s3.put("autofocus/1.JPG", "a")
    s3.put("results/2.JPG", "a")
    settings = DownloadSettings(output_prefix="results/")
    result = download_images(tmp_path / "other", s3.bucket, settings)
    assert set(objects(tmp_path / "other")) == {"autofocus/1.JPG"}
    assert NOTE.format("results/", 1) in str(result)
    none = download_images(tmp_path / "none", s3.bucket, DownloadSettings(output_prefix=""))
    assert set(objects(tmp_path / "none")) == {"autofocus/1.JPG", "results/2.JPG"}
    assert "own outputs" not in str(none)


def test_another_output_prefix_is_another_folder(s3: S3, tmp_path: Path) -> None:
    """It decides what comes, so a folder that was begun with one is not mixed with another."""
    fill(s3, 1)
    download_images(tmp_path, s3.bucket)
    with pytest.raises(OutputConflictError, match="output_prefix"):
        download_images(tmp_path, s3.bucket, DownloadSettings(output_prefix="results/"))


@pytest.mark.parametrize("prefix", ["autofocus/", "autofocus/run/"])
def test_a_prefix_within_the_outputs_is_rejected(prefix: str) -> None:
    """Who asks for outputs as inputs is told which option leaves them out."""
    with pytest.raises(SettingError, match=r"begin with autofocus/: .*--output-prefix"):
        DownloadSettings(prefix=prefix)
    assert DownloadSettings(prefix=prefix, output_prefix="").prefix == prefix


def test_a_bucket_of_outputs_alone_is_an_error(s3: S3, tmp_path: Path) -> None:
    """Where the output prefix leaves nothing, the error says how much, and names the option."""
    s3.put("autofocus/labels.csv", "a")
    sentence = r"only Autofocus' own outputs \(1\), .* begin with autofocus/: .*--output-prefix"
    with pytest.raises(MissingInputError, match=sentence):
        download_images(tmp_path, s3.bucket, DownloadSettings(shard="0/2"))


def test_outputs_that_leave_nothing_that_is_asked_for_are_named(s3: S3, tmp_path: Path) -> None:
    """Where further options leave out all else, the error says how many outputs there were."""
    s3.put("autofocus/labels.csv", "a")
    s3.put("a.tar", "a")
    with pytest.raises(MissingInputError, match=r"tar files .*: 1, own outputs left out .*: 1\."):
        download_images(tmp_path, s3.bucket)


def test_a_prefix_above_the_outputs_is_fine(s3: S3, tmp_path: Path) -> None:
    """A prefix that outputs and inputs share takes the inputs alone."""
    s3.put("auto/1.JPG", "a")
    s3.put("autofocus/labels.csv", "a")
    download_images(tmp_path, s3.bucket, DownloadSettings(prefix="auto"))
    assert set(objects(tmp_path)) == {"auto/1.JPG"}

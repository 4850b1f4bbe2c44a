"""Synthetic samples in buckets, for tests of what begins with a download."""

from pathlib import Path

from autofocus.demo.local_server import LocalS3Server
from autofocus.demo.make_sample import SampleSettings, make_sample
from autofocus.demo.uploading import upload_folder


def upload_sample(
    server: LocalS3Server, bucket: str, folder: Path, *, sequences: int, sites: int
) -> None:
    """Make a sample, damaged files included, in a folder, and upload it into a new bucket."""
    sample = make_sample(folder, SampleSettings(sequences=sequences, sites=sites))
    with server.as_default():
        upload_folder(sample.bucket, bucket)

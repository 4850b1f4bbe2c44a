"""Fixtures for tests of the components."""

import pytest

from autofocus.demo.local_server import LocalS3Server
from autofocus.demo.make_sample import SampleSettings, make_sample
from autofocus.demo.uploading import upload_folder
from tests.components.calling import BUCKET


@pytest.fixture(scope="session")
def server(s3_server: LocalS3Server, tmp_path_factory: pytest.TempPathFactory) -> LocalS3Server:
    """A server with a synthetic set of photographs in a bucket."""
    folder = tmp_path_factory.mktemp("sample")
    make_sample(folder, SampleSettings(sequences=12, sites=3))
    with s3_server.as_default():
        upload_folder(folder / "bucket", BUCKET)
    return s3_server

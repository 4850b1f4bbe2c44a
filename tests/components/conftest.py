"""Fixtures for tests of the components."""

import pytest

from autofocus.demo.local_server import LocalS3Server
from tests.components.calling import BUCKET
from tests.samples import upload_sample


@pytest.fixture(scope="session")
def server(s3_server: LocalS3Server, tmp_path_factory: pytest.TempPathFactory) -> LocalS3Server:
    """A server with a synthetic set of photographs in a bucket."""
    folder = tmp_path_factory.mktemp("sample")
    upload_sample(s3_server, BUCKET, folder, sequences=12, sites=3)
    return s3_server

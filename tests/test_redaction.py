"""Claims about texts without secrets."""

import pytest

from autofocus.errors import StoreError
from autofocus.redaction import public_address, public_url, without_secrets


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://user:canary@host:8333/path", "http://host:8333/path"),
        ("https://canary@host/a?token=canary#canary", "https://host/a"),
        ("http://user:can/ary@host/path", "http://host/path"),
        ("http://user:ca@na/ry@host", "http://host"),
        ("postgresql+psycopg2://u:canary@db/runs?password=canary", "postgresql+psycopg2://db/runs"),
        ("sqlite:///mlflow.db", "sqlite:///mlflow.db"),
        ("http://host/photo@2x.png", "http://host/photo@2x.png"),
        ("http://[::1]:8333", "http://[::1]:8333"),
        ("s3://key:canary@bucket/a?b@c:d.jpg", "s3://bucket/a?b@c:d.jpg"),
        ("(?P<location>[^:@]+)/.*", "(?P<location>[^:@]+)/.*"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_url_is_shown_without_user_password_and_query(url: str, expected: str) -> None:
    """Server and path of a URL stay, whatever characters its password has."""
    assert public_url(url) == expected


@pytest.mark.parametrize(
    "text",
    [
        'Failed to connect to proxy URL: "http://me:canary@proxy:3128"',
        "Max retries exceeded with url: /b?X-Amz-Signature=canary&X-Amz-Security-Token=canary",
        "(sqlalchemy) postgresql://me:canary@db:5432/x?sslpassword=canary: refused",
        "{'Authorization': 'Bearer canary'}, Authorization: Basic canary==",
        "the header Bearer canarycanary.canary was rejected",
    ],
)
def test_messages_of_libraries_lose_their_secrets(text: str) -> None:
    """Passwords, signatures and tokens go, wherever they stand in a message."""
    assert "canary" not in without_secrets(text)
    assert "canary" not in str(StoreError(text))


def test_the_secrets_of_the_environment_are_in_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values of variables for keys, tokens and passwords go, decoded or not; file names stay."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-one")
    monkeypatch.setenv("HTTPS_PROXY", "me:canary%2Ftwo@proxy:3128")
    monkeypatch.setenv("KFP_TOKEN_FILE", "/run/token-of-kfp")
    text = "canary-one canary%2Ftwo canary/two /run/token-of-kfp"
    assert without_secrets(text) == "*** *** *** /run/token-of-kfp"


def test_ordinary_messages_stay_as_they_are() -> None:
    """Words, paths, times and addresses without secrets are not touched."""
    text = (
        "s3://bucket/a b?c.jpg (see https://example.org/a/b), C:\\images, 12:30@dawn, token: none,"
        " label=deer; http://localhost:8333: check --endpoint-url."
    )
    assert without_secrets(text) == text


def test_an_address_without_a_scheme_loses_its_password_too() -> None:
    """`user:password@host` is shown as the host."""
    assert public_address("me:canary@host:9000") == "host:9000"
    assert public_address("localhost:8333") == "localhost:8333"

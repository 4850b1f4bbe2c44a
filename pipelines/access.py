"""How to get at a server: its address, a token, and the certificates to trust."""

import os
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from autofocus.errors import InputDataError, MissingInputError, SettingError, need
from pipelines.interface import EXTRA

TOKEN = "KFP_TOKEN"  # noqa: S105 - the variable's name
TOKEN_FILE = "KFP_TOKEN_FILE"  # noqa: S105 - likewise
CA_CERT = "SSL_CERT_FILE"


def address(text: str) -> str:
    """Return a server's address without what a browser's address line may have after it.

    Raises:
        SettingError: it can't be one.
    """
    host = text.strip().split("#")[0].rstrip("/")
    try:
        parts = urlsplit(host)
        named = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        named = False
    if not named:
        raise SettingError(
            "--host: write an address such as https://kubeflow.example.org/pipeline, "
            f"not {text!r}."
        )
    if parts.username or parts.password:
        raise SettingError(f"--host: leave out name and password; give a token in {TOKEN}.")
    return host


def open_client(host: str, ca_cert: Path | None) -> Any:
    """Return a client of `kfp_server_api` for a server; it asks nothing yet.

    Raises:
        MissingDependencyError: the package isn't installed.
        MissingInputError: a file of certificates or a token isn't there.
        InputDataError: the file holds no certificates.
        SettingError: the token can't be one.
    """
    api: Any = need("kfp_server_api", EXTRA)
    import urllib3

    configuration = api.Configuration()
    configuration.host = host
    configuration.ssl_ca_cert = _certificates(ca_cert)
    # No request is sent twice, as some create things; and none is sent on to a login page, token
    # and all.
    configuration.retries = urllib3.Retry(total=0, raise_on_redirect=False)
    if token():
        configuration.api_key["authorization"] = ""
        configuration.api_key_prefix["authorization"] = "Bearer"
        # A file's token is renewed while a run is followed.
        configuration.refresh_api_key_hook = _renew
    return api.ApiClient(configuration)


def _renew(configuration: Any) -> None:
    configuration.api_key["authorization"] = token()


def token() -> str:
    """Return the token for the server; empty where none is given.

    Raises:
        MissingInputError: its file can't be read.
        SettingError: it can't be a token.
    """
    path = os.environ.get(TOKEN_FILE, "")
    text = os.environ.get(TOKEN, "").strip()
    if not text and path:
        try:
            text = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError):
            raise MissingInputError(
                f"There is no token in the file {path} ({TOKEN_FILE})."
            ) from None
    # It stands in a line of its own in a request.
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise SettingError(f"What {TOKEN} or {TOKEN_FILE} give can't be a token.")
    return text


def _certificates(given: Path | None) -> str | None:
    path = given or Path(os.environ.get(CA_CERT, ""))
    where = "--ca-cert" if given else CA_CERT
    if path == Path():
        return None
    if not path.is_file():
        raise MissingInputError(f"There is no file of certificates {path} ({where}).")
    try:
        ssl.create_default_context(cafile=str(path))
    except (ssl.SSLError, ValueError):
        raise InputDataError(f"{path} holds no certificates in PEM form ({where}).") from None
    return str(path)

"""Requests to a Kubeflow Pipelines server, and one sentence for each way in which they fail.

It stands on `kfp_server_api`, the client that is generated from the API's definition, but reads
responses itself: the generated classes make an empty object of anything that isn't JSON.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

from autofocus.errors import AutofocusError, need
from pipelines.access import CA_CERT, TOKEN, TOKEN_FILE, address, open_client, token
from pipelines.interface import EXTRA

CONNECT_S, READ_S = 10, 60
# Of a log only the end counts, and a stage must not wait long for it.
LOG_BYTES, LOG_S = 64 * 1024, 10
LONGEST_MESSAGE = 300

T = TypeVar("T")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class ClusterError(AutofocusError, ConnectionError):
    """The Kubeflow Pipelines server can't be used."""


class ClusterUnreachableError(ClusterError):
    """The server doesn't respond now; it may later."""


class ClusterCredentialsError(ClusterError, PermissionError):
    """The server wants another, or any, token."""


class Connection:
    """A way to a Kubeflow Pipelines server; nothing is sent until a method is called.

    Args:
        host: the server's address, such as ``https://kubeflow.example.org/pipeline``.
        ca_cert: the certificates to trust; by default $SSL_CERT_FILE, then those of certifi.

    Raises:
        SettingError: the address can't be one.
        MissingInputError: a file of certificates or a token isn't there.
        InputDataError: it isn't one.
    """

    def __init__(self, host: str, ca_cert: Path | None = None) -> None:
        self.host = address(host)
        self.client = open_client(self.host, ca_cert)
        self._api: Any = need("kfp_server_api", EXTRA)

    def call(self, method: Callable[..., Any], *values: Any, **more: Any) -> dict[str, Any]:
        """Call a method of the generated client and return the response's JSON.

        Raises:
            ClusterError: the server can't be used, or rejects the request.
        """

        def request() -> dict[str, Any]:
            response = method(
                *values, _preload_content=False, _request_timeout=(CONNECT_S, READ_S), **more
            )
            return self._read(response.headers.get("Content-Type", ""), response.data)

        return self._guard(request)

    def get(self, path: str, **names: str) -> dict[str, Any]:
        """Return the JSON at a path that the generated client has no method for.

        Args:
            path: the path, such as ``/apis/v1beta1/runs/{run}``.
            names: what stands in its braces.

        Raises:
            ClusterError: the server can't be used, or rejects the request.
        """
        return self.call(self.client.call_api, path, "GET", names, auth_settings=["Bearer"])

    def end_of_text(self, host: str, path: str, query: Mapping[str, str], **names: str) -> str:
        """Return the last `LOG_BYTES` bytes of the text at a path.

        Args:
            host: this server's address, or that of its user interface.
            path: as for `get`.
            query: the query's parameters.
            names: what stands in the path's braces.

        Raises:
            ClusterError: the server can't be used, or has no such text.
        """
        # A token is only sent to the server that it is for.
        trusted = urlsplit(host)[:2] == urlsplit(self.host)[:2]

        def request() -> str:
            response = self.client.call_api(
                path,
                "GET",
                names,
                list(query.items()),
                auth_settings=["Bearer"] if trusted else [],
                _preload_content=False,
                _request_timeout=(LOG_S, LOG_S),
                _host=host,
            )
            if "html" in response.headers.get("Content-Type", ""):
                self.fail_as_something_else("a web page")
            return _end(response).decode("utf-8", "replace")

        return self._guard(request)

    def _guard(self, request: Callable[[], T]) -> T:
        """Send a request; turn what can go wrong into a ClusterError."""
        import urllib3

        try:
            return request()
        except self._api.ApiException as error:
            self._rejected(error)
        except urllib3.exceptions.HTTPError as error:
            self._unreachable(error)
        except UnicodeError:
            self.fail_as_something_else("what can't be read as text")

    def _read(self, content_type: str, data: bytes) -> dict[str, Any]:
        try:
            content = json.loads(data)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            self.fail_as_something_else(
                "a web page" if "html" in content_type else "something other than JSON"
            )
        return content

    def fail_as_something_else(self, what: str) -> NoReturn:
        """Fail as the response isn't Kubeflow Pipelines'.

        Args:
            what: what it is instead.

        Raises:
            ClusterError: always.
        """
        raise ClusterError(
            f"{self.host} returned {what}, unlike Kubeflow Pipelines: if that is a login "
            f"page, give a token in {TOKEN} or {TOKEN_FILE}; else check the address "
            "(it often ends in /pipeline)."
        )

    def _rejected(self, error: Any) -> NoReturn:
        message = _message(error.body)
        status = error.status
        if status in {401, 403}:
            given = "the token was refused" if token() else f"give a token in {TOKEN}"
            raise ClusterCredentialsError(
                f"{self.host} allows no access ({status}): {given}"
                f"{f' ({message})' if message else ''}."
            )
        if status in _REDIRECTS:
            place = (error.headers or {}).get("Location", "another place")
            raise ClusterError(
                f"{self.host} redirects to {place}: if that is a login page, give a token "
                f"in {TOKEN} or {TOKEN_FILE}; else give that address."
            )
        if status == 404 and not message:  # noqa: PLR2004 - HTTP's own number
            self.fail_as_something_else("404, not found")
        kind = ClusterUnreachableError if status == 429 or status >= 500 else ClusterError  # noqa: PLR2004
        reason = message or error.reason or "no reason"
        raise kind(f"{self.host} rejected the request ({status}): {reason}.")

    def _unreachable(self, error: Any) -> NoReturn:
        reason = getattr(error, "reason", None) or error
        if "SSL" in type(reason).__name__ or "CERTIFICATE" in str(reason):
            raise ClusterError(
                f"No trusted connection to {self.host} ({_short(reason)}): give the certificate "
                f"of its authority by --ca-cert or {CA_CERT}."
            )
        raise ClusterUnreachableError(
            f"{self.host} can't be reached ({_short(reason)}): check the address, "
            "and the port-forward or VPN if one leads there."
        )


def _end(response: Any) -> bytes:
    """Return the last bytes of a response, of which no more is kept in memory."""
    end = b""
    deadline = time.monotonic() + LOG_S
    for chunk in response.stream(LOG_BYTES):
        end = (end + chunk)[-LOG_BYTES:]
        if time.monotonic() > deadline:
            response.close()
            raise ClusterUnreachableError(f"The log takes longer than {LOG_S} seconds to read.")
    response.release_conn()
    return end


def _message(body: Any) -> str:
    """Return the message of an error's body; empty where that is no text for people."""
    if not isinstance(body, str) or body.lstrip().startswith("<"):
        return ""
    try:
        content = json.loads(body)
    except ValueError:
        return _short(body)
    if not isinstance(content, dict):
        return ""
    texts = (content.get(key) for key in ("message", "error_message", "error"))
    return _short(next((text for text in texts if isinstance(text, str) and text), ""))


def _short(text: object) -> str:
    line = " ".join(str(text).split()).rstrip(".")
    # The text of urllib3's errors begins with an object.
    line = re.sub(r"^<?[\w.]+(\(.*?\)| object at \w+>): ", "", line)
    return line if len(line) <= LONGEST_MESSAGE else line[:LONGEST_MESSAGE] + "…"

"""A Kubeflow Pipelines server, and one sentence for each way in which a request to it fails.

It uses version v2beta1 of the REST API by `kfp_server_api`, and not `kfp.Client` above that, which
waits without end for a host that doesn't respond and for a run that is cancelled, prints, and
keeps a namespace in a file of the home folder. Responses are read here, as the generated classes
make an empty object of a login page. Only what v2beta1 lacks comes from older versions: the
workflow behind a run, and the logs of its tasks.
"""

import ipaddress
import json
import os
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from autofocus.errors import (
    ClusterCredentialsError,
    ClusterError,
    ClusterUnreachableError,
    InputDataError,
    MissingInputError,
    SettingError,
    need,
)
from autofocus.redaction import public_address, public_url
from pipelines.interface import EXTRA
from pipelines.workflow import one_line, shorten

TOKEN = "KFP_TOKEN"  # noqa: S105 - the variable's name
TOKEN_FILE = "KFP_TOKEN_FILE"  # noqa: S105 - likewise
CA_CERT = "SSL_CERT_FILE"
UI_HOST = "KF_PIPELINES_UI_ENDPOINT"
CONNECT_S, READ_S = 10, 60
# Of a list: the entries of a page, and the number of pages after which it can't be one.
PAGE, MAX_PAGES = 200, 100
# Of a log only the end counts, and a stage must not wait long for it.
LOG_BYTES, LOG_S = 64 * 1024, 10
LOGIN_HINT = f"if that is a login page, give a token in {TOKEN} or {TOKEN_FILE}; else"


class Cluster:
    """A Kubeflow Pipelines server; nothing is sent until a method is called.

    All methods raise a ClusterError if the server can't be used.

    Args:
        host: its address, such as ``https://kubeflow.example.org/pipeline``.
        ca_cert: the certificates to trust; by default $SSL_CERT_FILE, then those of certifi.
        allow_http: send the token to a server without TLS, too.

    Raises:
        SettingError: the address or the token can't be used, or the token would be unencrypted.
        MissingInputError: a file of certificates or a token isn't there.
        InputDataError: the file holds no certificates.
    """

    def __init__(self, host: str, ca_cert: Path | None = None, allow_http: bool = False) -> None:
        self.host = _address(host)
        _check_encryption(self.host, allow_http)
        # The user interface, which links lead to, may be at another address.
        self.ui = public_url(os.environ.get(UI_HOST, "").rstrip("/")) or self.host
        self._api: Any = need("kfp_server_api", EXTRA)
        self._client = self._api.ApiClient(_configuration(self._api, self.host, ca_cert))

    def health(self) -> tuple[str, bool]:
        """Return the server's version, if it reports one, and whether it serves several users."""
        content = self._call("healthz", "get_healthz")
        # The API server and the user interface in front of it have different keys.
        if not {"multi_user", "tag_name", "apiServerReady"} & set(content):
            raise self._other_service("JSON of another service")
        if content.get("apiServerReady") is False:
            raise ClusterUnreachableError(
                f"Kubeflow Pipelines' user interface at {self.host} responds, "
                "but the API server behind it doesn't."
            )
        version = str(content.get("tag_name") or content.get("apiServerTagName") or "")
        return version, bool(content.get("multi_user"))

    def find(self, kind: str, name: str, *parent: str, **more: str) -> str | None:
        """Return the id of what has a name, if there is one.

        Args:
            kind: `pipeline`, `pipeline_version` or `experiment`.
            name: its name.
            parent: the id of the pipeline that a version belongs to.
            more: on a server of several users, the `namespace` of a pipeline or an experiment.

        Raises:
            SettingError: it is archived.
        """
        predicate = {"operation": "EQUALS", "key": "display_name", "stringValue": name}
        query = json.dumps({"predicates": [predicate]})
        content = self._call(kind, f"list_{kind}s", *parent, filter=query, **more)
        things = content.get(f"{kind}s") or []
        if len(things) > 1:
            raise ClusterError(
                f"The server has {len(things)} {kind.replace('_', ' ')}s that are called {name}: "
                "give one of them, or this, another name."
            )
        if things and things[0].get("storage_state") == "ARCHIVED":
            raise SettingError(
                f"The {kind} {name} is archived: restore it in Kubeflow's user interface, "
                f"or name another (--{kind})."
            )
        return self._id(things[0], kind) if things else None

    def recurring_runs(self, **more: str) -> list[dict[str, Any]]:
        """Return all recurring runs.

        Args:
            more: on a server of several users, their `namespace`.
        """
        runs: list[dict[str, Any]] = []
        for _ in range(MAX_PAGES):
            content = self._call("recurring_run", "list_recurring_runs", page_size=PAGE, **more)
            runs += content.get("recurringRuns") or []
            if not (token_of_next := content.get("next_page_token")):
                return runs
            more["page_token"] = token_of_next
        raise self._other_service("a list without an end")

    def delete_recurring_run(self, run: str) -> None:
        """Delete a recurring run; a run of it that is in progress continues (since 2.17)."""
        delete = "delete_recurring_run"
        self._call("recurring_run", delete, run, propagation_policy="ORPHAN")

    def create(self, kind: str, **body: Any) -> str:
        """Create a `pipeline`, an `experiment`, a `run` or a `recurring_run`; return its id."""
        return self._id(self._call(kind, f"create_{kind}", body), kind)

    def upload_version(self, pipeline: str, name: str, path: Path) -> str:
        """Upload a compiled pipeline as a version, and return its id."""
        upload = self._api.PipelineUploadServiceApi(self._client).upload_pipeline_version
        content = self._json(upload, str(path), name=name, pipelineid=pipeline)
        return self._id(content, "pipeline_version")

    def run(self, run: str) -> dict[str, Any]:
        """Return a run with its state and parameters."""
        return self._call("run", "get_run", run)

    def terminate_run(self, run: str) -> None:
        """End a run."""
        self._call("run", "terminate_run", run)

    def workflow_manifest(self, run: str) -> str:
        """Return the Argo workflow behind a run as JSON; empty if the server has none."""
        request = self._client.call_api, "/apis/v1beta1/runs/{run}", "GET", {"run": run}
        runtime = self._json(*request, auth_settings=["Bearer"]).get("pipeline_runtime")
        manifest = runtime.get("workflow_manifest") if isinstance(runtime, dict) else None
        return manifest if isinstance(manifest, str) else ""

    def end_of_log(self, url: str) -> str:
        """Return the end of a log, which the server or its user interface has at this address."""
        # The token is sent to the API server alone.
        trusted = urlsplit(url)[:2] == urlsplit(self.host)[:2]
        with self._errors_as_sentences():
            response = self._client.call_api(
                "", "GET", _host=url, auth_settings=["Bearer"] if trusted else [],
                _preload_content=False, _request_timeout=(LOG_S, LOG_S),
            )  # fmt: skip
            if "html" in response.headers.get("Content-Type", ""):
                raise self._other_service("a web page")
            return _end(response).decode("utf-8", "replace")

    def link(self, kind: str, identifier: str) -> str:
        """Return the user interface's address of a thing, such as a run of ``runs``."""
        return f"{self.ui}/#/{kind}/details/{identifier}"

    def _call(self, kind: str, method: str, *values: Any, **more: Any) -> dict[str, Any]:
        # Of a `pipeline_version`, too, it is the service of pipelines.
        service = kind.removesuffix("_version")
        name = service.title().replace("_", "")
        api = getattr(self._api, f"{name}ServiceApi")(self._client)
        return self._json(getattr(api, f"{service}_service_{method}"), *values, **more)

    def _id(self, content: Mapping[str, Any], kind: str) -> str:
        identifier = content.get(f"{kind}_id")
        if isinstance(identifier, str) and identifier:
            return identifier
        raise self._other_service(f"JSON without {kind}_id")

    def _json(self, method: Callable[..., Any], *values: Any, **more: Any) -> dict[str, Any]:
        """Call a method of the generated client, and return the response's JSON."""
        more |= {"_preload_content": False, "_request_timeout": (CONNECT_S, READ_S)}
        with self._errors_as_sentences():
            response = method(*values, **more)
            content: Any = None
            with suppress(ValueError):
                content = json.loads(response.data)
            if isinstance(content, dict):
                return content
            page = "html" in response.headers.get("Content-Type", "")
            raise self._other_service("a web page" if page else "something other than JSON")

    @contextmanager
    def _errors_as_sentences(self) -> Iterator[None]:
        import urllib3

        try:
            yield
        except self._api.ApiException as error:
            raise self._rejection(error.status, _message(error.body), error) from None
        except urllib3.exceptions.HTTPError as error:
            raise self._connection_error(error) from None
        except UnicodeError:
            raise self._other_service("what can't be read as text") from None

    def _other_service(self, response: str) -> ClusterError:
        return ClusterError(
            f"{self.host} returned {response}, unlike Kubeflow Pipelines: {LOGIN_HINT} check the "
            "address (it often ends in /pipeline)."
        )

    def _rejection(self, status: int, message: str, error: Any) -> ClusterError:
        if status in {401, 403}:
            reason = "the token was rejected" if token() else f"give a token in {TOKEN}"
            more = f" ({message})" if message else ""
            return ClusterCredentialsError(
                f"{self.host} allows no access ({status}): {reason}{more}."
            )
        if status in {301, 302, 303, 307, 308}:
            target = (error.headers or {}).get("Location", "another place")
            return ClusterError(
                f"{self.host} redirects to {target}: {LOGIN_HINT} give that address."
            )
        if status == HTTPStatus.NOT_FOUND and not message:
            return self._other_service("404, not found")
        # A server that is overloaded or down may be back soon.
        may_end = status in {429, *range(500, 600)}
        reason = message or error.reason or "no reason"
        return (ClusterUnreachableError if may_end else ClusterError)(
            f"{self.host} rejected the request ({status}): {reason}."
        )

    def _connection_error(self, error: Any) -> ClusterError:
        reason = getattr(error, "reason", None) or error
        if "SSL" in type(reason).__name__ or "CERTIFICATE" in str(reason):
            return ClusterError(
                f"No trusted connection to {self.host} ({_short(reason)}): give the certificate "
                f"of its authority by --ca-cert or {CA_CERT}."
            )
        return ClusterUnreachableError(
            f"{self.host} can't be reached ({_short(reason)}): check the address, "
            "and the port-forward or VPN if one leads there."
        )


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
    # It is part of one line of a request.
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise SettingError(f"The value of {TOKEN} or {TOKEN_FILE} can't be a token.")
    return text


def _address(text: str) -> str:
    """Return a server's address without what a browser's address line may have after it."""
    host = text.strip().split("#")[0].rstrip("/")
    try:
        parts = urlsplit(host)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise SettingError(
            "--host: write an address such as https://kubeflow.example.org/pipeline, "
            f"not {public_address(text)!r}."
        )
    if parts.query:
        raise SettingError(f"--host: leave out what follows the ?; give a token in {TOKEN}.")
    if parts.username or parts.password:
        raise SettingError(f"--host: leave out name and password; give a token in {TOKEN}.")
    return host


def _check_encryption(host: str, allow_http: bool) -> None:
    """Fail if the token would be sent over the network unencrypted."""
    parts = urlsplit(host)
    is_loopback = parts.hostname == "localhost"
    with suppress(ValueError):
        is_loopback = ipaddress.ip_address(parts.hostname or "").is_loopback
    if parts.scheme == "http" and not (allow_http or is_loopback) and token():
        raise SettingError(
            f"--host: the token in {TOKEN} or {TOKEN_FILE} would be sent unencrypted to "
            f"http://{parts.netloc}: use https, or allow it by --allow-http."
        )


def _configuration(api: Any, host: str, ca_cert: Path | None) -> Any:
    import urllib3

    configuration = api.Configuration(host)
    configuration.ssl_ca_cert = _certificates(ca_cert)
    # No request is sent twice, as some create things; and none is sent on to a login page, token
    # and all.
    configuration.retries = urllib3.Retry(total=0, raise_on_redirect=False)
    if token():
        configuration.api_key["authorization"] = ""
        configuration.api_key_prefix["authorization"] = "Bearer"
        # A file's token is renewed while a run is followed.
        configuration.refresh_api_key_hook = lambda c: c.api_key.update(authorization=token())
    return configuration


def _certificates(given: Path | None) -> str | None:
    path, where = (given, "--ca-cert") if given else (Path(os.environ.get(CA_CERT, "")), CA_CERT)
    if path == Path():
        return None
    if not path.is_file():
        raise MissingInputError(f"There is no file of certificates {path} ({where}).")
    try:
        ssl.create_default_context(cafile=str(path))
    except (ssl.SSLError, ValueError):
        raise InputDataError(f"{path} holds no certificates in PEM form ({where}).") from None
    return str(path)


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
    content: Any = body
    with suppress(ValueError):
        content = json.loads(body)
    if isinstance(content, dict):
        texts = (content.get(key) for key in ("message", "error_message", "error"))
        content = next((text for text in texts if isinstance(text, str) and text), "")
    return _short(content) if isinstance(content, str) else ""


def _short(text: object) -> str:
    """Return a text as one line that isn't too long, without the token."""
    line = one_line(text).replace(token() or "\n", "…")
    # The text of urllib3's errors begins with an object.
    return shorten(re.sub(r"^<?[\w.]+(\(.*?\)| object at \w+>): ", "", line))

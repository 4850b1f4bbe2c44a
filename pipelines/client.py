"""A Kubeflow Pipelines server, spoken to over its REST API, version v2beta1.

It stands on `kfp_server_api`, the client that is generated from that API's definition, and not on
`kfp.Client` above it, which doesn't serve here: it waits without end for a host that doesn't
answer, takes a login page for an empty answer, prints, reads and writes a file in the home folder
(with a namespace that it then uses everywhere), and waits for ever for a run that is cancelled.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from autofocus.common.errors import AutofocusError, SettingError, need
from pipelines.access import CA_CERT, TOKEN, TOKEN_FILE, address, open_client, token
from pipelines.interface import EXTRA

UI_HOST = "KF_PIPELINES_UI_ENDPOINT"
CONNECT_S, READ_S = 10, 60
LONGEST_MESSAGE = 300

# The oldest server that these pipelines run on. 2.14 is the first whose driver brings together
# what a loop's turns made (dsl.Collected of artifacts) and gives a container all of `{{$}}`;
# node selectors and secrets named by parameters came with 2.5, and a server that is older ends a
# run at its first task with "unknown field". Since 2.14 SDK and server share their version's
# number, and the major number rises when what is compiled for one doesn't run on the other.
OLDEST_SERVER = (2, 14)


class ClusterError(AutofocusError, ConnectionError):
    """The Kubeflow Pipelines server can't be used."""


class ClusterUnreachableError(ClusterError):
    """The server doesn't answer now; it may later."""


class ClusterCredentialsError(ClusterError, PermissionError):
    """The server wants another, or any, token."""


@dataclass(frozen=True)
class Health:
    """What a server says of itself.

    Attributes:
        version: such as ``2.14.3``; empty or ``unknown`` where it doesn't say.
        multi_user: whether runs belong to namespaces.
    """

    version: str
    multi_user: bool


class Cluster:
    """A Kubeflow Pipelines server.

    Args:
        host: its address, such as ``https://kubeflow.example.org/pipeline``.
        ca_cert: the certificates to trust; by default $SSL_CERT_FILE, then those of certifi.

    Raises:
        SettingError: the address can't be one.
        MissingInputError: a file of certificates or a token isn't there.
        InputDataError: it isn't one.
    """

    def __init__(self, host: str, ca_cert: Path | None = None) -> None:
        self.host = address(host)
        self._ui = os.environ.get(UI_HOST, "").rstrip("/") or self.host
        client = open_client(self.host, ca_cert)
        self._api: Any = need("kfp_server_api", EXTRA)
        self._health = self._api.HealthzServiceApi(client)
        self._pipelines = self._api.PipelineServiceApi(client)
        self._uploads = self._api.PipelineUploadServiceApi(client)
        self._experiments = self._api.ExperimentServiceApi(client)
        self._runs = self._api.RunServiceApi(client)

    def health(self) -> Health:
        """Ask the server for its version.

        Raises:
            ClusterError: it can't be used.
        """
        answer = self._ask(self._health.healthz_service_get_healthz)
        # The server behind the user interface says less than the interface in front of it,
        # and each has words of its own.
        if not {"multi_user", "tag_name", "apiServerReady"} & set(answer):
            self._is_something_else("JSON that no Kubeflow Pipelines server gives")
        if answer.get("apiServerReady") is False:
            raise ClusterUnreachableError(
                f"Kubeflow Pipelines' user interface at {self.host} answers, "
                "but the API server behind it doesn't."
            )
        version = str(answer.get("tag_name") or answer.get("apiServerTagName") or "")
        return Health(version, bool(answer.get("multi_user")))

    def find_pipeline(self, name: str, namespace: str | None) -> str | None:
        """Return the id of the pipeline of this name, if there is one."""
        answer = self._ask(
            self._pipelines.pipeline_service_list_pipelines,
            filter=_named(name),
            **_within(namespace),
        )
        found = _only(answer, "pipelines", name)
        return None if found is None else _id(found, "pipeline_id")

    def create_pipeline(self, name: str, description: str, namespace: str | None) -> str:
        """Make a pipeline that has no version yet, and return its id."""
        body = {"display_name": name, "description": description, **_within(namespace)}
        answer = self._ask(self._pipelines.pipeline_service_create_pipeline, body)
        return _id(answer, "pipeline_id")

    def find_version(self, pipeline: str, name: str) -> str | None:
        """Return the id of a pipeline's version of this name, if there is one."""
        answer = self._ask(
            self._pipelines.pipeline_service_list_pipeline_versions, pipeline, filter=_named(name)
        )
        found = _only(answer, "pipeline_versions", name)
        return None if found is None else _id(found, "pipeline_version_id")

    def upload_version(self, pipeline: str, name: str, path: Path) -> str:
        """Upload a compiled pipeline as a version, and return its id."""
        answer = self._ask(
            self._uploads.upload_pipeline_version, str(path), name=name, pipelineid=pipeline
        )
        return _id(answer, "pipeline_version_id")

    def find_experiment(self, name: str, namespace: str | None) -> str | None:
        """Return the id of the experiment of this name, if there is one.

        Raises:
            SettingError: it is archived.
            ClusterError: the server can't be used.
        """
        answer = self._ask(
            self._experiments.experiment_service_list_experiments,
            filter=_named(name),
            **_within(namespace),
        )
        found = _only(answer, "experiments", name)
        if found is None:
            return None
        if found.get("storage_state") == "ARCHIVED":
            raise SettingError(
                f"The experiment {name} is archived: restore it in Kubeflow's user interface, "
                "or name another (--experiment)."
            )
        return _id(found, "experiment_id")

    def create_experiment(self, name: str, namespace: str | None) -> str:
        """Make an experiment, and return its id."""
        body = {"display_name": name, **_within(namespace)}
        answer = self._ask(self._experiments.experiment_service_create_experiment, body)
        return _id(answer, "experiment_id")

    def create_run(
        self,
        name: str,
        experiment: str,
        pipeline: str,
        version: str,
        parameters: Mapping[str, Any],
    ) -> str:
        """Start a run of a pipeline's version, and return its id."""
        body = {
            "display_name": name,
            "experiment_id": experiment,
            "pipeline_version_reference": {
                "pipeline_id": pipeline,
                "pipeline_version_id": version,
            },
            "runtime_config": {"parameters": dict(parameters)},
        }
        return _id(self._ask(self._runs.run_service_create_run, body), "run_id")

    def run(self, run: str) -> Mapping[str, Any]:
        """Return what the server knows of a run."""
        return self._ask(self._runs.run_service_get_run, run)

    def link(self, kind: str, identifier: str) -> str:
        """Return where the user interface shows a thing, such as a run of ``runs``."""
        return f"{self._ui}/#/{kind}/details/{identifier}"

    def _ask(self, method: Callable[..., Any], *values: Any, **more: Any) -> dict[str, Any]:
        """Call the API and return its answer as JSON, not as the generated classes.

        Those make an empty object of anything that isn't JSON.
        """
        import urllib3

        try:
            response = method(
                *values, _preload_content=False, _request_timeout=(CONNECT_S, READ_S), **more
            )
            return self._read(response.headers.get("Content-Type", ""), response.data)
        except self._api.ApiException as error:
            self._refused(error)
        except urllib3.exceptions.HTTPError as error:
            self._unreachable(error)
        except UnicodeError:
            self._is_something_else("what can't be read as text")

    def _read(self, content_type: str, data: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(data)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            self._is_something_else(
                "a web page" if "html" in content_type else "something other than JSON"
            )
        return answer

    def _is_something_else(self, what: str) -> NoReturn:
        raise ClusterError(
            f"{self.host} answered with {what}, not as Kubeflow Pipelines: if that is a login "
            f"page, give a token in {TOKEN} or {TOKEN_FILE}; else check the address "
            "(it often ends in /pipeline)."
        )

    def _refused(self, error: Any) -> NoReturn:
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
                f"{self.host} sends elsewhere, to {place}: if that is a login page, give a token "
                f"in {TOKEN} or {TOKEN_FILE}; else give that address."
            )
        if status == 404 and not message:  # noqa: PLR2004 - HTTP's own number
            self._is_something_else("404, not found")
        kind = ClusterUnreachableError if status == 429 or status >= 500 else ClusterError  # noqa: PLR2004
        raise kind(f"{self.host} refused ({status}): {message or error.reason or 'no reason'}.")

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


def check_versions(sdk: str, server: str, host: str) -> str:
    """Make sure that a server can run what an SDK compiled.

    Args:
        sdk: the version of kfp that compiled the pipeline; may be empty.
        server: the version that the server tells; may be empty, or no version.
        host: the server's address, for messages.

    Returns:
        What to say to people, where something is uncertain; otherwise nothing.

    Raises:
        ClusterError: the versions are too far apart; see `OLDEST_SERVER`.
    """
    compiled, runs = _numbers(sdk), _numbers(server)
    if runs is None:
        return f"{host} doesn't say which version it is; {_dotted(OLDEST_SERVER)} is needed."
    between = f"{host} runs Kubeflow Pipelines {server}"
    if compiled is not None and compiled[0] != runs[0]:
        raise ClusterError(
            f"{between}, but the pipeline was compiled with kfp {sdk}: compile it with a kfp "
            f"of version {runs[0]}, or take a server of version {compiled[0]}."
        )
    if runs < OLDEST_SERVER:
        raise ClusterError(
            f"{between}, which is too old for pipelines compiled with kfp {sdk or '2'}: "
            f"it must be {_dotted(OLDEST_SERVER)} or newer."
        )
    if compiled is not None and runs < compiled:
        return f"{between}, older than the kfp {sdk} that compiled the pipeline; this should do."
    return ""


def _numbers(version: str) -> tuple[int, int] | None:
    found = re.match(r"v?(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else None


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def _named(name: str) -> str:
    """Return the API's filter for things of this name."""
    predicate = {"operation": "EQUALS", "key": "display_name", "stringValue": name}
    return json.dumps({"predicates": [predicate]})


def _within(namespace: str | None) -> dict[str, str]:
    return {"namespace": namespace} if namespace else {}


def _only(answer: Mapping[str, Any], what: str, name: str) -> dict[str, Any] | None:
    found: list[dict[str, Any]] = answer.get(what) or []
    if len(found) > 1:
        raise ClusterError(
            f"The server has {len(found)} {what.replace('_', ' ')} that are called {name}: "
            "give one of them, or this, another name."
        )
    return found[0] if found else None


def _id(answer: Mapping[str, Any], key: str) -> str:
    identifier = answer.get(key)
    if not isinstance(identifier, str) or not identifier:
        raise ClusterError(
            f"The server's answer has no {key}: it is not the API that is expected."
        )
    return identifier


def _message(body: Any) -> str:
    """Return what the server says of an error; empty where that is no text for people."""
    if not isinstance(body, str) or body.lstrip().startswith("<"):
        return ""
    try:
        answer = json.loads(body)
    except ValueError:
        return _short(body)
    if not isinstance(answer, dict):
        return ""
    texts = (answer.get(key) for key in ("message", "error_message", "error"))
    return _short(next((text for text in texts if isinstance(text, str) and text), ""))


def _short(text: object) -> str:
    line = " ".join(str(text).split()).rstrip(".")
    # What urllib3 says begins with the object that says it.
    line = re.sub(r"^<?[\w.]+(\(.*?\)| object at \w+>): ", "", line)
    return line if len(line) <= LONGEST_MESSAGE else line[:LONGEST_MESSAGE] + "…"

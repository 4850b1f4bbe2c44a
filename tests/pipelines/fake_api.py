"""A small server that speaks the part of Kubeflow Pipelines' REST API that submission uses.

It is a real server on 127.0.0.1, so the real client, real sockets and real TLS are tested, and it
is strict: paths, queries, fields and types that the API (v2beta1, as its definition and the
server's source have it) doesn't know are refused and counted as complaints, which fail the test.

What it can't prove: that a cluster accepts the same. It runs nothing, checks a pipeline no
further than that its YAML has the right parts, has no database, no roles of its users and no
login proxy but a page that looks like one, and says only those sentences that were written into
it. Where the real server differs between its versions, this is one of them (2.17).
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.pipelines.fake_server import Answer, Refused, Request, open_server
from tests.pipelines.tiny import LEAST, TINY, write_tiny

__all__ = ["LEAST", "LOGIN_PAGE", "TINY", "Answer", "FakeApi", "serving", "write_tiny"]

LOGIN_PAGE = b"<!DOCTYPE html><html><body>Sign in to Kubeflow</body></html>"


class FakeApi:
    """The server's memory, and what it is told to do wrong.

    Attributes:
        health: what it says of itself.
        token: the bearer token that it wants; any will do where it is empty.
        prefix: below which path the API is.
        instead: answers to give in place of its own, by ``METHOD /path`` or ``*``.
        story: what it says of a run, look by look; the last for ever. Under `workflow` stands the
            workflow behind the run at that moment, as JSON, or what to answer in its place.
        logs: the logs that it has, by node or pod.
        pod_logs: the logs that the user interface finds, by pod, namespace and day.
        terminated: the runs that were to be ended.
        recurring: the recurring runs.
        deleted: the recurring runs that were deleted.
        said: the requests so far.
        tokens: the authorization of each request; empty where it has none.
        complaints: requests that the real API doesn't have.
    """

    def __init__(self) -> None:
        self.health: dict[str, Any] = {
            "commit_sha": "0",
            "tag_name": "2.17.0",
            "multi_user": False,
            "pipeline_store": "database",
        }
        self.token = ""
        self.prefix = ""
        self.instead: dict[str, Answer | Callable[[], Answer | None]] = {}
        self.story: list[Mapping[str, Any] | Answer] = [{"state": "SUCCEEDED"}]
        self.workflow: str | Answer | None = None
        self.logs: dict[str, str | Answer] = {}
        self.pod_logs: dict[str, str | Answer] = {}
        self.terminated: list[str] = []
        self.said: list[str] = []
        self.tokens: list[str] = []
        self.complaints: list[str] = []
        self.pipelines: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, dict[str, Any]] = {}
        self.experiments: dict[str, dict[str, Any]] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self.recurring: dict[str, dict[str, Any]] = {}
        self.deleted: list[str] = []
        self.port = 0
        self.scheme = "http"

    @property
    def host(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{self.prefix}"

    def made(self) -> int:
        """Return how many things it holds."""
        return sum(map(len, (self.pipelines, self.versions, self.experiments, self.runs)))

    def answer(self, request: Request) -> Answer:
        self.said.append(f"{request.method} {request.path}")
        self.tokens.append(request.authorization)
        for key in (f"{request.method} {request.path}", "*"):
            instead = self.instead.get(key)
            told = instead() if callable(instead) else instead
            if told is not None:
                return told
        if self.token and request.authorization != f"Bearer {self.token}":
            return Answer(401, b"Unauthorized", "text/plain")
        try:
            return self._route(request)
        except Refused as refused:
            return refused.answer

    def _route(self, request: Request) -> Answer:
        for method, pattern, handle in self._routes():
            found = re.fullmatch(self.prefix + "/" + pattern, request.path)
            if found and method == request.method:
                content = handle(request, *found.groups())
                return content if isinstance(content, Answer) else Answer(200, content)
        self._complain(f"no such path: {request.method} {request.path}")
        return Answer(404, {"error": "Not Found", "code": 5, "message": "Not Found"})

    def _routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        v2 = "apis/v2beta1/"
        return [
            ("GET", v2 + "healthz", lambda _: self.health),
            ("GET", v2 + "pipelines", lambda r: self._list(r, "pipelines", self.pipelines)),
            ("POST", v2 + "pipelines", self._create_pipeline),
            ("POST", v2 + "pipelines/upload_version", self._upload_version),
            ("GET", v2 + "pipelines/([^/]+)/versions", self._list_versions),
            ("GET", v2 + "experiments", lambda r: self._list(r, "experiments", self.experiments)),
            ("POST", v2 + "experiments", self._create_experiment),
            ("POST", v2 + "runs", self._create_run),
            ("GET", v2 + "runs/([^/:]+)", self._get_run),
            ("POST", v2 + "runs/([^/:]+):terminate", self._terminate_run),
            ("GET", v2 + "recurringruns", self._list_recurring),
            ("POST", v2 + "recurringruns", self._create_recurring),
            ("DELETE", v2 + "recurringruns/([^/]+)", self._delete_recurring),
            ("GET", "apis/v1beta1/runs/([^/]+)", self._get_workflow),
            ("GET", "apis/v1alpha1/runs/([^/]+)/nodes/([^/]+)/log", self._get_log),
            ("GET", "k8s/pod/logs", self._get_pod_log),
        ]

    def _complain(self, complaint: str) -> None:
        self.complaints.append(complaint)

    def _only(self, given: Mapping[str, Any], known: set[str], where: str) -> None:
        if more := set(given) - known:
            self._complain(f"{where}: unknown {sorted(more)}")
            raise Refused(400, f"unknown field {min(more)}")

    def _owned(self, given: Mapping[str, Any]) -> None:
        multi = bool(self.health.get("multi_user"))
        if multi and not given.get("namespace"):
            raise Refused(400, "In multi-user mode, namespace is required")
        if not multi and given.get("namespace"):
            raise Refused(400, "In single-user mode, namespace must be empty")

    def _wanted(self, request: Request) -> str:
        given = json.loads(request.query["filter"])
        (predicate,) = given["predicates"]
        if set(given) != {"predicates"} or set(predicate) != {"operation", "key", "stringValue"}:
            self._complain(f"filter: {given}")
        if (predicate["operation"], predicate["key"]) != ("EQUALS", "display_name"):
            self._complain(f"filter: {given}")
        return str(predicate["stringValue"])

    def _list(
        self, request: Request, what: str, things: Mapping[str, dict[str, Any]]
    ) -> dict[str, Any]:
        self._only(request.query, {"filter", "namespace"}, what)
        self._owned(request.query)
        name, namespace = self._wanted(request), request.query.get("namespace")
        found = [
            thing
            for thing in things.values()
            if thing["display_name"] == name and thing.get("namespace") == namespace
        ]
        # The server leaves out a list that is empty.
        return {what: found, "total_size": len(found)} if found else {}

    def _list_versions(self, request: Request, pipeline: str) -> dict[str, Any]:
        self._only(request.query, {"filter"}, "versions")
        name = self._wanted(request)
        found = [
            {key: value for key, value in version.items() if key != "bytes"}
            for version in self.versions.values()
            if version["pipeline_id"] == pipeline and version["display_name"] == name
        ]
        return {"pipeline_versions": found} if found else {}

    def _add(self, what: str, things: dict[str, Any], thing: dict[str, Any]) -> dict[str, Any]:
        key = f"{what}-{len(things) + 1}"
        made = {f"{what}_id": key, **thing}
        things[key] = made
        return made

    def _create_pipeline(self, request: Request) -> dict[str, Any]:
        body = request.json()
        self._only(body, {"display_name", "name", "description", "namespace"}, "pipeline")
        self._owned(body)
        if any(one["display_name"] == body["display_name"] for one in self.pipelines.values()):
            raise Refused(409, "The pipeline already exists")
        return self._add("pipeline", self.pipelines, body)

    def _upload_version(self, request: Request) -> dict[str, Any]:
        self._only(request.query, {"name", "pipelineid", "display_name", "description"}, "upload")
        if request.query.get("pipelineid") not in self.pipelines:
            raise Refused(400, "Failed to create a pipeline version")
        filename, content = request.upload()
        if not filename.endswith((".yaml", ".yml")):
            raise Refused(400, "Unexpected pipeline file format")
        spec = next(iter(yaml.safe_load_all(content)))
        if not {"pipelineInfo", "root", "schemaVersion"} <= set(spec):
            raise Refused(400, "unknown template format")
        name, pipeline = request.query["name"], request.query["pipelineid"]
        if any(one["display_name"] == name for one in self.versions.values()):
            raise Refused(409, "Failed to create a pipeline version")
        version = {"pipeline_id": pipeline, "display_name": name, "pipeline_spec": spec}
        return self._add("pipeline_version", self.versions, version)

    def _create_experiment(self, request: Request) -> dict[str, Any]:
        body = request.json()
        self._only(body, {"display_name", "description", "namespace"}, "experiment")
        self._owned(body)
        return self._add("experiment", self.experiments, body)

    def _create_run(self, request: Request) -> dict[str, Any]:
        body = request.json()
        self._only(body, _OF_RUN, "run")
        self._check_run(body)
        return self._add("run", self.runs, {**body, "state": "PENDING"})

    def _check_run(self, body: Mapping[str, Any]) -> None:
        if body["experiment_id"] not in self.experiments:
            raise Refused(404, "Experiment not found")
        reference = body["pipeline_version_reference"]
        self._only(reference, {"pipeline_id", "pipeline_version_id"}, "reference")
        version = self.versions[reference["pipeline_version_id"]]
        if version["pipeline_id"] != reference["pipeline_id"]:
            raise Refused(400, "the version is of another pipeline")
        self._only(body["runtime_config"], {"parameters", "pipeline_root"}, "runtime_config")
        self._check_parameters(version["pipeline_spec"], body["runtime_config"]["parameters"])

    def _list_recurring(self, request: Request) -> dict[str, Any]:
        self._only(request.query, {"page_size", "page_token", "namespace"}, "recurring runs")
        self._owned(request.query)
        runs = list(self.recurring.values())
        # Pages of its own size, as the server may give fewer than requested.
        start, most = (
            int(request.query.get("page_token") or 0),
            min(2, int(request.query["page_size"])),
        )
        page: dict[str, Any] = {"recurringRuns": runs[start : start + most]} if runs else {}
        more = start + most < len(runs)
        return page | ({"next_page_token": str(start + most)} if more else {})

    def _create_recurring(self, request: Request) -> dict[str, Any]:
        body = request.json()
        more = {"description", "mode", "max_concurrency", "no_catchup", "trigger"}
        self._only(body, _OF_RUN | more, "recurring run")
        self._check_run(body)
        if not 1 <= int(body["max_concurrency"]) <= MOST_AT_A_TIME:
            raise Refused(400, "The max concurrency of the recurring run is out of range")
        if body["mode"] not in {"ENABLE", "DISABLE"} or type(body["no_catchup"]) is not bool:
            self._complain(f"recurring run: {body}")
        self._only(body["trigger"], {"cron_schedule"}, "trigger")
        self._only(body["trigger"]["cron_schedule"], {"cron"}, "cron_schedule")
        if len(body["trigger"]["cron_schedule"]["cron"].split()) != FIELDS_OF_CRON:
            self._complain(f"cron: {body['trigger']}")
        number = len(self.recurring) + len(self.deleted) + 1
        created = {"created_at": f"2026-11-{number:02}T00:00:00Z", "status": "ENABLED"}
        key = f"recurring-{number}"
        self.recurring[key] = {"recurring_run_id": key, **body, **created}
        return self.recurring[key]

    def _delete_recurring(self, request: Request, run: str) -> Any:
        self._only(request.query, {"propagation_policy"}, "recurring run")
        if request.query.get("propagation_policy") != "ORPHAN":
            self._complain(f"its runs in progress would be ended: {request.query}")
        if run not in self.recurring:
            raise Refused(404, f"Recurring run {run} not found")
        del self.recurring[run]
        self.deleted.append(run)
        return {}

    def _check_parameters(self, spec: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        defined = spec["root"]["inputDefinitions"]["parameters"]
        self._only(given, set(defined), "parameters")
        for name, value in given.items():
            kind = defined[name]["parameterType"]
            if type(value) not in _TYPES[kind]:
                self._complain(f"parameter {name}: {value!r} is no {kind}")
        for name, definition in defined.items():
            if name not in given and not definition.get("isOptional"):
                raise Refused(400, f"parameter {name} is missing")

    def _get_run(self, request: Request, run: str) -> Any:
        self._only(request.query, set(), "run")
        self._known_run(run)
        now = self.story.pop(0) if len(self.story) > 1 else self.story[0]
        if isinstance(now, Answer):
            return now
        self.workflow = now.get("workflow")
        return {**self.runs[run], **{key: now[key] for key in now if key != "workflow"}}

    def _known_run(self, run: str) -> None:
        if run not in self.runs:
            raise Refused(404, f"Run {run} not found")

    def _get_workflow(self, request: Request, run: str) -> Any:
        self._only(request.query, set(), "run")
        self._known_run(run)
        if isinstance(self.workflow, Answer):
            return self.workflow
        runtime = {} if self.workflow is None else {"workflow_manifest": self.workflow}
        return {"run": {"id": run}, "pipeline_runtime": runtime}

    def _terminate_run(self, request: Request, run: str) -> Any:
        if request.body:
            self._complain(f"terminate: {request.body!r}")
        self._known_run(run)
        self.terminated.append(run)
        return {}

    def _get_log(self, request: Request, run: str, node: str) -> Any:
        self._only(request.query, {"follow"}, "log")
        self._known_run(run)
        return self._log(self.logs.get(node))

    def _get_pod_log(self, request: Request) -> Any:
        self._only(request.query, {"podname", "podnamespace", "createdat"}, "pod log")
        names = ("podname", "podnamespace", "createdat")
        return self._log(self.pod_logs.get(" ".join(request.query[name] for name in names)))

    def _log(self, log: "str | Answer | None") -> Answer:
        if log is None:
            raise Refused(500, "error getting logs: the pod has gone")
        return log if isinstance(log, Answer) else Answer(200, log.encode(), "text/plain")


_OF_RUN = {"display_name", "experiment_id", "pipeline_version_reference", "runtime_config"}
FIELDS_OF_CRON, MOST_AT_A_TIME = 6, 10
_TYPES: dict[str, tuple[type, ...]] = {
    "STRING": (str,),
    "NUMBER_INTEGER": (int,),
    "NUMBER_DOUBLE": (float, int),
    "BOOLEAN": (bool,),
    "LIST": (list,),
    "STRUCT": (dict,),
}


@contextmanager
def serving(tls: tuple[Path, Path] | None = None, port: int = 0) -> Iterator[FakeApi]:
    """Run the server, with TLS where a certificate and its key are given."""
    api = FakeApi()
    with open_server(api.answer, tls, port) as api.port:
        api.scheme = "http" if tls is None else "https"
        yield api

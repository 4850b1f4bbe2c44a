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
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import yaml

TINY = """\
components:
  comp-download:
    executorLabel: exec-download
    inputDefinitions:
      parameters: {bucket: {parameterType: STRING}, shard: {parameterType: STRING}}
  comp-for-loop-1:
    dag:
      tasks:
        download:
          cachingOptions: {enableCache: true}
          componentRef: {name: comp-download}
          taskInfo: {name: download}
  comp-preprocess:
    executorLabel: exec-preprocess
  comp-retrain:
    executorLabel: exec-retrain
deploymentSpec:
  executors:
    exec-download: {container: {image: 'example.org/none:1'}}
    exec-preprocess-2: {container: {image: 'example.org/none:1'}}
    exec-link: {container: {image: 'example.org/none:1'}}
    exec-retrain: {container: {image: 'example.org/none:1'}}
pipelineInfo: {name: autofocus-tiny, description: A tiny one.}
root:
  dag:
    tasks:
      for-loop-1:
        componentRef: {name: comp-for-loop-1}
        taskInfo: {name: for-loop-1}
      retrain:
        cachingOptions: {enableCache: true}
        componentRef: {name: comp-retrain}
        taskInfo: {name: retrain}
  inputDefinitions:
    parameters:
      bucket: {parameterType: STRING, description: Where the photographs are.}
      shards: {parameterType: LIST}
      prefix: {parameterType: STRING, defaultValue: '', isOptional: true}
      trim_bottom: {parameterType: NUMBER_INTEGER, defaultValue: 198.0, isOptional: true}
      learning_rate: {parameterType: NUMBER_DOUBLE, defaultValue: 0.01, isOptional: true}
      flip_left_right: {parameterType: BOOLEAN, defaultValue: false, isOptional: true}
      labelmap: {parameterType: STRUCT, defaultValue: {}, isOptional: true}
      label_priority: {parameterType: LIST, defaultValue: [], isOptional: true}
      extensions: {parameterType: LIST, isOptional: true}
      preprocess_max_rejected: {parameterType: NUMBER_DOUBLE, isOptional: true}
      gpu_node_selector: {parameterType: STRUCT, isOptional: true}
schemaVersion: 2.1.0
sdkVersion: kfp-2.17.0
---
platforms: {kubernetes: {deploymentSpec: {executors: {}}}}
"""
LEAST = ("--set", "bucket=photographs", "shards=2")
LOGIN_PAGE = b"<!DOCTYPE html><html><body>Sign in to Kubeflow</body></html>"


def write_tiny(folder: Path, text: str = TINY) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(text)
    return path


@dataclass(frozen=True)
class Answer:
    """What to send back: JSON, or bytes as they are; status 0 hangs up without a word."""

    status: int = 200
    body: Any = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):  # noqa: N818 - it is an answer
    """The API answers with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(status, {"error": message, "code": 3, "message": message})


class FakeApi:
    """The server's memory, and what it is told to do wrong.

    Attributes:
        health: what it says of itself.
        token: the bearer token that it wants; any will do where it is empty.
        prefix: below which path the API is.
        instead: answers to give in place of its own, by ``METHOD /path`` or ``*``.
        story: what it says of a run, look by look; the last for ever.
        said: the requests so far.
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
        self.said: list[str] = []
        self.complaints: list[str] = []
        self.pipelines: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, dict[str, Any]] = {}
        self.experiments: dict[str, dict[str, Any]] = {}
        self.runs: dict[str, dict[str, Any]] = {}
        self.port = 0
        self.scheme = "http"

    @property
    def host(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}{self.prefix}"

    def made(self) -> int:
        """Return how many things it holds."""
        return sum(map(len, (self.pipelines, self.versions, self.experiments, self.runs)))

    def answer(self, request: "Request") -> Answer:
        self.said.append(f"{request.method} {request.path}")
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

    def _route(self, request: "Request") -> Answer:
        for method, pattern, handle in self._routes():
            found = re.fullmatch(self.prefix + "/apis/v2beta1/" + pattern, request.path)
            if found and method == request.method:
                return Answer(200, handle(request, *found.groups()))
        self._complain(f"no such path: {request.method} {request.path}")
        return Answer(404, {"error": "Not Found", "code": 5, "message": "Not Found"})

    def _routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        return [
            ("GET", "healthz", lambda _: self.health),
            ("GET", "pipelines", lambda r: self._list(r, "pipelines", self.pipelines)),
            ("POST", "pipelines", self._create_pipeline),
            ("POST", "pipelines/upload_version", self._upload_version),
            ("GET", "pipelines/([^/]+)/versions", self._list_versions),
            ("GET", "experiments", lambda r: self._list(r, "experiments", self.experiments)),
            ("POST", "experiments", self._create_experiment),
            ("POST", "runs", self._create_run),
            ("GET", "runs/([^/]+)", self._get_run),
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

    def _wanted(self, request: "Request") -> str:
        given = json.loads(request.query["filter"])
        (predicate,) = given["predicates"]
        if set(given) != {"predicates"} or set(predicate) != {"operation", "key", "stringValue"}:
            self._complain(f"filter: {given}")
        if (predicate["operation"], predicate["key"]) != ("EQUALS", "display_name"):
            self._complain(f"filter: {given}")
        return str(predicate["stringValue"])

    def _list(
        self, request: "Request", what: str, things: Mapping[str, dict[str, Any]]
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

    def _list_versions(self, request: "Request", pipeline: str) -> dict[str, Any]:
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

    def _create_pipeline(self, request: "Request") -> dict[str, Any]:
        body = request.json()
        self._only(body, {"display_name", "name", "description", "namespace"}, "pipeline")
        self._owned(body)
        if any(one["display_name"] == body["display_name"] for one in self.pipelines.values()):
            raise Refused(409, "The pipeline already exists")
        return self._add("pipeline", self.pipelines, body)

    def _upload_version(self, request: "Request") -> dict[str, Any]:
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

    def _create_experiment(self, request: "Request") -> dict[str, Any]:
        body = request.json()
        self._only(body, {"display_name", "description", "namespace"}, "experiment")
        self._owned(body)
        return self._add("experiment", self.experiments, body)

    def _create_run(self, request: "Request") -> dict[str, Any]:
        body = request.json()
        known = {"display_name", "experiment_id", "pipeline_version_reference", "runtime_config"}
        self._only(body, known, "run")
        if body["experiment_id"] not in self.experiments:
            raise Refused(404, "Experiment not found")
        reference = body["pipeline_version_reference"]
        self._only(reference, {"pipeline_id", "pipeline_version_id"}, "reference")
        version = self.versions[reference["pipeline_version_id"]]
        if version["pipeline_id"] != reference["pipeline_id"]:
            raise Refused(400, "the version is of another pipeline")
        self._only(body["runtime_config"], {"parameters", "pipeline_root"}, "runtime_config")
        self._check_parameters(version["pipeline_spec"], body["runtime_config"]["parameters"])
        return self._add("run", self.runs, {**body, "state": "PENDING"})

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

    def _get_run(self, _: "Request", run: str) -> Any:
        if run not in self.runs:
            raise Refused(404, f"Run {run} not found")
        now = self.story.pop(0) if len(self.story) > 1 else self.story[0]
        if isinstance(now, Answer):
            raise _Told(now)
        return {**self.runs[run], **now}


class _Told(Refused):
    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status, "")
        self.answer = answer


_TYPES: dict[str, tuple[type, ...]] = {
    "STRING": (str,),
    "NUMBER_INTEGER": (int,),
    "NUMBER_DOUBLE": (float, int),
    "BOOLEAN": (bool,),
    "LIST": (list,),
    "STRUCT": (dict,),
}


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    content_type: str
    authorization: str
    body: bytes

    def json(self) -> dict[str, Any]:
        answer = json.loads(self.body)
        assert isinstance(answer, dict)
        return answer

    def upload(self) -> tuple[str, bytes]:
        """Return the name and content of the only file in a form."""
        head = f"Content-Type: {self.content_type}\r\n\r\n".encode()
        _, part = message_from_bytes(head + self.body).walk()
        if part.get_param("name", header="content-disposition") != "uploadfile":
            raise Refused(400, "Failed to read pipeline from file")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        return str(part.get_filename()), content


def _handler(api: FakeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            request = Request(
                self.command,
                parts.path,
                dict(parse_qsl(parts.query, keep_blank_values=True)),
                self.headers.get("Content-Type", ""),
                self.headers.get("Authorization", ""),
                self.rfile.read(length),
            )
            self._send(api.answer(request))

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - names that http.server wants

        def _send(self, answer: Answer) -> None:
            if answer.status == 0:
                self.close_connection = True
                return
            raw = isinstance(answer.body, bytes)
            body = answer.body if raw else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(body)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    return Handler


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that hangs up, as one does that distrusts a certificate."""


@contextmanager
def serving(tls: tuple[Path, Path] | None = None) -> Iterator[FakeApi]:
    """Run the server, with TLS where a certificate and its key are given."""
    api = FakeApi()
    server = _QuietServer(("127.0.0.1", 0), _handler(api))
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        api.scheme = "https"
    api.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""Claims about the last sentence of a task's log, and where the log is found."""

import time

import pytest

from pipelines import cluster
from pipelines.cluster import UI_HOST, Cluster
from pipelines.logs import last_sentence, read_sentence
from pipelines.snapshot import find_tasks
from pipelines.workflow import parse_workflow
from tests.pipelines.fake_api import LOGIN_PAGE, Answer, FakeApi, serving
from tests.pipelines.workflows import FAILED, NAMESPACE, pod_id, pod_name, workflow

OURS = "autofocus download_images: error: There is no bucket zoo at http://store:8333.\n"
BEFORE = "I0304 05:06:07.123456       1 launcher_v2.go:151] input ComponentSpec:{\n"
AFTER = "I0304 05:06:08.1       1 launcher_v2.go:200] publish success.\n"
EXIT = "F0304 05:06:09.223       1 main.go:62] failed to execute component: exit status 1\n"
FATAL = (
    "F0304 05:06:09.223       1 main.go:62] failed to execute component: failed to get bucket "
    "when downloading input artifact prepared from s3://zoo\n"
)
TRACEBACK = (
    "Traceback (most recent call last):\n"
    '  File "main.py", line 1, in <module>\n'
    "    raise ValueError(1)\n"
    "ValueError: first\n"
    "\n"
    "During handling of the above exception, another exception occurred:\n"
    "\n"
    "Traceback (most recent call last):\n"
    '  File "main.py", line 3, in <module>\n'
    "RuntimeError: second\n"
)


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        (BEFORE + OURS + AFTER + EXIT, "There is no bucket zoo at http://store:8333"),
        (OURS.replace("zoo", "ark") + OURS + EXIT, "There is no bucket zoo at http://store:8333"),
        (TRACEBACK + OURS, "There is no bucket zoo at http://store:8333"),
        (BEFORE + TRACEBACK + AFTER + EXIT, "RuntimeError: second"),
        (
            BEFORE + FATAL,
            "failed to get bucket when downloading input artifact prepared from s3://zoo",
        ),
        (
            TRACEBACK + FATAL.replace("to get bucket when", "in"),
            "failed in downloading input artifact prepared from s3://zoo",
        ),
        (BEFORE + AFTER + EXIT, None),
        ("", None),
    ],
)
def test_the_last_sentence_says_why(log: str, sentence: str | None) -> None:
    """Ours, else the launcher's, else the last exception; an exit status is no reason."""
    assert last_sentence(log) == sentence


def sentence_of(api: FakeApi) -> str | None:
    """Return what is read of the log of the task that failed."""
    api.runs["run-9"] = {}
    found = parse_workflow(workflow({"download": {0: FAILED}}))
    (task,) = find_tasks(found)
    return read_sentence(Cluster(api.host), "run-9", found, task.pod)


ARCHIVED = f"{pod_name('download', 0)} {NAMESPACE} 2031-03-04"


@pytest.mark.parametrize(
    ("logs", "pod_logs"),
    [
        ({pod_id("download", 0): OURS}, {}),
        ({pod_name("download", 0): OURS}, {}),
        ({}, {ARCHIVED: OURS}),
        ({pod_id("download", 0): EXIT}, {ARCHIVED: OURS}),
    ],
)
def test_a_log_is_found_wherever_the_server_has_it(
    logs: dict[str, str | Answer], pod_logs: dict[str, str | Answer], api: FakeApi
) -> None:
    """By the node's id, by the pod's name, or by the user interface, from the archive."""
    api.logs, api.pod_logs = logs, pod_logs
    assert sentence_of(api) == "There is no bucket zoo at http://store:8333"


@pytest.mark.parametrize(
    "log",
    [
        None,
        Answer(200, LOGIN_PAGE + b"\n" + OURS.encode(), "text/html"),
        Answer(403, {"message": "no"}),
        Answer(0),
    ],
)
def test_a_log_that_can_t_be_read_is_no_error(log: Answer | None, api: FakeApi) -> None:
    """Nothing, a login page, a refusal or silence in place of the log: there is no sentence."""
    if log is not None:
        api.logs[pod_id("download", 0)] = log
    assert sentence_of(api) is None


def test_only_the_end_of_a_log_is_read(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a long log its last bytes are kept, where the sentence is; letters cut apart or not."""
    monkeypatch.setattr(cluster, "LOG_BYTES", 1000)
    early = OURS.replace("zoo", "ark")
    api.logs[pod_id("download", 0)] = early + "ä" * 2000 + "\n" + OURS
    assert sentence_of(api) == "There is no bucket zoo at http://store:8333"
    api.logs[pod_id("download", 0)] = early + "ä" * 2000 + "\n"
    assert sentence_of(api) is None


def test_a_log_that_takes_too_long_is_given_up(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that goes on and on doesn't hold up the following, though no piece of it is late."""
    monkeypatch.setattr(cluster, "LOG_S", 0.2)
    log = Answer(200, OURS.encode() * 20_000, "text/plain", pause=0.05)
    api.logs[pod_id("download", 0)] = log
    begin = time.monotonic()
    assert sentence_of(api) is None
    assert time.monotonic() - begin < 0.6


def test_a_token_is_not_sent_to_another_host(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user interface at another address is asked for logs without the server's token."""
    monkeypatch.setenv("KFP_TOKEN", "secret")
    api.token = "secret"
    with serving() as ui:
        monkeypatch.setenv(UI_HOST, ui.host)
        ui.pod_logs[ARCHIVED] = OURS
        assert sentence_of(api) == "There is no bucket zoo at http://store:8333"
    assert ui.tokens == [""]
    assert set(api.tokens) == {"Bearer secret"}

"""Claims about following a run on a cluster until it ends."""

import itertools
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.pipelines.fake_api import Answer, FakeApi
from tests.pipelines.submitting import QUICK, Submit, run, without_times
from tests.pipelines.workflows import (
    CACHED,
    DONE,
    EXIT_1,
    FAILED,
    LOGS,
    NAMESPACE,
    OMITTED,
    RUNNING,
    Work,
    log_key,
    pod_id,
    pod_name,
    times,
    workflow,
)

NO_BUCKET = "autofocus download_images: error: There is no bucket ark at http://store:8333.\n"
NO_NODE = "Unschedulable: 0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/"
SHARDS = {"shards": ["0/2", "1/2"]}
LINK = "/#/runs/details/run-9"


def end(capsys: pytest.CaptureFixture[str]) -> tuple[list[str], str]:
    """Return the lines of a followed run that failed, and the error behind them."""
    *lines, last = capsys.readouterr().err.splitlines()
    start = "python -m pipelines.submit: error: "
    assert last.startswith(start)
    return without_times("\n".join(lines)), last.removeprefix(start)


def test_a_run_is_followed_to_its_end(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """--wait prints each change of a stage once, and ends with 0 as the run does."""
    begun = workflow({"download": {0: RUNNING, 1: RUNNING}})
    half = workflow({"download": {0: DONE, 1: DONE}, "preprocess": {0: Work("Running", start=90)}})
    loop = {"download": times(2), "preprocess": times(2, Work(start=90))}
    done = workflow(loop, {"retrain": Work(start=200)})
    api.story = [
        run("PENDING"),
        run("RUNNING", workflow=begun),
        run("RUNNING", workflow=half),
        run("RUNNING", workflow=half),
        run("SUCCEEDED", workflow=done),
    ]
    assert submit(*QUICK) == 0
    printed = capsys.readouterr()
    assert without_times(printed.err) == [
        "run pending",
        "run running",
        "download 0/2 done, 2 running",
        "download 2/2 done, took 0:30",
        "preprocess 0/2 done, 1 running",
        "run succeeded",
        "preprocess 2/2 done, took 0:30",
        "retrain done, took 0:30",
    ]
    assert printed.out.endswith(f"The run succeeded: {api.host}/#/runs/details/run-1\n")


def test_a_failure_names_stage_shard_and_the_log_s_last_sentence(
    api: FakeApi, follow: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a bucket doesn't exist, that is what the command says, and where to see the run."""
    loop = {"download": {0: FAILED, 1: DONE}, "preprocess": {0: OMITTED, 1: DONE}}
    failed = workflow(loop, {"retrain": OMITTED})
    api.story = [run("FAILED", workflow=failed, runtime_config={"parameters": SHARDS})]
    api.logs[pod_id("download", 0)] = f"I0304 starting\n{NO_BUCKET}F0304 exit status 1\n"
    assert follow() == 1
    lines, error = end(capsys)
    assert lines == [
        "run failed",
        "download 1/2 done, 1 failed, took 0:30",
        "preprocess 1/2 done, 1 not started, took 0:30",
        "download (shard 0/2) failed: There is no bucket ark at http://store:8333",
    ]
    assert error == (
        "The run failed: download (shard 0/2): There is no bucket ark at http://store:8333; "
        f"see {api.host}{LINK}"
    )


def test_a_stage_out_of_memory_names_limit_and_parameter(
    api: FakeApi, follow: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the pod was limited to is in its workflow, and what to raise is the pipeline's."""
    main = {"name": "main", "resources": {"limits": {"memory": "400Mi"}}}
    killed = Work("Failed", "main: OOMKilled (exit code 1)", patch={"containers": [main]})
    api.story = [run("FAILED", workflow=workflow({"download": times(1)}, {"retrain": killed}))]
    assert follow() == 1
    assert end(capsys)[1] == (
        f"The run failed: retrain: OOMKilled at 400Mi: raise retrain_memory; see {api.host}{LINK}"
    )


def test_a_namespace_that_forbids_the_pod_is_named(
    api: FakeApi, follow: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each attempt is refused; ended by hand meanwhile, the run was cancelled for that reason."""
    why = 'pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true'
    loop = {"download": times(1, Work("Error", why, attempts=3))}
    api.story = [run("FAILED", workflow=workflow(loop, terminated=True))]
    assert follow() == 1
    assert end(capsys)[1] == (
        "The run was cancelled: download (shard 0/1): the namespace's Pod Security level "
        f"restricted forbids its pod: runAsNonRoot != true; see {api.host}{LINK}"
    )


def test_shards_of_which_only_some_are_cached_are_explained(
    api: FakeApi, follow: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """The launcher's last words are given, and the way out of it."""
    loop = {"download": times(2, CACHED), "preprocess": {0: DONE, 1: CACHED}}
    api.story = [run("FAILED", workflow=workflow(loop, {"retrain": FAILED}))]
    api.logs[pod_name("retrain")] = (
        "F0304 05:06:09.223       1 main.go:62] failed to execute component: failed to get bucket "
        "when downloading input artifact preprocessed with bucket key s3://zoo-store\n"
    )
    assert follow() == 1
    lines, error = end(capsys)
    assert lines[1:3] == [
        "download 2/2 done (2 cached), took 0:30",
        "preprocess 2/2 done (1 cached), took 0:30",
    ]
    assert "retrain: failed to get bucket when downloading input artifact preprocessed" in error
    assert "from several pipeline roots: submit with another cache_salt" in error


def test_sixty_shards_are_two_lines_and_few_requests(
    api: FakeApi, follow: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """With compressed nodes stages and shards are named, and the archive has the logs."""
    preprocess: dict[int, Work] = {**times(60), **dict.fromkeys((4, 14, 46, 52), FAILED)}
    big = workflow({"download": times(60, CACHED), "preprocess": preprocess}, compressed=True)
    api.story = [run("FAILED", workflow=big)]
    for shard in (4, 14, 46, 52):
        api.pod_logs[f"{pod_name('preprocess', shard)} {NAMESPACE} 2031-03-04"] = (
            f"autofocus preprocess_images: error: 1 of {shard} images was rejected.\n"
        )
    assert follow() == 1
    lines, error = end(capsys)
    assert lines == [
        "run failed",
        "download 60/60 done (60 cached), took 0:30",
        "preprocess 56/60 done, 4 failed, took 0:30",
        "preprocess (shards 4/60, 14/60 and 2 more) failed: 1 of 4 images was rejected",
    ]
    assert error.startswith("The run failed: preprocess (shards 4/60, 14/60 and 2 more): 1 of 4 ")
    assert len([path for path in api.said if "log" in path]) == 9


def test_a_run_with_too_many_shards_is_retried_for_a_reason(
    api: FakeApi, follow: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """While Argo tries again in vain, it is known what for."""
    why = 'configmaps is forbidden: User "argo" cannot create resource "configmaps"'
    clean = Work("Backoff", why, attempts=2, rounds=2)
    big = workflow({"download": times(60, CACHED)}, {"clean": clean}, compressed=True)
    api.story = [run("RUNNING", workflow=big)]
    assert follow("--timeout", "0.1") == 1
    *lines, last = end(capsys)[0]
    assert lines == [
        "run running",
        "download 60/60 done (60 cached), took 0:30",
        "clean being retried",
    ]
    assert last.startswith("clean is being retried: Argo may not create the ConfigMap that a task")
    assert last.endswith("use fewer pods or a smaller label map")


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (f"{NO_NODE}selector.", "retrain waits: no node has gpu=A100"),
        (
            'CreateContainerConfigError: secret "keys" not found',
            'retrain waits: secret "keys" not found',
        ),
    ],
)
def test_why_a_stage_waits_is_known_after_half_a_minute(
    message: str, line: str, api: FakeApi, follow: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not at once, as each pod is pending for a while, and not when its time limit ends it."""
    for seconds in (10, 40):
        start = datetime.now(timezone.utc) - timedelta(seconds=seconds)
        waiting = workflow({}, {"retrain": Work("Pending", message, start=0)}, start=start)
        parameters = {"parameters": {"gpu_node_selector": {"gpu": "A100"}}}
        api.story = [run("RUNNING", workflow=waiting, runtime_config=parameters)]
        assert follow("--timeout", "0.1") == 1
        lines, _ = end(capsys)
        assert lines == ["run running", "retrain pending"] + ([line] if seconds == 40 else [])


def test_many_different_failures_are_not_all_in_the_error(
    api: FakeApi, follow: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each has its line, but the error names some, and how many more there are."""
    loop = {
        "download": {n: Work("Error", f"{letter} is down") for n, letter in enumerate("abcdef")}
    }
    api.story = [run("FAILED", workflow=workflow(loop))]
    assert follow() == 1
    lines, error = end(capsys)
    assert len([line for line in lines if line.endswith("is down")]) == 6
    assert error.count("is down; ") == 4
    assert error.endswith(f"; 2 more failures; see {api.host}{LINK}")


@pytest.mark.parametrize(
    "manifest",
    [None, "", "nonsense", Answer(404, {"message": "Not Found"}), Answer(503, b"", "text/plain")],
)
def test_without_a_workflow_the_run_s_state_is_followed(
    manifest: Any, api: FakeApi, follow: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server that has none, or none that can be read, is noted once."""
    more = {} if manifest is None else {"workflow": manifest}
    api.story = [
        run("RUNNING", **more),
        run("RUNNING", **more),
        run("FAILED", error={"message": "no\n quota."}, **more),
    ]
    assert follow() == 1
    lines, error = end(capsys)
    assert [line for line in lines if "run's state" not in line] == ["run running", "run failed"]
    assert len(lines) == 3
    assert error == f"The run failed: no quota; see {api.host}{LINK}"


def test_a_log_that_nobody_has_is_named(
    api: FakeApi, follow: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Following doesn't fail by it, but says where the log is archived."""
    api.story = [run("FAILED", workflow=workflow({"download": times(1, FAILED)}))]
    assert follow() == 1
    assert end(capsys)[1].startswith(
        "The run failed: download (shard 0/1): exit code 1 "
        f"(its log: s3://{LOGS}/{log_key('download', 0)}); see "
    )


def test_a_log_is_complete_when_the_run_has_ended(
    api: FakeApi, follow: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """What couldn't be read at first is read again at the end."""
    failed = workflow({"download": {0: FAILED, 1: RUNNING}})
    api.story = [run("RUNNING", workflow=failed), run("FAILED", workflow=failed)]
    log = Answer(200, NO_BUCKET.encode(), "text/plain")
    logs = itertools.chain([None] * 2, itertools.repeat(log))
    for node in (pod_id("download", 0), pod_name("download", 0)):
        path = f"GET /apis/v1alpha1/runs/run-9/nodes/{node}/log"
        api.instead[path] = lambda: next(logs)
    assert follow() == 1
    lines, error = end(capsys)
    assert lines[2].startswith("download (shard 0/2) failed: exit code 1 (its log: ")
    assert "There is no bucket ark" in error


@pytest.mark.parametrize(
    ("state", "words"),
    [("CANCELED", "The run was cancelled; see "), ("SKIPPED", "The run was skipped; see ")],
)
def test_a_run_that_ends_otherwise_fails_the_command(
    state: str, words: str, api: FakeApi, follow: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 1, and one sentence with the link."""
    ended = Work("Failed", "workflow shutdown with strategy:  Terminate")
    api.story = [run(state, workflow=workflow({"download": times(1, ended)}, terminated=True))]
    assert follow() == 1
    assert end(capsys)[1] == f"{words}{api.host}{LINK}"


def test_a_run_that_takes_too_long_fails_the_command(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """--timeout ends the waiting, not the run, and says so."""
    api.story = [run("RUNNING", workflow=workflow({"download": {0: RUNNING}}))]
    begin = time.monotonic()
    assert submit("--wait", "--poll", "60", "--timeout", "0.2") == 1
    assert 0.2 <= time.monotonic() - begin < 5
    assert (
        "After 0.2 seconds the run hasn't ended (its state is RUNNING); the run continues"
        in (end(capsys)[1])
    )


def test_a_run_that_is_deleted_ends_the_waiting(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refusal that more requests won't change ends it at once."""
    api.story = [run("RUNNING"), Answer(404, {"message": "Run not found"})]
    assert submit(*QUICK) == 5
    assert "(404): Run not found." in capsys.readouterr().err.splitlines()[-1]


def test_an_exit_code_without_a_message_is_no_traceback(
    api: FakeApi, follow: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pod that Argo lost without a word has no known reason."""
    loop = {"download": {0: Work("Error", ""), 1: Work("Error", EXIT_1)}}
    api.story = [run("FAILED", workflow=workflow(loop))]
    assert follow() == 1
    assert end(capsys)[1].startswith(
        "The run failed: download (shard 0/2): no reason is known (its log can't be read); "
        "download (shard 1/2): exit code 1 (its log can't be read); see "
    )

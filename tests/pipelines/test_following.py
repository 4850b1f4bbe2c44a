"""Claims about following a run on a cluster until it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines import following
from tests.pipelines.fake_api import LEAST, Answer, FakeApi, write_tiny
from tests.pipelines.submitting import QUICK, Submit, run, task

ROOT = Path(__file__).parents[2]


def test_a_run_is_followed_to_its_end(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """--wait tells each change once, counts a loop's turns, and ends with 0 as the run does."""
    download = [task("download", "RUNNING"), task("download", "SUCCEEDED", task_id="2")]
    api.story = [
        run("PENDING"),
        run("RUNNING", task("root", "RUNNING"), task("download-driver", "RUNNING"), *download),
        run("RUNNING", *download),
        run("RUNNING", *download),
        run("SUCCEEDED", task("retrain", "SUCCEEDED")),
    ]
    assert submit(*QUICK) == 0
    printed = capsys.readouterr()
    told = [line.split(maxsplit=1)[1] for line in printed.err.splitlines()]
    assert told == [
        "run: PENDING",
        "run: RUNNING",
        "download: 1 RUNNING, 1 SUCCEEDED",
        "run: SUCCEEDED",
        "retrain: SUCCEEDED",
    ]
    assert printed.out.endswith(f"The run succeeded: {api.host}/#/runs/details/run-1\n")


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (
            run(
                "FAILED",
                task("root", "FAILED"),
                task("for-loop-1", "FAILED"),
                task("preprocess", "FAILED", parent_task_id="for-loop-1"),
                task("preprocess", "FAILED", task_id="2", error={"message": "no space\n left."}),
                task("download", "SUCCEEDED"),
            ),
            "The run failed in preprocess (no space left): ",
        ),
        (
            run("FAILED", task("root", "FAILED"), task("retrain-driver", "FAILED")),
            "The run failed in retrain-driver: ",
        ),
        (run("FAILED", error={"message": "quota"}), "The run failed (quota): "),
        (run("CANCELED"), "The run was cancelled: "),
        (run("SKIPPED"), "The run was skipped: "),
    ],
)
def test_a_run_that_ends_badly_fails_the_command(
    end: dict[str, Any],
    told: str,
    api: FakeApi,
    submit: Submit,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Status 1, and one sentence that names the tasks that failed by themselves, and the link."""
    api.story = [run("RUNNING"), end]
    assert submit(*QUICK) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert f"error: {told}{api.host}/#/runs/details/run-1" in last


def test_a_run_that_takes_too_long_fails_the_command(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """--timeout ends the waiting, not the run, and says so."""
    api.story = [run("RUNNING")]
    assert submit("--wait", "--poll", "60", "--timeout", "0.2") == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert "After 0.2 seconds the run hasn't ended (its state is RUNNING); the run goes on" in last


def test_a_server_that_is_away_for_a_while_is_waited_for(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Restarts of the server in the middle of a run don't end the waiting, however many."""
    away = [Answer(503, b"no healthy upstream", "text/plain"), Answer(0)] * 4
    api.story = [run("RUNNING"), *away, run("RUNNING"), *away, run("SUCCEEDED")]
    assert submit(*QUICK) == 0
    assert capsys.readouterr().err.count("asking again") == 16


def test_a_server_that_stays_away_is_given_up(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """After some looks in vain the command fails and says that the run goes on."""
    api.story = [run("RUNNING"), Answer(503, b"gone", "text/plain")]
    assert submit(*QUICK) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert f"Asked {following.PATIENCE} times; the run goes on, and stands at {api.host}" in last


def test_a_run_that_is_deleted_ends_the_waiting(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refusal that more asking won't change ends it at once."""
    api.story = [run("RUNNING"), Answer(404, {"message": "Run not found"})]
    assert submit(*QUICK) == 1
    assert "(404): Run not found." in capsys.readouterr().err.splitlines()[-1]


def test_ctrl_c_while_waiting_leaves_the_run_and_says_so(api: FakeApi, tmp_path: Path) -> None:
    """Stopped, the command ends with 130 and how to follow the run, which following then does."""
    api.story = [run("RUNNING")]
    words = ["--host", api.host, "--pipeline", str(write_tiny(tmp_path)), *LEAST, "--wait"]
    command = [sys.executable, "-W", "error", "-m", "pipelines.submit", *words]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "run: RUNNING" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        (line,) = process.stderr.read().splitlines()
    assert process.returncode == 130
    again = f"python -m pipelines.following --host {api.host} --run run-1"
    assert line.endswith(f"(follow it again: {again}).")
    assert "stopped waiting; the run goes on" in line
    api.story = [run("SUCCEEDED")]
    done = subprocess.run(
        [sys.executable, "-W", "error", *again.split()[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout == f"The run succeeded: {api.host}/#/runs/details/run-1\n"

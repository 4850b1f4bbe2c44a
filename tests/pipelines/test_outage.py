"""Claims about a server that doesn't respond while a run is followed."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines import follow as following
from pipelines.cluster import Cluster
from tests.pipelines.fake_api import LEAST, Answer, FakeApi, serving, write_tiny
from tests.pipelines.submitting import QUICK, Submit, run
from tests.pipelines.workflows import DONE, RUNNING, workflow

ROOT = Path(__file__).parents[2]
AWAY = [Answer(503, b"no healthy upstream", "text/plain"), Answer(0)]
DOWNLOADING = run("RUNNING", workflow=workflow({"download": {0: RUNNING}}))
DOWNLOADED = run("SUCCEEDED", workflow=workflow({"download": {0: DONE}}))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousandth of a second for each second between two attempts."""
    monkeypatch.setattr(following, "BACKOFF_S", 0.001)
    monkeypatch.setattr(following, "LONGEST_BACKOFF_S", 0.03)


@pytest.mark.usefixtures("quick")
def test_a_server_that_is_away_for_a_while_is_waited_for(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """However often it is away and however many requests that takes, each outage is two lines."""
    api.story = [DOWNLOADING, *AWAY * 4, DOWNLOADING, *AWAY * 4, DOWNLOADED]
    assert submit(*QUICK) == 0
    err = capsys.readouterr().err
    assert err.count("the server doesn't respond, retrying for 300 s: ") == 2
    assert err.count("the server is back after 0 s") == 2


@pytest.mark.usefixtures("quick")
def test_a_workflow_that_is_away_for_a_while_is_waited_for(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once the stages are known, an end without them isn't taken for the end."""
    away = run("SUCCEEDED", workflow=AWAY[0])
    api.story = [DOWNLOADING, away, away, DOWNLOADED]
    assert submit(*QUICK) == 0
    err = capsys.readouterr().err
    assert "download 1/2 done" in err
    assert "not its stages" not in err


@pytest.mark.usefixtures("quick")
def test_a_server_that_stays_away_is_given_up(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """After --patience the command fails and says that the run continues, but not before."""
    api.story = [DOWNLOADING, AWAY[0]]
    begin = time.monotonic()
    assert submit(*QUICK, "--patience", "0.4") == 5
    assert 0.4 <= time.monotonic() - begin < 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert "(503): no healthy upstream. It was retried for 0.4 s; the run continues at " in last


@pytest.mark.parametrize("limit", ["--patience", "--timeout"])
def test_a_long_pause_does_not_outlast_patience(
    limit: str, api: FakeApi, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last attempt is made when patience or time ends, however late the next one was due."""
    monkeypatch.setattr(following, "BACKOFF_S", 60)
    api.story = [DOWNLOADING, AWAY[0]]
    begin = time.monotonic()
    assert submit(*QUICK, limit, "0.2") == (5 if limit == "--patience" else 1)
    assert 0.2 <= time.monotonic() - begin < 5


def test_without_patience_nothing_is_retried(api: FakeApi, submit: Submit) -> None:
    """0 ends the following at the first request in vain."""
    api.story = [DOWNLOADING, AWAY[0], DOWNLOADED]
    assert submit(*QUICK, "--patience", "0") == 5
    assert submit(*QUICK, "--patience", "-1") == 2


def test_retries_come_ever_more_slowly_and_not_in_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each pause may be twice as long up to a limit, and many clients don't wait alike."""
    monkeypatch.setattr(random, "uniform", max)
    outage = following.Outage()
    assert [outage.backoff() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    monkeypatch.undo()
    pauses = [following.Outage().backoff() for _ in range(50)]
    assert len(set(pauses)) > 40
    assert all(0.5 <= pause <= 1 for pause in pauses)


def test_a_server_that_starts_again_is_followed_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A closed port is an outage like others: when the server is there again, all goes on."""
    monkeypatch.setattr(following, "BACKOFF_S", 0.05)
    lines: list[str] = []

    def is_printed(text: str) -> bool:
        lines.append(capsys.readouterr().err)
        return text in "".join(lines)

    with serving() as api:
        api.story, api.runs["run-9"] = [DOWNLOADING], {}
        cluster, settings = Cluster(api.host), following.FollowSettings(poll=0.01)
        follower = threading.Thread(target=following.follow_run, args=(cluster, "run-9", settings))
        follower.start()
        wait_for(lambda: is_printed("download 0/1 done, 1 running"))
    wait_for(lambda: is_printed("the server doesn't respond, retrying for 300 s: "))
    with serving(port=api.port) as again:
        again.story, again.runs["run-9"] = [DOWNLOADED], {}
        follower.join(10)
    assert is_printed("the server is back after")
    assert is_printed("download 1/1 done")


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_ctrl_c_leaves_the_run_and_names_two_ways_on(api: FakeApi, tmp_path: Path) -> None:
    """Stopped, the command ends with 130; the commands that it prints follow and end the run."""
    api.story = [run("RUNNING")]
    words = ["--host", api.host, "--pipeline", str(write_tiny(tmp_path)), *LEAST, "--wait"]
    command = [sys.executable, "-W", "error", "-m", "pipelines.submit", *words]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "only the run's state is shown" in process.stderr.readline()
        assert "run running" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        (line,) = process.stderr.read().splitlines()
    assert process.returncode == 130
    again = f"python -m pipelines.submit --host {api.host}"
    ways = f"(follow it again: {again} --follow run-1; end it: {again} --cancel run-1)."
    assert line.endswith(ways)
    assert f"stopped following; the run continues at {api.host}/#/runs/details/run-1 " in line
    assert api.terminated == []
    api.story = [run("SUCCEEDED")]
    link = f"{api.host}/#/runs/details/run-1\n"
    for option, output in (("--follow", "The run succeeded"), ("--cancel", "is being cancelled")):
        done = subprocess.run(
            [sys.executable, "-W", "error", *again.split()[1:], option, "run-1"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert output in done.stdout
        assert done.stdout.endswith(link)
    assert api.terminated == ["run-1"]

"""Claims about sending a pipeline to a cluster, on a stand-in for its server."""

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines import cluster
from pipelines.versions import check_versions
from tests.pipelines.fake_api import LEAST, LOGIN_PAGE, TINY, Answer, FakeApi, write_tiny
from tests.pipelines.submitting import Submit, one_sentence

ROOT = Path(__file__).parents[2]


def test_a_run_is_started_with_all_that_it_needs(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pipeline, version, experiment and run are made, and the run's link is printed."""
    assert submit("--set", "trim_bottom=3.0", "--run-name", "first") == 0
    (started,) = api.runs.values()
    assert started["display_name"] == "first"
    assert started["runtime_config"]["parameters"] == {
        "bucket": "photographs",
        "shards": ["0/2", "1/2"],
        "trim_bottom": 3,
    }
    assert [one["display_name"] for one in api.pipelines.values()] == ["autofocus-tiny"]
    assert [one["display_name"] for one in api.experiments.values()] == ["autofocus"]
    out = capsys.readouterr().out
    assert f"run first: {api.host}/#/runs/details/run-1\n" in out
    assert f"python -m pipelines.submit --host {api.host} --follow run-1" in out


def test_the_same_content_is_uploaded_once(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second submission takes pipeline, version and experiment as they are, and runs anew."""
    assert submit() == submit() == 0
    counts = (api.pipelines, api.versions, api.experiments, api.runs)
    assert [len(things) for things in counts] == [1, 1, 1, 2]
    assert ": exists: " in capsys.readouterr().out


def test_other_content_is_another_version(api: FakeApi, submit: Submit, tmp_path: Path) -> None:
    """A changed pipeline becomes a second version of the same pipeline."""
    assert submit() == 0
    write_tiny(tmp_path, TINY.replace("none:1", "none:2"))
    assert submit() == 0
    assert (len(api.pipelines), len(api.versions)) == (1, 2)
    images = [str(version["pipeline_spec"]) for version in api.versions.values()]
    assert ["none:2" in image for image in images] == [False, True]


def test_without_cache_no_task_is_cached(api: FakeApi, submit: Submit) -> None:
    """--no-cache uploads a version of its own, in which no task keeps its cache, in loops too."""
    assert submit() == submit("--no-cache") == 0
    specs = [str(version["pipeline_spec"]) for version in api.versions.values()]
    assert ["enableCache" in spec for spec in specs] == [True, False]


def test_a_dry_run_makes_nothing(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """--dry-run asks the server and tells what is there and what isn't, but only reads."""
    assert submit("--dry-run") == 0
    assert api.made() == 0
    assert all(said.startswith("GET ") for said in api.said)
    out = capsys.readouterr().out
    assert "pipeline autofocus-tiny: would be created" in out
    assert "shards: ['0/2', '1/2']" in out
    assert submit() == submit("--dry-run") == 0
    assert "experiment autofocus: exists" in capsys.readouterr().out
    assert len(api.runs) == 1


@pytest.mark.parametrize(
    ("least", "told"),
    [
        (("--set", "bucket=b"), "The pipeline autofocus-tiny needs shards"),
        ((*LEAST, "--set", "trim_botom=1"), "did you mean trim_bottom?"),
        ((*LEAST, "--set", "trim_bottom=much"), "must be a whole number, not text ('much')"),
        ((*LEAST, "--params", "nowhere.yaml"), "There is no file nowhere.yaml"),
        ((*LEAST, "--experiment", " "), "experiment must not be empty"),
        ((*LEAST, "--poll", "0"), "poll must be above 0"),
        ((*LEAST, "--ca-cert", "nowhere.pem"), "There is no file of certificates nowhere.pem"),
    ],
)
def test_what_is_given_wrongly_is_said_before_the_server_is_asked(
    least: tuple[str, ...],
    told: str,
    api: FakeApi,
    submit: Submit,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One sentence, the status of its kind, and not a single request."""
    assert submit(least=least) in {2, 3}
    assert told in one_sentence(capsys)
    assert api.said == []


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(401, b"Unauthorized", "text/plain"), "allows no access (401): give a token in"),
        (
            Answer(403, {"message": "no."}),
            "allows no access (403): give a token in KFP_TOKEN (no)",
        ),
        (Answer(200, LOGIN_PAGE, "text/html"), "returned a web page, unlike Kubeflow"),
        (Answer(200, b"\xff\xfe", "text/html"), "returned a web page"),
        (Answer(200, b"fine", "text/plain"), "returned something other than JSON"),
        (Answer(200, [1]), "returned something other than JSON"),
        (Answer(200, {"status": "ok"}), "JSON of another service"),
        (
            Answer(302, b"", headers={"Location": "https://login.example.org/"}),
            "redirects to https://login.example.org/",
        ),
        (Answer(404, b"<html>no</html>", "text/html"), "returned 404, not found"),
        (Answer(404, b"\xff", "text/html"), "returned what can't be read as text"),
        (Answer(500, {"message": "the database\nis gone."}), "(500): the database is gone."),
        (
            Answer(503, b"<html>busy</html>", "text/html"),
            "rejected the request (503): Service Unavailable.",
        ),
        (Answer(0), "can't be reached"),
        (Answer(200, {"apiServerReady": False}), "the API server behind it doesn't"),
    ],
)
def test_a_server_that_can_t_be_used_is_said_in_one_sentence(
    answer: Answer, told: str, api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever answers in its place, nothing is made, and nothing is sent on to elsewhere."""
    api.instead["*"] = answer
    assert submit() == 5
    assert told in one_sentence(capsys)
    assert api.said == ["GET /apis/v2beta1/healthz"]


@pytest.mark.parametrize(
    "path",
    ["GET /apis/v2beta1/pipelines", "GET /apis/v2beta1/experiments"],
)
def test_a_login_page_later_on_makes_nothing(
    path: str, api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """A page in place of a list isn't taken for an empty list."""
    api.instead[path] = Answer(200, LOGIN_PAGE, "text/html")
    assert submit() == 5
    assert "returned a web page" in one_sentence(capsys)
    assert api.made() == 0


def test_a_host_that_is_not_there_is_said(
    submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """A closed port is out of reach at once."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert submit(host=f"http://127.0.0.1:{taken.getsockname()[1]}") == 5
    assert "can't be reached (Failed to establish a new connection" in one_sentence(capsys)


def test_a_host_that_says_nothing_is_not_waited_for(
    submit: Submit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server that takes a connection and never answers is given up."""
    monkeypatch.setattr(cluster, "READ_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        assert submit(host=f"http://127.0.0.1:{mute.getsockname()[1]}") == 5
    assert "can't be reached (Read timed out" in one_sentence(capsys)


@pytest.mark.parametrize("host", ["kubeflow", "ftp://x", "http://", "http://a:b", "http://u:p@x"])
def test_an_address_that_can_t_be_one_is_said(
    host: str, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without http or https, or with a password in it, an address is refused."""
    assert submit(host=host) == 2
    assert one_sentence(capsys).startswith("--host: ")


def test_a_browser_s_address_will_do(api: FakeApi, submit: Submit) -> None:
    """What the user interface adds behind the address is left out, what is before it stays."""
    api.prefix = "/pipeline"
    assert submit(host=f"{api.host}/#/pipelines") == 0
    assert len(api.runs) == 1


@pytest.mark.parametrize(
    ("health", "told"),
    [
        ({"tag_name": "2.13.9", "multi_user": False}, "it must be 2.14 or newer"),
        ({"apiServerTagName": "v2.4.0", "apiServerReady": True}, "runs Kubeflow Pipelines v2.4.0"),
        ({"tag_name": "3.0.0", "multi_user": False}, "compile it with a kfp of version 3"),
        ({"tag_name": "1.8.5", "multi_user": False}, "or take a server of version 2"),
        ({"tag_name": "2.17.0", "multi_user": True}, "give your namespace (--namespace)"),
    ],
)
def test_a_server_that_doesn_t_fit_is_said_before_anything_is_made(
    health: dict[str, Any],
    told: str,
    api: FakeApi,
    submit: Submit,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """SDK and server too far apart, or a namespace missing: one sentence, and one request."""
    api.health = health
    assert submit() in {2, 5}
    assert told in one_sentence(capsys)
    assert api.said == ["GET /apis/v2beta1/healthz"]


def test_versions_that_fit_are_let_through() -> None:
    """The same version says nothing; an older or unknown one that will do says so."""
    assert check_versions("2.17.0", "2.17.3", "host") == ""
    assert check_versions("2.17.0", "2.18.0", "host") == ""
    assert "older than the kfp 2.17.0" in check_versions("2.17.0", "2.14.3", "host")
    assert "doesn't report its version" in check_versions("2.17.0", "", "host")
    assert check_versions("", "2.14.0", "host") == ""


def test_a_server_that_tells_no_version_is_used(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Builds that call themselves "unknown" are let through with a note."""
    api.health["tag_name"] = "unknown"
    assert submit() == 0
    assert "note: " in capsys.readouterr().err


def test_all_is_made_in_the_namespace(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a server of several users, pipeline and experiment are the namespace's own."""
    api.health["multi_user"] = True
    assert submit("--namespace", "ecology") == submit("--namespace", "ecology") == 0
    (pipeline,), (experiment,) = api.pipelines.values(), api.experiments.values()
    assert pipeline["namespace"] == experiment["namespace"] == "ecology"
    api.health["multi_user"] = False
    capsys.readouterr()
    assert submit("--namespace", "ecology") == 2
    assert "leave --namespace out" in one_sentence(capsys)


def test_an_archived_experiment_is_not_used(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its sentence comes before anything is made."""
    archived = {"display_name": "autofocus", "storage_state": "ARCHIVED", "experiment_id": "e"}
    api.experiments["e"] = archived
    assert submit() == 2
    assert "The experiment autofocus is archived" in one_sentence(capsys)
    assert not api.pipelines


def test_two_of_one_name_are_not_guessed_between(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the server has two pipelines of the name, neither is taken."""
    for key in ("one", "two"):
        api.pipelines[key] = {"pipeline_id": key, "display_name": "autofocus-tiny"}
    assert submit() == 5
    assert "has 2 pipelines that are called autofocus-tiny" in one_sentence(capsys)


def test_a_response_without_an_id_ends_the_submission(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """What isn't reported as created isn't used: no run is started with an experiment of no id."""
    api.instead["POST /apis/v2beta1/experiments"] = Answer(200, {"experiment_id": ""})
    assert submit() == 5
    assert "returned JSON without experiment_id, unlike Kubeflow" in one_sentence(capsys)
    assert not api.runs


def test_what_the_server_refuses_is_said_in_its_words(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """An upload that is refused ends with the server's own reason."""
    refusal = Answer(400, {"error_message": "Failed to\n create it.", "error_details": "long"})
    api.instead["POST /apis/v2beta1/pipelines/upload_version"] = refusal
    assert submit() == 5
    assert "rejected the request (400): Failed to create it." in one_sentence(capsys)
    assert not api.runs


def test_help_starts_without_the_heavy_packages() -> None:
    """--help imports neither kfp nor anything that stages use."""
    code = (
        "import sys\nfrom pipelines.submit import COMMAND\n"
        "try:\n    COMMAND.main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print({'kfp', 'kfp_server_api', 'tensorflow', 'pandas', 'boto3'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("usage: python -m pipelines.submit ")
    assert done.stdout.endswith("set()\n")

"""Claims about sending a pipeline to a cluster, on a stand-in for its server."""

import datetime
import ipaddress
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pipelines import access, client, following
from pipelines.client import check_versions
from pipelines.submit import COMMAND
from tests.pipelines.fake_api import LEAST, LOGIN_PAGE, TINY, Answer, FakeApi, serving, write_tiny

ROOT = Path(__file__).parents[2]
QUICK = ("--wait", "--poll", "0.01")
Submit = Callable[..., int]


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tokens and certificates of whoever runs the tests out of them."""
    for name in (access.TOKEN, access.TOKEN_FILE, access.CA_CERT, client.UI_HOST):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving() as api:
        yield api
    assert api.complaints == []


@pytest.fixture
def submit(api: FakeApi, tmp_path: Path) -> Submit:
    """Return a function that submits the tiny pipeline."""
    path = write_tiny(tmp_path)

    def call(*more: str, host: str | None = None, least: tuple[str, ...] = LEAST) -> int:
        words = ["--host", host or api.host, "--pipeline", str(path), *least, *more]
        return COMMAND.main(words)

    return call


def task(name: str, state: str, **more: Any) -> dict[str, Any]:
    return {"display_name": name, "task_id": name, "state": state, **more}


def run(state: str, *tasks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"state": state, "run_details": {"task_details": list(tasks)}, **more}


def one_sentence(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the only line on standard error, without who says it."""
    (line,) = capsys.readouterr().err.splitlines()
    start = "python -m pipelines.submit: error: "
    assert line.startswith(start)
    return line.removeprefix(start)


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
    assert f"python -m pipelines.following --host {api.host} --run run-1" in out


def test_the_same_content_is_uploaded_once(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second submission takes pipeline, version and experiment as they are, and runs anew."""
    assert submit() == submit() == 0
    counts = (api.pipelines, api.versions, api.experiments, api.runs)
    assert [len(things) for things in counts] == [1, 1, 1, 2]
    assert "was there already" in capsys.readouterr().out


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
    assert "pipeline autofocus-tiny: would be made" in out
    assert "shards: ['0/2', '1/2']" in out
    assert submit() == submit("--dry-run") == 0
    assert "experiment autofocus: is there" in capsys.readouterr().out
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
    """One sentence, status 1, and not a single request."""
    assert submit(least=least) == 1
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
        (Answer(200, LOGIN_PAGE, "text/html"), "answered with a web page, not as Kubeflow"),
        (Answer(200, b"\xff\xfe", "text/html"), "answered with a web page"),
        (Answer(200, b"fine", "text/plain"), "answered with something other than JSON"),
        (Answer(200, [1]), "answered with something other than JSON"),
        (Answer(200, {"status": "ok"}), "JSON that no Kubeflow Pipelines server gives"),
        (
            Answer(302, b"", headers={"Location": "https://login.example.org/"}),
            "sends elsewhere, to https://login.example.org/",
        ),
        (Answer(404, b"<html>no</html>", "text/html"), "answered with 404, not found"),
        (Answer(404, b"\xff", "text/html"), "answered with what can't be read as text"),
        (Answer(500, {"message": "the database\nis gone."}), "(500): the database is gone."),
        (Answer(503, b"<html>busy</html>", "text/html"), "refused (503): Service Unavailable."),
        (Answer(0), "can't be reached"),
        (Answer(200, {"apiServerReady": False}), "the API server behind it doesn't"),
    ],
)
def test_a_server_that_can_t_be_used_is_said_in_one_sentence(
    answer: Answer, told: str, api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever answers in its place, nothing is made, and nothing is sent on to elsewhere."""
    api.instead["*"] = answer
    assert submit() == 1
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
    assert submit() == 1
    assert "answered with a web page" in one_sentence(capsys)
    assert api.made() == 0


def test_a_host_that_is_not_there_is_said(
    submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """A closed port is out of reach at once."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert submit(host=f"http://127.0.0.1:{taken.getsockname()[1]}") == 1
    assert "can't be reached (Failed to establish a new connection" in one_sentence(capsys)


def test_a_host_that_says_nothing_is_not_waited_for(
    submit: Submit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server that takes a connection and never answers is given up."""
    monkeypatch.setattr(client, "READ_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        assert submit(host=f"http://127.0.0.1:{mute.getsockname()[1]}") == 1
    assert "can't be reached (Read timed out" in one_sentence(capsys)


@pytest.mark.parametrize("host", ["kubeflow", "ftp://x", "http://", "http://a:b", "http://u:p@x"])
def test_an_address_that_can_t_be_one_is_said(
    host: str, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without http or https, or with a password in it, an address is refused."""
    assert submit(host=host) == 1
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
    assert submit() == 1
    assert told in one_sentence(capsys)
    assert api.said == ["GET /apis/v2beta1/healthz"]


def test_versions_that_fit_are_let_through() -> None:
    """The same version says nothing; an older or unknown one that will do says so."""
    assert check_versions("2.17.0", "2.17.3", "host") == ""
    assert check_versions("2.17.0", "2.18.0", "host") == ""
    assert "older than the kfp 2.17.0" in check_versions("2.17.0", "2.14.3", "host")
    assert "doesn't say which version it is" in check_versions("2.17.0", "", "host")
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
    assert submit("--namespace", "ecology") == 1
    assert "leave --namespace out" in one_sentence(capsys)


def test_an_archived_experiment_is_not_used(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its sentence comes before anything is made."""
    archived = {"display_name": "autofocus", "storage_state": "ARCHIVED", "experiment_id": "e"}
    api.experiments["e"] = archived
    assert submit() == 1
    assert "The experiment autofocus is archived" in one_sentence(capsys)
    assert not api.pipelines


def test_two_of_one_name_are_not_guessed_between(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the server has two pipelines of the name, neither is taken."""
    for key in ("one", "two"):
        api.pipelines[key] = {"pipeline_id": key, "display_name": "autofocus-tiny"}
    assert submit() == 1
    assert "has 2 pipelines that are called autofocus-tiny" in one_sentence(capsys)


def test_what_the_server_refuses_is_said_in_its_words(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """An upload that is refused ends with the server's own reason."""
    refusal = Answer(400, {"error_message": "Failed to\n create it.", "error_details": "long"})
    api.instead["POST /apis/v2beta1/pipelines/upload_version"] = refusal
    assert submit() == 1
    assert "refused (400): Failed to create it." in one_sentence(capsys)
    assert not api.runs


def test_a_token_is_sent_from_the_environment(
    api: FakeApi,
    submit: Submit,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """KFP_TOKEN opens the server; a wrong one is said, and never shown."""
    api.token = "right"
    monkeypatch.setenv("KFP_TOKEN", "wrong-token")
    assert submit() == 1
    told = one_sentence(capsys)
    assert "the token was refused" in told
    assert "wrong-token" not in told
    monkeypatch.setenv("KFP_TOKEN", "right\n")
    assert submit() == 0


def test_a_token_s_file_is_read_again_while_waiting(
    api: FakeApi, submit: Submit, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A token that is renewed in KFP_TOKEN_FILE, as clusters do hourly, keeps the run in sight."""
    file = tmp_path / "token"
    file.write_text("first\n")
    monkeypatch.setenv("KFP_TOKEN_FILE", str(file))
    api.token = "first"

    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        if len(looks) == 1:
            file.write_text("second\n")
        else:
            api.token = "second"

    api.story = [run("RUNNING"), run("SUCCEEDED")]
    api.instead["GET /apis/v2beta1/runs/run-1"] = look
    assert submit(*QUICK) == 0
    assert len(looks) == 2


@pytest.mark.parametrize(
    ("content", "told"), [(None, "There is no token in the file"), ("a b", "can't be a token")]
)
def test_a_token_that_can_t_be_one_is_said(
    content: str | None,
    told: str,
    submit: Submit,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A file that is missing or holds something else is one sentence."""
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("KFP_TOKEN_FILE", str(file))
    assert submit() == 1
    assert told in one_sentence(capsys)


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 that nobody else has signed, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "autofocus test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def test_an_authority_of_one_s_own_is_trusted_when_given(
    submit: Submit,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An unknown certificate is refused with the option that helps, by option or environment."""
    cert, key = certificate(tmp_path)
    with serving((cert, key)) as api:
        assert submit(host=api.host) == 1
        assert "No trusted connection to https://127.0.0.1" in one_sentence(capsys)
        assert api.said == []
        assert submit("--ca-cert", str(cert), host=api.host) == 0
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        assert submit(host=api.host) == 0
        monkeypatch.setenv("SSL_CERT_FILE", str(key))
        capsys.readouterr()
        assert submit(host=api.host) == 1
        assert "holds no certificates in PEM form (SSL_CERT_FILE)" in one_sentence(capsys)


def test_tls_spoken_to_a_server_without_it_is_said(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """An https address where there is only http is one sentence, too."""
    assert submit(host=api.host.replace("http:", "https:")) == 1
    assert "No trusted connection" in one_sentence(capsys)


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

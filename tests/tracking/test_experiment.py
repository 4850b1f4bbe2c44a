"""Claims about runs in MLflow, on a real server that goes away and comes back."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from autofocus.errors import StoreError, StoreUnavailableError
from autofocus.store import patience
from autofocus.tracking.experiment import (
    Experiment,
    _make_database,
    check_store,
    experiment,
    metric_names,
)
from tests.predicting.models import make_model
from tests.store.outage import Proxy
from tests.tracking.serving import running_server

METRICS = {"accuracy": 0.5, "loss": 2.0}
HISTORY = [{"step": step, "loss": 1 / (step + 1)} for step in range(5)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a real MLflow server, and yield its address."""
    folder = tmp_path_factory.mktemp("mlflow")
    with running_server(folder) as address:
        yield address


@pytest.fixture
def proxy(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Let MLflow find the server, behind a proxy by which it may go away."""
    monkeypatch.setattr(patience, "FIRST_WAIT_S", 0.2)
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    import mlflow

    with Proxy(server) as proxy:
        mlflow.set_tracking_uri(proxy.endpoint_url)
        yield proxy
        mlflow.set_tracking_uri(None)  # type: ignore[arg-type]


def run_of(run_id: str) -> Any:
    """Return a run as the server has it."""
    import mlflow

    return mlflow.MlflowClient().get_run(run_id)


def log_all(run: Experiment, folder: Path) -> None:
    """Log something of each kind."""
    (folder / "report.html").write_text("report")
    run.log_parameters({"folds": 3}, {"backbone": "small"})
    run.log_history(HISTORY)
    run.log_results(METRICS, [folder / "report.html"])


Step = Callable[[Experiment, Path], None]


@pytest.mark.parametrize(
    "step",
    [
        lambda run, _: run.log_parameters({"folds": 3}, {"backbone": "small"}),
        lambda run, _: run.log_history(HISTORY),
        log_all,
    ],
)
def test_an_outage_loses_nothing(step: Step, proxy: Proxy, tmp_path: Path) -> None:
    """Whatever is logged while the server is away for two seconds is there in the end, once."""
    import mlflow

    with experiment(None, "away", 60) as run:
        log_all(run, tmp_path)
        ended = proxy.go_away_for(2)
        step(run, tmp_path)
        ended.join()
    kept, client = run_of(run.run_id), mlflow.MlflowClient()
    assert kept.info.status == "FINISHED"
    assert kept.data.params == {"folds": "3"}
    assert kept.data.metrics.keys() == METRICS.keys()
    history = client.get_metric_history(run.run_id, "loss")
    assert {(point.step, point.value) for point in history} >= {
        (row["step"], row["loss"]) for row in HISTORY
    }
    assert [item.path for item in client.list_artifacts(run.run_id)] == ["report.html"]


def test_a_run_begins_and_ends_in_an_outage(
    proxy: Proxy, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server that is away at the start or at the end is waited for, and that is logged."""
    ended = proxy.go_away_for(2)
    with experiment(None, "patient", 60) as run:
        ended.join()
        ended = proxy.go_away_for(2)
    ended.join()
    assert run_of(run.run_id).info.status == "FINISHED"
    lines = [line for line in capsys.readouterr().err.splitlines() if "MLflow" in line]
    assert lines[0].startswith(f"The MLflow tracking store {proxy.endpoint_url} can't be used (")
    assert lines[0].endswith(" Retrying for up to 60 s (--patience).")
    assert "is available again after" in lines[1]


def test_a_server_that_stays_away_is_one_sentence(proxy: Proxy) -> None:
    """With the patience the run ends with one sentence, at its start."""
    began = time.monotonic()
    sentence = f"{proxy.endpoint_url} can't be used"
    with proxy.outage(), pytest.raises(StoreUnavailableError, match=sentence):
        experiment(None, "lost", 1).__enter__()
    assert 1 <= time.monotonic() - began < 4


def test_a_server_that_goes_away_for_good_is_one_sentence(proxy: Proxy, tmp_path: Path) -> None:
    """With the patience the run ends with one sentence, in its middle, too."""
    with experiment(None, "lost", 1) as run:
        log_all(run, tmp_path)
        with proxy.outage(), pytest.raises(StoreUnavailableError, match="can't be used"):
            log_all(run, tmp_path)


def test_an_interrupted_run_is_found_again_after_an_outage(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that goes away when an interrupted run is looked for doesn't make a second one."""
    import mlflow

    with experiment(None, "first", 60) as first:
        pass
    get_run, outages = mlflow.get_run, list[threading.Thread]()

    def get_run_in_an_outage(run_id: str) -> Any:
        if not outages:
            outages.append(proxy.go_away_for(1))
        return get_run(run_id)

    monkeypatch.setattr(mlflow, "get_run", get_run_in_an_outage)
    with experiment(first.run_id, "second", 60) as second:
        outages[0].join()
    assert second.run_id == first.run_id


@contextmanager
def proxy_away(proxy: Proxy) -> Iterator[None]:
    """Begin an outage that outlasts the block."""
    proxy.go_away()
    yield


def test_an_error_of_the_body_is_not_hidden_by_an_outage(proxy: Proxy) -> None:
    """What goes wrong within a run is raised, also where the server can't be told any more."""
    with pytest.raises(ZeroDivisionError), experiment(None, "failed", 60), proxy_away(proxy):
        raise ZeroDivisionError
    proxy.come_back()


def test_a_run_that_fails_is_marked_as_failed(proxy: Proxy) -> None:
    """Where the server answers, it has the run as failed."""
    with pytest.raises(ZeroDivisionError), experiment(None, "failed", 60) as run:
        raise ZeroDivisionError
    assert proxy.connections
    assert run_of(run.run_id).info.status == "FAILED"


@pytest.mark.usefixtures("proxy")
def test_the_environment_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A training leaves no experiment behind that one with another store would look for."""
    monkeypatch.delenv("MLFLOW_EXPERIMENT_ID", raising=False)
    for name in ("first", "second"):
        monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", name)
        with experiment(None, name) as run:
            assert run_of(run.run_id).info.run_name == name
        assert "MLFLOW_EXPERIMENT_ID" not in os.environ


def test_labels_become_names_that_mlflow_takes(proxy: Proxy) -> None:
    """Whatever a label is called, its metric has a valid name, and no two share one."""
    labels = ["deer", "mule deer (f)", "mule deer [f]", "a/b", "é", "..", "Deer", "x" * 400]
    names = metric_names([f"recall/{label}" for label in labels])
    assert proxy.endpoint_url
    with experiment(None, "names", 60) as run:
        run.log_results(dict.fromkeys(names, 0.5), [])
    assert run_of(run.run_id).data.metrics.keys() == set(names.values())
    assert list(names.values())[:3] == [
        "recall/deer",
        "recall/mule deer _f_",
        "recall/mule deer _f_ 2",
    ]
    assert len({name.lower() for name in names.values()}) == len(labels)


def test_invalid_requests_are_final(proxy: Proxy, capsys: pytest.CaptureFixture[str]) -> None:
    """What the server rejects is raised at once as one sentence, whatever the patience."""
    assert proxy.endpoint_url
    with experiment(None, "invalid", 60) as run:
        run.log_parameters({"folds": 3}, {})
        with pytest.raises(StoreError, match=r"can't be used \(.*folds") as caught:
            run.log_parameters({"folds": 4}, {})
    assert not isinstance(caught.value, StoreUnavailableError)
    assert "Retrying" not in capsys.readouterr().err


def test_mlflow_itself_retries_as_the_user_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's own retries are off where we retry, unless the user has set their number."""
    name = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
    monkeypatch.delenv(name, raising=False)
    from autofocus.tracking.experiment import mlflow_retries

    with mlflow_retries(0):
        assert os.environ[name] == "0"
    assert name not in os.environ
    monkeypatch.setenv(name, "5")
    with mlflow_retries(0):
        assert os.environ[name] == "5"


def save_model(folder: Path) -> Path:
    """Save a model that takes a while to upload: its card is long."""
    model = make_model(folder)
    (model / "MODEL_CARD.md").write_bytes(os.urandom(4_000_000))
    return model


def test_a_model_is_logged_once(proxy: Proxy, tmp_path: Path) -> None:
    """A model whose upload an outage cuts off is there whole in the end, and once."""
    import mlflow

    with experiment(None, "model", 60) as run:
        over = proxy.go_away_amid(500_000, 2)
        run.log_model(save_model(tmp_path))
        assert over.is_set()
    info = run_of(run.run_id).info
    (logged,) = mlflow.MlflowClient().search_logged_models([info.experiment_id])
    assert logged.status == "READY"
    assert mlflow.pyfunc.load_model(f"runs:/{run.run_id}/model").metadata.signature


def test_a_new_database_is_made_as_a_whole_and_never_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making it leaves one file; one that another run has made meanwhile is kept."""
    path = tmp_path / "mlflow.db"
    _make_database(path)
    assert [one.name for one in tmp_path.iterdir()] == ["mlflow.db"]
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("INSERT INTO experiments (name) VALUES ('mine')")
    before = path.read_bytes()
    _make_database(path)
    assert path.read_bytes() == before
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{path}")
    check_store()

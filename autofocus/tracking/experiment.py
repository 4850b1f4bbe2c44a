"""One training as a run in MLflow.

MLflow chooses the tracking store: `MLFLOW_TRACKING_URI` if it is set, else its default local store
in the current folder.
"""

import importlib
import logging
import os
import re
import sqlite3
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from itertools import count as count_up
from pathlib import Path
from typing import Any

from autofocus import __version__
from autofocus.errors import need
from autofocus.redaction import public_url
from autofocus.tracking.logged_model import logged_model
from autofocus.tracking.server import TrackingServer, is_transient

EXPERIMENT = "autofocus"
MODEL_NAME = "model"
SQLITE = "sqlite:///"
_RUN_ID = "MLFLOW_RUN_ID"
_EXPERIMENT_ID = "MLFLOW_EXPERIMENT_ID"
# Seconds; MLflow would wait two minutes for a server that hangs.
_TIMEOUT_S = "30"
# The most metrics that MLflow takes in one call.
_BATCH = 1000
_NOTE = "mlflow.note.content"
# In characters; MLflow takes a few more.
_MAX_NOTE = 5000
_MAX_NAME = 240
# What MLflow does not take in the name of a metric; a label may have a slash.
_INVALID = re.compile(r"[^\w.\- ]")


@dataclass(frozen=True)
class DatasetPart:
    """The images of one subset, as a data set in MLflow.

    Attributes:
        name: of the data set.
        subset: `training`, `validation` or `test`; a value of the column `part` of split.csv.
        digest: identifies its contents and labels, up to 36 characters.
    """

    name: str
    subset: str
    digest: str


class Experiment:
    """An active run in MLflow.

    Every call is retried while MLflow's server is unavailable.

    Attributes:
        run_id: identifies the run.
        tracking_uri: where it is kept, without a password.
    """

    def __init__(self, run_id: str, server: TrackingServer) -> None:
        self.run_id = run_id
        self.tracking_uri = server.name
        self._server = server
        self._mlflow = need("mlflow", "train")

    def log_parameters(self, parameters: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        """Log the settings, and tags that identify the data and the backbone."""
        self._server.call(lambda: self._mlflow.log_params(parameters))
        self._server.call(lambda: self._mlflow.set_tags(tags))

    def describe(self, name: str, note: str) -> None:
        """Set the name of the run, and its description in Markdown."""
        client = self._mlflow.MlflowClient()
        self._server.call(lambda: client.update_run(self.run_id, name=name))
        self._server.call(lambda: client.set_tag(self.run_id, _NOTE, note[:_MAX_NOTE]))

    def log_datasets(self, table: Path, parts: Sequence[DatasetPart]) -> None:
        """Log the subsets of the images as data sets, with their numbers of rows and digests.

        Args:
            table: `split.csv`, which the run has as a file of the same name.
            parts: the subsets.
        """
        pandas = need("pandas", "train")
        frame = pandas.read_csv(table, dtype=str, keep_default_na=False)
        with warnings.catch_warnings():
            # MLflow's own sources of data sets overlap.
            warnings.simplefilter("ignore", UserWarning)
            address = self._server.call(lambda: self._mlflow.get_artifact_uri(table.name))
            for part in parts:
                dataset = self._mlflow.data.from_pandas(
                    frame[frame["part"] == part.subset],
                    source=public_url(address),
                    targets="label",
                    name=part.name,
                    digest=part.digest,
                )
                self._server.call(partial(self._mlflow.log_input, dataset, context=part.subset))

    def log_history(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Log the metrics that were measured while training, by step."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics = [
            Metric(key, value, timestamp=now, step=int(row["step"]))
            for row in rows
            for key, value in row.items()
            if key != "step"
        ]
        client = self._mlflow.MlflowClient()
        for start in range(0, len(metrics), _BATCH):
            batch = metrics[start : start + _BATCH]
            self._server.call(partial(client.log_batch, self.run_id, metrics=batch))

    def log_results(self, metrics: Mapping[str, float], files: Sequence[Path]) -> None:
        """Log final metrics and files."""
        # With a timestamp, so that metrics that are logged again after a lost response are equal.
        now = int(time.time() * 1000)
        named = metric_names(metrics)
        values = {named[name]: value for name, value in metrics.items()}
        self._server.call(lambda: self._mlflow.log_metrics(values, timestamp=now))
        for path in files:
            self._server.call(partial(self._mlflow.log_artifact, str(path)))

    def log_model(self, folder: Path) -> None:
        """Log a model as `mlflow.pyfunc`: it takes images, and holds all that it needs.

        Args:
            folder: the model, as written by `retrain`.
        """
        attempts = count_up()

        def log() -> None:
            if next(attempts):
                self._delete_models()
            with logged_model(folder) as arguments, warnings.catch_warnings():
                # MLflow's advice on type hints, which do without a signature.
                warnings.simplefilter("ignore")
                self._mlflow.pyfunc.log_model(name=MODEL_NAME, **arguments)

        self._server.call(log)

    def _delete_models(self) -> None:
        """Delete the model of a failed attempt, so that the run has one model."""
        client = self._mlflow.MlflowClient()
        run = client.get_run(self.run_id)
        for model in client.search_logged_models(
            [run.info.experiment_id], filter_string=f"source_run_id = '{self.run_id}'"
        ):
            client.delete_logged_model(model.model_id)


def metric_names(names: Iterable[str]) -> dict[str, str]:
    """Return names that MLflow takes for metrics, by the names of the metrics.

    Characters that it does not take, such as the brackets of a label, become `_`; where two names
    would be one, the later has a number at its end.
    """
    valid: dict[str, str] = {}
    for name in names:
        # A path must not have a part that is empty, or that leads up.
        parts = [_INVALID.sub("_", part).strip(".") or "_" for part in name.split("/", 1)]
        plain = "/".join(parts)[:_MAX_NAME]
        taken = {one.lower() for one in valid.values()}
        numbered = (f"{plain} {number}" for number in count_up(2))
        valid[name] = next(one for one in chain([plain], numbered) if one.lower() not in taken)
    return valid


def check_store(patience: float = 0.0) -> None:
    """Check that MLflow's tracking store can be written to: the experiment exists, or is created.

    Args:
        patience: how long to retry while the server is unavailable, in seconds.

    Raises:
        StoreError: it can't be used.
    """
    mlflow, server = connect(patience)
    server.call(lambda: _open_database(server.uri))
    with mlflow_retries(0 if patience else 1):
        server.call(lambda: _write_tag(mlflow))


def _open_database(uri: str) -> None:
    """Open an SQLite database for writing; MLflow would try for two minutes before it fails."""
    path = uri.removeprefix(SQLITE)
    if path == uri or "?" in path or not path:
        return
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    if not Path(path).exists():
        _make_database(Path(path))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")


def _make_database(path: Path) -> None:
    """Make a new database as a whole: MLflow can't use one whose making was interrupted."""
    utils: Any = importlib.import_module("mlflow.store.db.utils")
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        engine = utils.create_sqlalchemy_engine(f"{SQLITE}{unfinished}")
        try:
            utils._initialize_tables(engine)
        finally:
            engine.dispose()
        _put_new(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _put_new(unfinished: Path, path: Path) -> None:
    """Move a new file to its place, unless another run has put one there meanwhile."""
    try:
        os.link(unfinished, path)
    except FileExistsError:
        pass
    except OSError:
        # The file system has no hard links.
        if not path.exists():
            unfinished.rename(path)


def _write_tag(mlflow: Any) -> None:
    experiment = _set_experiment(mlflow)
    client = mlflow.MlflowClient()
    client.set_experiment_tag(experiment.experiment_id, "autofocus_version", __version__)


def _set_experiment(mlflow: Any) -> Any:
    """Choose the experiment as MLflow's variables say: by its name, or else by its id."""
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME", "")
    identifier = os.environ.get(_EXPERIMENT_ID, "")
    if identifier and not name:
        return _activate(mlflow, experiment_id=identifier)
    return _activate(mlflow, experiment_name=name or EXPERIMENT)


def _activate(mlflow: Any, **chosen: str) -> Any:
    """Set the experiment, and leave the variable of its id as the user has it.

    MLflow sets it for subprocesses; a later training of this process, with another store, would
    take it for the user's.
    """
    before = os.environ.get(_EXPERIMENT_ID)
    try:
        return mlflow.set_experiment(**chosen)
    finally:
        if before is None:
            os.environ.pop(_EXPERIMENT_ID, None)
        else:
            os.environ[_EXPERIMENT_ID] = before


def connect(patience: float) -> tuple[Any, TrackingServer]:
    """Import MLflow, which is then silent but for errors, and return it with its store."""
    # Its progress bars are of files, which say nothing to a user.
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    mlflow = need("mlflow", "train")
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return mlflow, TrackingServer(mlflow.get_tracking_uri(), patience)


@contextmanager
def experiment(run_id: str | None, run_name: str, patience: float = 0.0) -> Iterator[Experiment]:
    """Start a run in MLflow, or resume one that was interrupted.

    Args:
        run_id: the interrupted run, if there is one.
        run_name: its name for people.
        patience: how long to keep retrying while MLflow's server is unavailable, in seconds; a
            store on this machine is never retried.

    Yields:
        The run; it is marked as failed if the body raises, as finished otherwise.

    Raises:
        StoreUnavailableError: the tracking server was unavailable for too long.
        StoreError: it can't be used.
    """
    mlflow, server = connect(patience)
    # MLflow must not retry where we do.
    with mlflow_retries(0 if patience else 1):
        known = server.call(lambda: _start(mlflow, run_id, run_name))
        try:
            yield Experiment(known, server)
        except BaseException:
            # This error counts, even if MLflow can't be reached any more.
            with suppress(Exception):
                mlflow.end_run("FAILED")
            raise
        server.call(lambda: _finish(mlflow, known))


def _start(mlflow: Any, run_id: str | None, run_name: str) -> str:
    _set_experiment(mlflow)
    known = _known(mlflow, run_id)
    # A run that another program began for this training; MLflow forgets it when it is started.
    if known is None and (given := os.environ.get(_RUN_ID, "")):
        known = given
        _activate(mlflow, experiment_id=mlflow.get_run(given).info.experiment_id)
    run = mlflow.start_run(run_id=known, run_name=run_name)
    return str(run.info.run_id)


def _finish(mlflow: Any, run_id: str) -> None:
    if mlflow.active_run():
        mlflow.end_run()
    else:
        # A failed attempt ended it here, but not on the server.
        mlflow.MlflowClient().set_terminated(run_id)


def _known(mlflow: Any, run_id: str | None) -> str | None:
    """Return the run's id if the store has it and it was not deleted."""
    if run_id is None:
        return None
    try:
        run = mlflow.get_run(run_id)
    except mlflow.exceptions.MlflowException as error:
        if is_transient(error):
            raise
        return None
    return run_id if run.info.lifecycle_stage == "active" else None


@contextmanager
def mlflow_retries(number: int) -> Iterator[None]:
    """Let MLflow report a server that is unavailable or hangs within a minute.

    What the user has set of these variables counts.
    """
    values = {
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": str(number),
        "MLFLOW_HTTP_REQUEST_TIMEOUT": _TIMEOUT_S,
    }
    ours = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)

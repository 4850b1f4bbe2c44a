"""A registered model in MLflow: its versions, and which of them has the alias `champion`."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofocus.tracking.experiment import MODEL_NAME, connect, mlflow_retries
from autofocus.tracking.server import TrackingServer

CHAMPION, CHALLENGER = "champion", "challenger"


@dataclass(frozen=True)
class Version:
    """A version of a registered model.

    Attributes:
        number: of the version, from 1.
        tags: what is recorded about it.
    """

    number: str
    tags: Mapping[str, str]


class Registry:
    """The versions of one registered model.

    Args:
        name: of the registered model, which is created with its first version.
        server: MLflow's store.
        mlflow: the package.
    """

    def __init__(self, name: str, server: TrackingServer, mlflow: Any) -> None:
        self.name = name
        self._server = server
        self._mlflow = mlflow
        self._client = mlflow.MlflowClient()

    def champion(self) -> Version | None:
        """Return the version with the alias `champion`; None without one."""
        aliases = self._server.call(self._aliases)
        return self._version(aliases[CHAMPION]) if CHAMPION in aliases else None

    def version_of(self, run_id: str) -> Version | None:
        """Return the version that was made of a run's model; None without one."""
        return self._server.call(lambda: self._version_of(run_id))

    def add(self, run_id: str) -> Version:
        """Register a run's model as a new version, unless it is one already.

        Raises:
            StoreError: the store does not have the run's model.
        """
        model_id = self._server.call(lambda: self._model_id(run_id))
        self._server.call(self._create)
        return self._server.call(lambda: self._version_of(run_id) or self._add(run_id, model_id))

    def tag(self, version: Version, tags: Mapping[str, str]) -> None:
        """Record something about a version."""
        for key, value in tags.items():
            self._call(self._client.set_model_version_tag, version.number, key, value)

    def name_version(self, version: Version, alias: str) -> None:
        """Give an alias to a version, which an earlier one loses."""
        self._server.call(
            lambda: self._client.set_registered_model_alias(self.name, alias, version.number)
        )

    def download(self, version: Version, folder: Path) -> None:
        """Download the files of a version into a folder, which must exist."""
        uri = f"models:/{self.name}/{version.number}"
        download = self._mlflow.artifacts.download_artifacts
        self._server.call(lambda: download(artifact_uri=uri, dst_path=str(folder)))

    def _call(self, work: Callable[..., Any], *values: str) -> Any:
        return self._server.call(lambda: work(self.name, *values))

    def _aliases(self) -> dict[str, str]:
        exceptions = self._mlflow.exceptions
        try:
            return dict(self._client.get_registered_model(self.name).aliases)
        except exceptions.MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return {}

    def _create(self) -> None:
        exceptions = self._mlflow.exceptions
        try:
            self._client.create_registered_model(self.name)
        except exceptions.MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _version(self, number: str) -> Version:
        version = self._call(self._client.get_model_version, number)
        return Version(str(version.version), dict(version.tags))

    def _version_of(self, run_id: str) -> Version | None:
        found = self._client.search_model_versions(f"name = '{self.name}'")
        for version in found:
            if version.run_id == run_id:
                return Version(str(version.version), dict(version.tags))
        return None

    def _model_id(self, run_id: str) -> str:
        run = self._client.get_run(run_id)
        models = self._client.search_logged_models(
            [run.info.experiment_id],
            filter_string=f"source_run_id = '{run_id}' AND name = '{MODEL_NAME}'",
        )
        if not models:
            raise LookupError(f"the run {run_id} has no model there")
        return str(models[0].model_id)

    def _add(self, run_id: str, model_id: str) -> Version:
        version = self._client.create_model_version(
            self.name, f"models:/{model_id}", run_id=run_id, model_id=model_id
        )
        return Version(str(version.version), {})


@contextmanager
def registry(name: str, patience: float = 0.0) -> Iterator[Registry]:
    """Yield a registered model of MLflow's store.

    Args:
        name: of the registered model.
        patience: how long to retry while MLflow's server is unavailable, in seconds.

    Raises:
        StoreUnavailableError: the tracking server was unavailable for too long.
        StoreError: it can't be used.
    """
    mlflow, server = connect(patience)
    with mlflow_retries(0 if patience else 1):
        yield Registry(name, server, mlflow)

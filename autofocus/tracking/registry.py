"""A registered model in MLflow: its versions, and which of them have aliases."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofocus.errors import MissingInputError
from autofocus.options.printing import shown
from autofocus.runs.wording import listed
from autofocus.tracking.experiment import MODEL_NAME, SQLITE, connect, mlflow_retries
from autofocus.tracking.model_address import ModelAddress
from autofocus.tracking.server import TrackingServer

CHAMPION, CHALLENGER = "champion", "challenger"
# Tags of a version: its role and why, of which the role is written last: a version without it was
# not compared yet.
ROLE, REASON = "autofocus_role", "autofocus_reason"
# Further tags: what identifies its model, and the SHA-256 of the table of its split.
MODEL_DIGEST, SPLIT_DIGEST = "model_digest", "split_csv_sha256"
_MISSING = "RESOURCE_DOES_NOT_EXIST"
# So many registered models or versions are named in a message.
_MOST_NAMES = 10


@dataclass(frozen=True)
class Version:
    """A version of a registered model.

    Attributes:
        number: of the version, from 1.
        tags: what is recorded about it.
        run_id: of the run that trained it; empty if unknown.
        source: where MLflow keeps its files.
        created: when it was registered, in milliseconds since 1970.
    """

    number: str
    tags: Mapping[str, str]
    run_id: str = ""
    source: str = ""
    created: int = 0


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

    @property
    def store(self) -> str:
        """The address of MLflow's store, without a password."""
        return self._server.name

    def champion(self) -> Version | None:
        """Return the version with the alias `champion`; None without one."""
        number = self.aliases().get(CHAMPION)
        return self._version(number) if number else None

    def aliases(self) -> dict[str, str]:
        """Return the number of the version with each alias; none if there is no such model."""
        return self._server.call(self._aliases) or {}

    def find(self, address: ModelAddress) -> Version:
        """Return the version that an address names.

        Raises:
            MissingInputError: there is no such model, alias or version; the message names those
                that there are.
        """
        aliases = self._server.call(self._aliases)
        if aliases is None:
            raise MissingInputError(self._no_model())
        number = aliases.get(address.alias, "") if address.alias else address.number
        version = self._version(number) if number else None
        if version is None:
            raise MissingInputError(self._no_version(address, aliases))
        return version

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
        self._call(self._client.set_registered_model_alias, alias, version.number)

    def remove_alias(self, alias: str) -> None:
        """Take an alias from whatever version has it."""
        self._call(self._client.delete_registered_model_alias, alias)

    def names_in(self, version: Version, folder: str = "") -> list[str]:
        """Return the paths of what is in a folder of a version's files; none if there is none."""
        uri = f"models:/{self.name}/{version.number}/{folder}".rstrip("/")
        return self._server.call(
            lambda: [
                one.path for one in self._mlflow.artifacts.list_artifacts(artifact_uri=uri) or ()
            ]
        )

    def download(self, version: Version, name: str, folder: Path) -> Path:
        """Download a file or folder of a version, and return its path.

        Args:
            version: of the model.
            name: the path of the file or folder among the version's.
            folder: to download to; it must exist.
        """
        uri = f"models:/{self.name}/{version.number}/{name}"
        download = self._mlflow.artifacts.download_artifacts
        return Path(self._server.call(lambda: download(artifact_uri=uri, dst_path=str(folder))))

    def download_of_run(self, version: Version, name: str, folder: Path) -> Path | None:
        """Download a file of the run that trained a version; None if the run has none.

        Args:
            version: of the model.
            name: of the file.
            folder: to download to; it must exist.
        """
        return self._server.call(lambda: self._download_of_run(version.run_id, name, folder))

    def _call(self, work: Callable[..., Any], *values: str) -> Any:
        return self._server.call(lambda: work(self.name, *values))

    def _found(self, work: Callable[[], Any]) -> Any:
        """Return what MLflow has; None if it has no such thing."""
        try:
            return work()
        except self._mlflow.exceptions.MlflowException as error:
            if error.error_code != _MISSING:
                raise
            return None

    def _aliases(self) -> dict[str, str] | None:
        """Return the number of the version with each alias; None if there is no such model."""
        model = self._found(lambda: self._client.get_registered_model(self.name))
        return None if model is None else {key: str(value) for key, value in model.aliases.items()}

    def _no_model(self) -> str:
        found = self._server.call(
            lambda: self._client.search_registered_models(max_results=_MOST_NAMES)
        )
        names = sorted(model.name for model in found)
        known = f"it has {listed(names)}" if names else "it has none"
        return f"There is no registered model {shown(self.name)} in {self.store}: {known}."

    def _no_version(self, address: ModelAddress, aliases: Mapping[str, str]) -> str:
        """Return the sentence of an alias or a version that there is not."""
        start = f"The registered model {shown(self.name)} in {self.store} has no"
        if address.alias:
            known = listed(f"{alias} (version {aliases[alias]})" for alias in sorted(aliases))
            have = f"it has {known}" if aliases else "it has none"
            return (
                f"{start} alias {shown(address.alias)}: {have}; autofocus promote gives an alias "
                "to a version."
            )
        found = self._server.call(
            lambda: self._client.search_model_versions(f"name = '{self.name}'")
        )
        numbers = sorted(int(version.version) for version in found)
        have = f"it has {listed(numbers, _MOST_NAMES)}" if numbers else "it has none"
        return f"{start} version {address.number}: {have}."

    def _download_of_run(self, run_id: str, name: str, folder: Path) -> Path | None:
        if not run_id or self._found(lambda: self._client.get_run(run_id)) is None:
            return None
        if name not in (one.path for one in self._client.list_artifacts(run_id)):
            return None
        return Path(self._client.download_artifacts(run_id, name, str(folder)))

    def _create(self) -> None:
        exceptions = self._mlflow.exceptions
        try:
            self._client.create_registered_model(self.name)
        except exceptions.MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _version(self, number: str) -> Version | None:
        found = self._server.call(
            lambda: self._found(lambda: self._client.get_model_version(self.name, number))
        )
        return None if found is None else _read_version(found)

    def _version_of(self, run_id: str) -> Version | None:
        found = self._client.search_model_versions(f"name = '{self.name}'")
        for version in found:
            if version.run_id == run_id:
                return _read_version(version)
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
        return _read_version(version)


def _read_version(version: Any) -> Version:
    return Version(
        str(version.version),
        dict(version.tags),
        version.run_id or "",
        version.source or "",
        int(version.creation_timestamp or 0),
    )


@contextmanager
def registry(name: str, patience: float = 0.0, *, reading: bool = False) -> Iterator[Registry]:
    """Yield a registered model of MLflow's store.

    Args:
        name: of the registered model.
        patience: how long to retry while MLflow's server is unavailable, in seconds.
        reading: whether the store must exist; else a local one is created.

    Raises:
        MissingInputError: a store that must exist does not.
        StoreUnavailableError: the tracking server was unavailable for too long.
        StoreError: it can't be used.
    """
    mlflow, server = connect(patience)
    if reading:
        _check_database(server)
    with mlflow_retries(0 if patience else 1):
        yield Registry(name, server, mlflow)


def _check_database(server: TrackingServer) -> None:
    """Check that a local store exists, as MLflow would create an empty one."""
    path = server.uri.removeprefix(SQLITE)
    if path != server.uri and "?" not in path and not Path(path).is_file():
        raise MissingInputError(
            f"There is no MLflow store {server.name}: set MLFLOW_TRACKING_URI to the address of "
            "MLflow's server, or start in the folder where the model was trained."
        )

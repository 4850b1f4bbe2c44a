"""Models of MLflow's registry on this machine: fetched once, checked, and kept in a cache."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from autofocus.errors import InputDataError, MissingDependencyError, MissingInputError
from autofocus.model.registered import RegisteredVersion
from autofocus.model.saved_model import ASSET_NAME, digest_model, read_description
from autofocus.runs import files
from autofocus.runs.records import DamagedRecordError, read_record, write_record
from autofocus.runs.user_cache import cache_folder, scratch_in
from autofocus.tables.columns import SPLIT_NAME
from autofocus.tracking.logged_model import MODEL_FOLDER
from autofocus.tracking.model_address import ModelAddress
from autofocus.tracking.registry import MODEL_DIGEST, SPLIT_DIGEST, Registry, Version, registry

# A folder for fetched models, instead of the user's cache.
FOLDER_VARIABLE = "AUTOFOCUS_MODELS_DIR"
_ASSETS = f"{MODEL_FOLDER}/assets"
_ADVICE = "register the model again, or use another version"


def fetch_model(address: ModelAddress, patience: float = 0.0) -> Path:
    """Return the folder of a registered model, which is fetched unless the cache has it.

    The folder has the model's files, the table of its split if the run has one, and a record of
    the version. Every file is checked by its digest each time, and fetched again if it is damaged.

    Args:
        address: of the version.
        patience: how long to retry while MLflow's server is unavailable, in seconds.

    Raises:
        AutofocusError: see `local_models.local_model`.
    """
    try:
        with registry(address.name, patience, reading=True) as models:
            cache = _Cache(cache_folder(FOLDER_VARIABLE, "models") / "models")
            return cache.folder_of(models, models.find(address))
    except MissingDependencyError as error:
        raise MissingDependencyError(
            f"{str(error).removesuffix('.')}; {address} is fetched with it from MLflow. Or give "
            "the folder of a model."
        ) from None


def fetch_version(models: Registry, version: Version, folder: Path) -> None:
    """Download a version's model and the table of its split into a new folder, and check them.

    Args:
        models: the registered model.
        version: of the model.
        folder: to make; its parent exists.

    Raises:
        InputDataError: the version was not made by Autofocus, or its files are damaged.
        StoreError: MLflow's store can't be used.
    """
    which = f"Version {version.number} of the registered model {models.name}"
    _check_origin(models, version, which)
    scratch = folder.with_name(f"{folder.name}.tmp")
    scratch.mkdir()
    models.download(version, MODEL_FOLDER, scratch).rename(folder)
    models.download_of_run(version, SPLIT_NAME, folder)
    _check_files(version, folder, f"{which} in {models.store}")
    registered = RegisteredVersion(models.name, version.number, version.run_id, models.store)
    registered.write(folder, scratch)
    shutil.rmtree(scratch)


def _check_origin(models: Registry, version: Version, which: str) -> None:
    if f"{_ASSETS}/{ASSET_NAME}" in models.names_in(version, _ASSETS):
        return
    if not models.names_in(version):
        raise InputDataError(
            f"{which} has no files in {models.store}, where they were deleted: {_ADVICE}."
        )
    raise InputDataError(
        f"{which} was not made by Autofocus: it has no {_ASSETS}/{ASSET_NAME}. Register the model "
        "of a training with autofocus retrain --register."
    )


def _check_files(version: Version, folder: Path, which: str) -> None:
    """Check the files by the checksums that came with them, and by the version's tags."""
    try:
        read_description(folder)
    except (InputDataError, MissingInputError) as error:
        # The path is of a folder that is removed.
        reason = str(error).replace(f"{folder}/", "").partition(": ")[0]
        raise InputDataError(f"{which} can't be used ({reason}): {_ADVICE}.") from None
    table = folder / SPLIT_NAME
    found = {
        MODEL_DIGEST: digest_model(folder),
        SPLIT_DIGEST: files.digest_file(table) if table.is_file() else "",
    }
    for tag, part in ((MODEL_DIGEST, "description"), (SPLIT_DIGEST, SPLIT_NAME)):
        if version.tags.get(tag, found[tag]) != found[tag]:
            raise InputDataError(
                f"{which} can't be used (its {part} is not that which was registered): {_ADVICE}."
            )


@dataclass(frozen=True)
class _Cache:
    """Models that were fetched, each in a folder that is named by the digest of its files.

    Attributes:
        folder: of the cache; beside the models it has a record of each version.
    """

    folder: Path

    def folder_of(self, models: Registry, version: Version) -> Path:
        """Return the folder of a version, which is fetched unless it is here and undamaged."""
        record = self.folder / f"{_identity(models, version)}.json"
        digests = _read(record)
        if digests and _is_whole(self._place(digests), digests):
            return self._place(digests)
        with scratch_in(self.folder, FOLDER_VARIABLE, "models") as scratch:
            fetched = scratch / "model"
            fetch_version(models, version, fetched)
            digests = _digests(fetched)
            place = self._place(digests)
            for name in digests:
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                files.put_in_place(fetched / name, place / name)
            # Last, as it says that the folder is complete.
            write_record(record, digests, scratch)
        return place

    def _place(self, digests: Mapping[str, str]) -> Path:
        text = json.dumps(digests, sort_keys=True)
        return self.folder / hashlib.sha256(text.encode()).hexdigest()


def _identity(models: Registry, version: Version) -> str:
    """Return what a version is known by: its number may be another's in a new database."""
    parts = [models.store, models.name, version.number, version.source, version.created]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _read(record: Path) -> dict[str, str] | None:
    with suppress(DamagedRecordError):
        return read_record(record, dict)
    return None


def _digests(folder: Path) -> dict[str, str]:
    """Return the digests of all files of a folder by their relative paths."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): files.digest_file(path) for path in paths}


def _is_whole(folder: Path, digests: Mapping[str, str]) -> bool:
    return all(
        (folder / name).is_file() and files.digest_file(folder / name) == digest
        for name, digest in digests.items()
    )

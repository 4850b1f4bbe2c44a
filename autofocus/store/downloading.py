"""Downloading the objects of a bucket into a folder, one by one."""

import errno
import os
import stat
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from autofocus.runs import files
from autofocus.runs.blocks import Fingerprints
from autofocus.runs.journal import Outcome
from autofocus.runs.ledger import Reason, Row, rejected
from autofocus.runs.making import Items
from autofocus.runs.outputs import kind_of
from autofocus.runs.products import OutputFile, Product, recorded
from autofocus.store.failures import Failure
from autofocus.store.keys import Rejection, is_folder, path_of
from autofocus.store.listing import StoredObject
from autofocus.store.reading import TransferError
from autofocus.store.transfer import Fetcher
from autofocus.store.verifying import MD5, holds

# To look for so many takes as long as to look for each file.
_MANY_FOLDERS = 1000
# Why the server did not give an object, which it may do another time.
NOT_ANSWERED = (Reason.REFUSED, Reason.ARCHIVED, Reason.DOWNLOAD_FAILED)


@dataclass
class Tally:
    """What is told of all objects at the end.

    Attributes:
        verified: how many objects were verified, by how.
        denied: how many objects the credentials may not read.
        others: how many more did not arrive.
        answered: the objects without those, as they were fetched.
    """

    verified: Counter[str] = field(default_factory=Counter)
    denied: int = 0
    others: int = 0
    answered: list[StoredObject] = field(default_factory=list)

    def add(self, item: StoredObject, outcome: Outcome) -> None:
        """Count the outcome of an object."""
        if outcome.row.reason not in NOT_ANSWERED:
            self.answered.append(_as_fetched(item, outcome))
        if outcome.extra.get(_DENIED):
            self.denied += 1
        elif outcome.row.reason in NOT_ANSWERED:
            self.others += 1

    def keep(self, item: StoredObject) -> None:
        """Count an object whose copy is known to be intact."""
        self.answered.append(item)

    @property
    def is_all_denied(self) -> bool:
        """Whether no object may be read, so that the credentials are the cause."""
        return self.denied > 0 and not self.others and not self.verified

    def notes(self) -> list[str]:
        """Return how many objects were verified, by how."""
        each = ", ".join(f"{how} {number:,}" for how, number in self.verified.most_common())
        return [f"objects verified by: {each}"] if each else []


@dataclass(frozen=True)
class Downloader:
    """Fetches one object."""

    folder: Path
    scratch: Path
    fetcher: Fetcher
    rejections: Mapping[str, Rejection]
    # Those of the files that have arrived, and whether they are new: nothing stands in a new one.
    _folders: dict[str, bool] = field(default_factory=dict, init=False)

    def items(self, objects: Sequence[StoredObject]) -> Items[StoredObject]:
        """Return the objects, and what to do with each."""
        return Items(
            objects,
            name=lambda item: item.key,
            work=self._work,
            is_whole=self._is_whole,
            stop=self.fetcher.stop,
            outputs=self._outputs,
            folders=self._tops(objects),
            rejects_blocked=True,
            fingerprints=Fingerprints(
                version="objects", present=self._state, past=_past_state, keys=_keys
            ),
        )

    def _state(self, item: StoredObject) -> str | None:
        """Return what tells a changed object from the one that was fetched."""
        if item.key in self.rejections:
            return None
        if is_folder(item):
            return _state(_version(item), _FOLDER) if self._path(item).is_dir() else None
        return _state(_version(item), _FILE if self._has_file(item) else _NO_FILE)

    def _has_file(self, item: StoredObject) -> bool:
        return item.key not in self.rejections and not is_folder(item)

    def _tops(self, objects: Sequence[StoredObject]) -> list[Path]:
        """Return the topmost folders and files of all objects; none if they are many."""
        tops: set[str] = set()
        for item in filter(self._has_file, objects):
            tops.add(path_of(item.key).partition("/")[0])
            if len(tops) > _MANY_FOLDERS:
                return []
        return [self.folder / top for top in tops]

    def _outputs(self, item: StoredObject) -> list[Path]:
        return [self._path(item)] if self._has_file(item) else []

    def _path(self, item: StoredObject) -> Path:
        return self.folder / path_of(item.key)

    def _work(self, item: StoredObject) -> Outcome | Product:
        if rejection := self.rejections.get(item.key):
            return Outcome(rejected(item.key, rejection.reason, rejection.detail))
        try:
            return self._fetch(item)
        except TransferError as error:
            return failed(item, error.failure)
        except OSError as error:
            if error.errno not in _NAME_FAULTS:
                raise
            return Outcome(rejected(item.key, *_NAME_FAULTS[error.errno]))

    def _is_whole(self, item: StoredObject, earlier: Outcome) -> bool:
        """The object has not been changed since; a folder is there."""
        if item.key in self.rejections or not is_of_version(item, earlier):
            return False
        if is_folder(item):
            return self._path(item).is_dir()
        # Earlier versions of the program did not compare objects with the listing.
        return VERIFIED in earlier.extra

    def _fetch(self, item: StoredObject) -> Product:
        if is_folder(item):
            self._path(item).mkdir(parents=True, exist_ok=True)
            return Product(Outcome(Row(item.key, output=path_of(item.key)), _version(item)), ())
        # Texts: this is done for each object, and paths take several times as long.
        final = os.path.join(self.folder, path_of(item.key))  # noqa: PTH118
        folder = os.path.dirname(final)  # noqa: PTH120
        # Without the stage's memory, a file of the object's content need not be fetched again.
        if not self._folders.get(folder) and (verified := holds(Path(final), item)):
            digest = f"md5:{item.etag}" if verified == MD5 else ""
            return Product(arrived(item, verified), (OutputFile(final, digest=digest),))
        unfinished = f"{self.scratch}/{files.unfinished_name(final)}"
        fetched = self.fetcher.fetch(item, unfinished)
        if folder not in self._folders:
            self._folders[folder] = _make(folder)
        if not self._folders[folder] and kind_of(final) == stat.S_IFDIR:
            raise IsADirectoryError(errno.EISDIR, "a folder stands in its place", final)
        digest = f"md5:{fetched.md5}"
        file = OutputFile(final, unfinished, digest, is_synced=True, stamp=fetched.stamp)
        return Product(arrived(fetched.item, fetched.verified), (file,))


def _make(folder: str) -> bool:
    """Make a folder, and tell whether there was none before."""
    path = Path(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.mkdir()
    except FileExistsError:
        if not path.is_dir():
            raise
        return False
    return True


# Of the values that the memory keeps of an object.
VERIFIED, _DENIED = "verified", "denied"


def arrived(item: StoredObject, verified: str) -> Outcome:
    """Return the outcome of an object that has arrived.

    Args:
        item: the object, as it was fetched.
        verified: by what it is known to be the object, see `verifying.verify`.
    """
    row = Row(item.key, detail=f"verified: {verified}", output=path_of(item.key))
    return Outcome(row, {**_version(item), VERIFIED: verified})


def failed(item: StoredObject, failure: Failure) -> Outcome:
    """Return the outcome of an object that could not be fetched."""
    row = rejected(item.key, failure.reason, failure.detail)
    return Outcome(row, {_DENIED: True} if failure.is_denial else {})


def is_of_version(item: StoredObject, earlier: Outcome) -> bool:
    """Tell whether an outcome is of the object as it is listed now."""
    return all(earlier.extra.get(key) == value for key, value in _version(item).items())


# What an object has in the folder.
_FILE, _NO_FILE, _FOLDER = "file", "no file", "folder"


def _state(version: Mapping[str, object], kind: str) -> str:
    return f"{version['bytes']} {version['etag']} {kind}"


def _past_state(outcome: Outcome) -> str | None:
    """Return the state of an object when it was fetched; see `Downloader`."""
    if VERIFIED in outcome.extra:
        return _state(outcome.extra, _FILE if recorded(outcome) else _NO_FILE)
    # Earlier versions of the program did not compare objects with the listing.
    return _state(outcome.extra, _FOLDER) if outcome.row.input.endswith("/") else None


def _keys(outcome: Outcome) -> tuple[str, ...]:
    """Return by what an object was verified."""
    verified = outcome.extra.get(VERIFIED)
    return (verified,) if verified and outcome.row.reason is None else ()


def _as_fetched(item: StoredObject, outcome: Outcome) -> StoredObject:
    """Return an object with the size and the ETag of what arrived."""
    size = outcome.extra.get("bytes", item.size)
    etag = outcome.extra.get("etag", item.etag)
    # Mostly it is the same one, of which there may be millions.
    is_same = size == item.size and etag == item.etag
    return item if is_same else replace(item, size=int(size), etag=str(etag))


def _version(item: StoredObject) -> dict[str, str | int]:
    return {"bytes": item.size, "etag": item.etag}


_IN_THE_WAY = (
    Reason.FILE_AND_FOLDER,
    "the local folder holds a file where this needs a folder, or the reverse: move that away",
)
_NO_NAME = (Reason.UNSAFE_KEY, "this disk can't hold a file of this name")
# Errors of the file system that concern a name, and not the disk.
_NAME_FAULTS = {
    errno.EEXIST: _IN_THE_WAY,
    errno.EISDIR: _IN_THE_WAY,
    errno.ENOTDIR: _IN_THE_WAY,
    errno.EILSEQ: _NO_NAME,
    errno.EINVAL: _NO_NAME,
    errno.ENAMETOOLONG: _NO_NAME,
}

"""Where a task can keep files for a later attempt: a folder, or keys of a bucket.

Each operation is bounded in time, and each raises StoreError or OSError: what a task keeps is a
convenience, and whoever calls decides what to do without it.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from autofocus.containers.executor import Artifact, ExecutorInput
from autofocus.errors import SettingError
from autofocus.options.settings import shown
from autofocus.runs import files
from autofocus.runs.workspace import HIDDEN
from autofocus.store.fetching import fetch_file
from autofocus.store.listing import find_object, list_objects
from autofocus.store.session import Bucket, open_bucket
from autofocus.store.uploading import put_stream, remove_objects

AUTO, NONE = "auto", "none"
PARAMETER = "progress"
_SCHEMES = ("s3://", "minio://")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")
_PREFIX = re.compile(r"(?!.*//)[A-Za-z0-9._=/-]{0,500}")
Content = Callable[[], Iterator[bytes]]
# How long an operation retries while the store is unavailable (s).
PATIENCE_S = 30.0
# boto3 knows its addresses, one for each region.
_AMAZON = (".amazonaws.com", ".amazonaws.com.cn")


class Place(Protocol):
    """Files by name, each complete or absent."""

    def put(self, name: str, content: Content) -> None:
        """Write a file in place of an earlier one.

        Args:
            name: a plain name.
            content: returns an iterator over the file's bytes, each time it is called.
        """

    def get(self, name: str, path: Path, limit: int) -> bool:
        """Bring a file, and tell whether there is one of at most `limit` bytes."""

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""

    def remove_all(self) -> None:
        """Remove all files."""


@dataclass(frozen=True)
class FolderPlace:
    """A folder on this machine.

    Attributes:
        folder: it is created with the first file, and holds nothing else.
    """

    folder: Path

    def put(self, name: str, content: Content) -> None:
        """Write a file; see `Place`."""
        scratch = self.folder / "tmp"
        with (
            files.whole_file(self.folder / name, scratch) as unfinished,
            unfinished.open("wb") as file,
        ):
            file.writelines(content())

    def get(self, name: str, path: Path, limit: int) -> bool:
        """Copy a file; see `Place`."""
        kept = self.folder / name
        if kept.is_symlink() or not kept.is_file() or kept.stat().st_size > limit:
            return False
        shutil.copyfile(kept, path)
        return True

    def remove(self, name: str) -> None:
        """Remove a file; see `Place`."""
        (self.folder / name).unlink(missing_ok=True)

    def remove_all(self) -> None:
        """Remove the folder, and the one above it if it is empty then."""
        if self.folder.is_dir() and not self.folder.is_symlink():
            shutil.rmtree(self.folder)
            with suppress(OSError):
                self.folder.parent.rmdir()


@dataclass(frozen=True)
class BucketPlace:
    """The keys of a bucket that begin with a prefix.

    Attributes:
        bucket: the bucket's name.
        prefix: it ends with a slash.
        endpoint_url: the server's address; None for that of boto3.
    """

    bucket: str
    prefix: str
    endpoint_url: str | None = None

    def put(self, name: str, content: Content) -> None:
        """Upload an object in parts; see `Place`."""
        with self._open() as bucket:
            put_stream(bucket, content, self.prefix + name)

    def get(self, name: str, path: Path, limit: int) -> bool:
        """Download an object, and check it against the listing; see `Place`."""
        with self._open() as bucket:
            found = find_object(bucket, self.prefix + name)
            if found is None or found.size > limit:
                return False
            fetch_file(bucket, found.key, path)
            return True

    def remove(self, name: str) -> None:
        """Delete an object; see `Place`."""
        with self._open() as bucket:
            remove_objects(bucket, [self.prefix + name])

    def remove_all(self) -> None:
        """Delete all objects below the prefix."""
        with self._open() as bucket:
            remove_objects(bucket, [item.key for item in list_objects(bucket, self.prefix)])

    def _open(self) -> AbstractContextManager[Bucket]:
        # For each operation anew, as hours may lie between two of them.
        return open_bucket(
            self.bucket, prefix=self.prefix, endpoint_url=self.endpoint_url, patience=PATIENCE_S
        )


def check_progress(value: object) -> None:
    """Check a value of the parameter `progress`.

    Raises:
        SettingError: it is none of `auto`, `none` and `s3://BUCKET/PREFIX`.
    """
    if value in (AUTO, NONE):
        return
    scheme, bucket, prefix = _split(str(value))
    is_plain = not {".", ".."} & set(prefix.split("/")) and _PREFIX.fullmatch(prefix)
    if scheme == "s3://" and _BUCKET.fullmatch(bucket) and is_plain:
        return
    raise SettingError(
        f"{PARAMETER} must be {AUTO}, {NONE} or s3://BUCKET/PREFIX (of letters, digits and "
        f". _ = -), and not {shown(value)}."
    )


def _split(uri: str) -> tuple[str, str, str]:
    """Return scheme, bucket and key of an address; three empty texts if it is a path."""
    scheme = next((scheme for scheme in _SCHEMES if uri.startswith(scheme)), "")
    bucket, _, key = uri.removeprefix(scheme).partition("/")
    return (scheme, bucket, key.strip("/")) if scheme else ("", "", "")


def find_place(request: ExecutorInput, value: str, subject: str) -> Place | None:
    """Return where a task keeps its progress; None for nowhere.

    Args:
        request: the task's executor input.
        value: of the parameter `progress`.
        subject: identifies the task among others that keep theirs below the same prefix.
    """
    if value == NONE:
        return None
    if value != AUTO:
        _, bucket, prefix = _split(value)
        above = f"{prefix}/" if prefix else ""
        return BucketPlace(bucket, f"{above}{subject[:32]}/", _endpoint(request, bucket))
    uris = [artifact.uri for artifact in request.outputs.values()]
    # All outputs of a task lie in the same folder. What a pipeline root has behind a question
    # mark, such as its region, Kubeflow appends to the address of each.
    scheme, bucket, key = _split(uris[0].partition("?")[0] if uris else "")
    if scheme:
        folder = key.rpartition("/")[0]
        prefix = f"{folder}/{HIDDEN}/{PARAMETER}/" if folder else f"{HIDDEN}/{PARAMETER}/"
        return BucketPlace(bucket, prefix, _endpoint(request, bucket))
    if any("://" in uri for uri in uris):
        print(
            f"note: a task's progress is kept in S3-compatible storage only: see {PARAMETER}",
            file=sys.stderr,
        )
        return None
    return FolderPlace(request.output_file.parent / HIDDEN / PARAMETER)


def _endpoint(request: ExecutorInput, bucket: str) -> str | None:
    """Return the address of a bucket's server; None for that which boto3 finds.

    It is that of the launcher, which brought the inputs from there: for a bucket of the inputs,
    or where nothing else names a server.
    """
    artifacts = [one for several in request.inputs.values() for one in several]
    launchers = {_split(one.uri)[1]: _launcher_endpoint(one) for one in artifacts}
    if endpoint := launchers.get(bucket):
        return endpoint
    if given := request.parameters.get("endpoint_url"):
        return str(given)
    if any(os.environ.get(name) for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")):
        return None
    return next((endpoint for endpoint in launchers.values() if endpoint), None)


def _launcher_endpoint(artifact: Artifact) -> str:
    """Return the address of the server that the launcher brought an artifact from; maybe empty."""
    with suppress(ValueError, TypeError, KeyError, AttributeError, RecursionError):
        params = json.loads(artifact.metadata["store_session_info"])["Params"]
        host = str(params.get("endpoint") or "").rstrip("/")
        if "://" in host:
            return host
        if not host or host.endswith(_AMAZON):
            return ""
        plain = str(params.get("disableSSL", "")).lower() == "true"
        return f"http://{host}" if plain else f"https://{host}"
    return ""

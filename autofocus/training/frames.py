"""The frames that the boxes of a dataset's images are found in: those that `predict` has."""

import hashlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from autofocus.embeddings.reading import Embeddings
from autofocus.grouping.frames import Frame
from autofocus.grouping.locations import LocationPattern, locate
from autofocus.images.finding import find_images
from autofocus.images.names import IMAGE_FORMATS
from autofocus.localization.cameras import Camera
from autofocus.predicting.headers import read_headers
from autofocus.runs import files
from autofocus.runs.cameras import camera_folder
from autofocus.runs.workspace import Workspace
from autofocus.splits.images import Image, Origin, find_copies, find_paths
from autofocus.splits.originals import find_prepared_root


class _Place(NamedTuple):
    """Where a prepared image lies: the prefix of its folder, and its path below that."""

    prefix: str
    name: str


@dataclass(frozen=True)
class FrameFiles:
    """The files of all frames in the folders of the cameras that took the images of a dataset.

    The images of links lie below a folder that `preprocess_images` wrote: their frames are all
    images of their cameras there, whether they have labels or not. Other images have each other
    alone.

    Attributes:
        image_dir: the image folder.
        links: the images, relative to it.
        origins: of `read_origins`.
    """

    image_dir: Path
    links: Collection[str]
    origins: Mapping[str, Origin]

    @cached_property
    def places(self) -> dict[str, _Place]:
        """The place of each link whose image was prepared."""
        root = self.image_dir.resolve()
        copies = find_copies(
            self.image_dir, (link for link in self.links if link in self.origins), self.origins
        )
        folders = {path.parent for path in copies.values()}
        above = {folder: find_prepared_root(root, folder) for folder in folders}
        places: dict[str, _Place] = {}
        for link, path in copies.items():
            prepared = above[path.parent]
            if prepared is not None:
                prefix = _prefix(prepared, root)
                places[link] = _Place(prefix, path.relative_to(prepared).as_posix())
        return places

    @cached_property
    def names(self) -> dict[str, list[str]]:
        """The frames below each prepared folder, sorted, by its prefix."""
        cameras: dict[str, set[str]] = {}
        names: dict[str, set[str]] = {}
        for prefix, name in self.places.values():
            cameras.setdefault(prefix, set()).add(camera_folder(name))
            names.setdefault(prefix, set()).add(name)
        for prefix, own in cameras.items():
            beside = find_images(self.image_dir / prefix, IMAGE_FORMATS, allow_empty=True)
            names[prefix].update(name for name in beside if camera_folder(name) in own)
        return {prefix: sorted(own) for prefix, own in sorted(names.items())}

    @property
    def originals(self) -> dict[str, str]:
        """The path of each frame's original, by the frame's file."""
        alone = (link for link in self.links if link not in self.places)
        prepared = {prefix + name: name for prefix, own in self.names.items() for name in own}
        return find_paths(alone, self.origins) | prepared

    @property
    def copies(self) -> dict[str, Path]:
        """The image that each frame's file is, or links to, by the file."""
        root = self.image_dir.resolve()
        alone = (link for link in self.links if link not in self.places)
        prepared = (prefix + name for prefix, own in self.names.items() for name in own)
        paths = {file: Path(os.path.normpath(root / file)) for file in prepared}
        return find_copies(self.image_dir, alone, self.origins) | paths

    def read(
        self, names: Sequence[str], workspace: Workspace | None, jobs: int
    ) -> dict[str, tuple[str, datetime | None]]:
        """Return digest and moment of each image without a label whose header can be read.

        Args:
            names: of the images, sorted.
            workspace: where what was read is kept; without one, none is read.
            jobs: the number of worker threads.
        """
        if not names or workspace is None:
            return {}
        headers = read_headers(self.image_dir, names, workspace, jobs, "frames", with_digests=True)
        return {header.name: (header.digest, header.moment) for header in headers}


@dataclass(frozen=True)
class EmbeddedFiles(FrameFiles):
    """The frames as embeddings list them; no file need exist.

    Attributes:
        embeddings: of all images.
        embedded: the name of each link's image in the embeddings.
    """

    embeddings: Embeddings
    embedded: Mapping[str, str]

    @cached_property
    def places(self) -> dict[str, _Place]:
        """The place of each link's image."""
        return {link: _Place("", self.embedded[link]) for link in self.links}

    @cached_property
    def names(self) -> dict[str, list[str]]:
        """The frames, sorted."""
        cameras = {camera_folder(name) for _, name in self.places.values()}
        return {"": sorted(n for n in self.embeddings.images if camera_folder(n) in cameras)}

    def read(
        self,
        names: Sequence[str],
        workspace: Workspace | None,  # noqa: ARG002 - see `FrameFiles`
        jobs: int,  # noqa: ARG002
    ) -> dict[str, tuple[str, datetime | None]]:
        """Return digest and moment of each image whose header could be read."""
        images = self.embeddings.images
        return {n: (images[n].digest, images[n].moment) for n in names if images[n].digest}


def _prefix(folder: Path, root: Path) -> str:
    relative = files.relative_to_folder(folder, root)
    return "" if relative == "." else f"{relative}/"


# The prefix of a prepared folder, and a camera's folder below it.
_Folder = tuple[str, str]


class _Record(NamedTuple):
    """The frames of one camera, without locations, and the digests of their contents."""

    prefix: str
    frames: tuple[Frame, ...]
    digests: tuple[str, ...]
    images: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class DatasetFrames:
    """The frames that the boxes of a dataset's images are found in, read when they are needed.

    Of images without labels, date and time and a digest of the content are read, and kept in the
    workspace.

    Attributes:
        files: of all frames.
        images: of the dataset.
        workspace: the stage's memory; None if no image has others beside it.
        jobs: the number of worker threads.
    """

    files: FrameFiles
    images: Sequence[Image]
    workspace: Workspace | None = None
    jobs: int = 1

    @property
    def number(self) -> int:
        """The number of images whose boxes are needed."""
        return len(self.images)

    @cached_property
    def digest(self) -> str:
        """A digest of the names and contents of all frames."""
        digest = hashlib.sha256()
        for record in self._records:
            for frame, content in zip(record.frames, record.digests, strict=True):
                digest.update(f"{frame.path}\0{content}\n".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    def cameras(self, pattern: LocationPattern) -> Iterator[Camera]:
        """Yield the frames of one camera after another.

        Args:
            pattern: finds the location in a name, where a folder holds the frames of several.
        """
        for prefix, frames, digests, images in self._records:
            names = (frame.name for frame in frames)
            yield Camera(
                self.files.image_dir,
                prefix,
                tuple(locate(frames, pattern)),
                dict(zip(names, digests, strict=True)),
                images,
            )

    @property
    def _records(self) -> Iterator[_Record]:
        """Yield the cameras one after another, as few frames are to be in memory."""
        images, read = self._images, self._others
        for (prefix, camera), names in self._names.items():
            own: dict[str, list[Image]] = {}
            for image in images.get((prefix, camera), ()):
                own.setdefault(self.files.places[image.file].name, []).append(image)
            yield _record(prefix, names, own, read)
        yield from _alone([one for one in self.images if one.file not in self.files.places])

    @cached_property
    def _names(self) -> dict[_Folder, list[str]]:
        """The frames of each camera below a folder that `preprocess_images` wrote, sorted."""
        found: dict[_Folder, list[str]] = {}
        for prefix, names in self.files.names.items():
            for name in names:
                found.setdefault((prefix, camera_folder(name)), []).append(name)
        return dict(sorted(found.items()))

    @cached_property
    def _images(self) -> dict[_Folder, list[Image]]:
        """The images of each camera."""
        found: dict[_Folder, list[Image]] = {}
        for image in self.images:
            if place := self.files.places.get(image.file):
                found.setdefault((place.prefix, camera_folder(place.name)), []).append(image)
        return found

    @cached_property
    def _others(self) -> Mapping[str, tuple[str, datetime | None]]:
        """Digest and moment of each frame without a label."""
        others = []
        for (prefix, camera), names in self._names.items():
            images = self._images.get((prefix, camera), ())
            own = {self.files.places[image.file].name for image in images}
            others += [prefix + name for name in names if name not in own]
        return self.files.read(sorted(others), self.workspace, self.jobs)


def _record(
    prefix: str,
    names: Sequence[str],
    images: Mapping[str, Sequence[Image]],
    read: Mapping[str, tuple[str, datetime | None]],
) -> _Record:
    frames, digests, needed = [], [], {}
    for name in names:
        if own := images.get(name):
            digest, moment = own[0].digest, own[0].facts.taken
            needed[name] = tuple(image.name for image in own)
        elif prefix + name in read:
            digest, moment = read[prefix + name]
        else:
            continue
        frames.append(Frame(name, name, moment))
        digests.append(digest)
    return _Record(prefix, tuple(frames), tuple(digests), needed)


def _alone(images: Sequence[Image]) -> Iterator[_Record]:
    """Yield the cameras of images that have only each other, by their names."""
    ordered = sorted(images, key=lambda image: (image.frame.camera, image.name))
    for _, group in groupby(ordered, key=lambda image: image.frame.camera):
        own = tuple(group)
        frames = (replace(one.frame, location="", location_source="", sequence="") for one in own)
        yield _Record(
            "",
            tuple(frames),
            tuple(one.digest for one in own),
            {one.name: (one.name,) for one in own},
        )

"""The files that a stage makes of its inputs: which are its own, intact, or left over.

The journal records a mark of each file before the file is renamed to its final path. So every
file that a stage has written is known to it, whenever it was killed, and every other file in an
output folder is somebody else's: it is never overwritten or removed.
"""

import contextlib
import os
import stat
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from autofocus.errors import OutputConflictError
from autofocus.runs import files, marks
from autofocus.runs.journal import Outcome
from autofocus.runs.outputs import blocked_by, check_links_between, kind_of
from autofocus.runs.workspace import conflict

# Under which the marks of an outcome's files stand among its extra values.
FILES = "files"
# What may be overwritten, if it is the stage's own.
_PLAIN = (None, stat.S_IFREG, stat.S_IFLNK)


@dataclass(frozen=True)
class OutputFile:
    """A file that a stage has made of an input.

    Attributes:
        final: where it belongs.
        unfinished: where it is, complete; None if it is in its place and known to be right.
        digest: of its content, if it is at hand; see `marks.mark_of`.
        is_synced: whether it was flushed to the disk already.
        stamp: its stamp, if it is at hand besides its digest; see `files.stamp`.
    """

    final: Path | str
    unfinished: Path | str | None = None
    digest: str = ""
    is_synced: bool = False
    stamp: Mapping[str, int] | None = None


class Product(NamedTuple):
    """What a stage has made of an input, before the files are put in their places.

    Attributes:
        outcome: of the input.
        files: all files that were made of it.
        links: symbolic links to be made of it: their targets, by their paths relative to the
            output folder.
    """

    outcome: Outcome
    files: tuple[OutputFile, ...] = ()
    links: Mapping[str, str] = MappingProxyType({})


class Delivery(NamedTuple):
    """An outcome to be recorded, and what is to be put in place afterwards.

    Attributes:
        outcome: with the marks of its files.
        moves: where each file is, and where it belongs.
        links: the path of each link to be made, relative to the output folder, and its target.
    """

    outcome: Outcome
    moves: Sequence[tuple[str, str]] = ()
    links: Sequence[tuple[str, str]] = ()


def link_mark(target: str) -> dict[str, str]:
    """Return the mark of a link, as it will be read back: Windows has other separators."""
    return {"link": target.replace("/", os.sep)}


def recorded(outcome: Outcome | None) -> Mapping[str, marks.Mark]:
    """Return the marks of an outcome's files by path; empty if it has none, or none can be true.

    A path that leads out of the output folder is of nothing that a stage wrote.
    """
    found = outcome.extra.get(FILES, {}) if outcome else {}
    return found if _are_marks(found) else {}


def _are_marks(found: Any) -> bool:
    if not isinstance(found, dict):
        return False
    # A generator would take longer, and this is asked of every outcome.
    for name, mark in found.items():
        if not isinstance(mark, dict) or not files.is_below(name):
            return False
    return True


@dataclass
class OutputFolder:
    """The folder that a stage writes, and what it knows of its files.

    Attributes:
        root: the folder; the paths in the journal are relative to it.
        stage: the stage's name, for messages.
        scratch: a folder on the same file system for unfinished files.
        aside: where to move files whose inputs are gone; None: they are removed.
        gone: how many such files were moved or removed.
        kept: paths of those that were left, as they have been changed since, or lie behind a link.
        check: compares a file with its mark; see `marks.check`.
    """

    root: Path
    stage: str
    scratch: Path
    aside: Path | None = None
    check: Callable[[Path, marks.Mark], dict[str, Any] | None] = marks.check
    gone: int = 0
    kept: list[str] = field(default_factory=list)
    _sound: set[Path] = field(default_factory=set, init=False)
    _reachable: set[Path] = field(default_factory=set, init=False)
    # As texts, which are compared and hashed in a fraction of the time of paths.
    _touched: set[str] = field(default_factory=set, init=False)
    # The folders of files that this run has made sure of.
    _made: set[str] = field(default_factory=set, init=False)
    # Whether a folder was made by this run, by its path relative to the root.
    _are_new: dict[str, bool] = field(default_factory=dict, init=False)
    _prefix: str = field(init=False)

    def __post_init__(self) -> None:
        self._prefix = os.path.join(self.root, "")  # noqa: PTH118 - faster than paths, per link

    def name(self, path: Path | str) -> str:
        """Return a path relative to the folder."""
        text = os.fspath(path)
        # So it is of nearly all files; the general way takes longer.
        if text.startswith(self._prefix) and ".." not in text and os.sep == "/":
            return text[len(self._prefix) :]
        return files.relative_to_folder(Path(path), self.root)

    def path(self, name: str) -> str:
        """Return the path of a file whose path relative to the folder is known."""
        return f"{self._prefix}{name}"

    def known(self, versions: Iterable[Outcome | None], paths: Iterable[Path]) -> set[str]:
        """Return the paths that the stage may overwrite: those that it wrote earlier.

        Args:
            versions: what the journals hold of an input.
            paths: of the files that are made of this input.
        """
        known: set[str] = set()
        for outcome in versions:
            known.update(recorded(outcome))
            if outcome and outcome.row.reason is None and FILES not in outcome.extra:
                # Earlier versions of the program recorded no marks.
                known.update(map(self.name, paths))
        return known

    def check_places(self, paths: Iterable[Path], *, links_only: bool = False) -> None:
        """Check that no folder above a file is a link, and that files or links stand there.

        Args:
            paths: of files to be written.
            links_only: whether to check only that no folder is a link.

        Raises:
            OutputConflictError: something else does.
        """
        for path in paths:
            if path.parent not in self._sound:
                check_links_between(self.root, path)
                blocked = None if links_only else blocked_by(self.root, path)
                if blocked is not None:
                    raise OutputConflictError(conflict(blocked, self.stage))
                self._sound.add(path.parent)
            if not links_only and kind_of(path) not in _PLAIN:
                raise OutputConflictError(conflict(path, self.stage))

    def put_in_place(
        self, moves: Iterable[tuple[str, str]], links: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Rename complete files to their final paths, and make links where nothing stands.

        Raises:
            OutputConflictError: something stands in a link's place by now.
        """
        for unfinished, final in moves:
            try:
                Path(unfinished).replace(final)
            except FileNotFoundError:
                # Somebody has removed the folder meanwhile.
                self._make_folder(final)
                Path(unfinished).replace(final)
            self._touched.add(_folder_of(final))
        for name, target in links:
            self._make_link(name, target)

    def _make_link(self, name: str, target: str) -> None:
        # A link exists with its target, or not at all: it needs no other name until it is whole.
        path = self.path(name)
        try:
            os.symlink(target, path)  # noqa: PTH211 - a path per link would take longer
        except FileNotFoundError:
            # Somebody has removed the folder meanwhile.
            self._make_folder(path)
            Path(path).symlink_to(target)
        except FileExistsError:
            raise OutputConflictError(conflict(Path(path), self.stage)) from None

    def sync(self) -> None:
        """Flush all folders in which files were put in place to the disk."""
        files.sync_folders(map(Path, self._touched), self.root)
        self._touched.clear()
        self._are_new.clear()

    def are_taken(self, paths: Iterable[Path], known: Collection[str]) -> bool:
        """Tell whether something that is not the stage's own stands in one of the places."""
        return any(os.path.lexists(path) and self.name(path) not in known for path in paths)

    def refresh(self, earlier: Outcome, paths: Sequence[Path]) -> Outcome | None:
        """Return an outcome with the present marks of its files; None if one is damaged."""
        if FILES in earlier.extra:
            checked = {
                name: self.check(self.root / name, mark)
                for name, mark in recorded(earlier).items()
            }
            if paths and checked.keys() != {self.name(path) for path in paths}:
                return None
        else:
            checked = {self.name(path): _adopt(path) for path in paths}
        if not all(checked.values()):
            return None
        if checked == earlier.extra.get(FILES, {}):
            return earlier
        return replace(earlier, extra={**earlier.extra, FILES: checked})

    def prepare(self, product: Product, known: Collection[str]) -> Delivery:
        """Mark the files of a product, and compare them with what stands in their places.

        Raises:
            OutputConflictError: another file, or a folder, stands there.
        """
        recorded_marks: dict[str, Any] = {}
        moves: list[tuple[str, str]] = []
        for file in product.files:
            name, unfinished = self.name(file.final), file.unfinished
            mark: dict[str, Any]
            if file.stamp is not None:
                mark = {**file.stamp, "digest": file.digest}
            else:
                mark = marks.mark_of(Path(unfinished or file.final), file.digest)
            if unfinished is None:
                pass
            elif self._is_there(unfinished, file.final, name in known):
                # An earlier run wrote it, and its memory was deleted.
                Path(unfinished).unlink()
                mark = marks.mark_of(Path(file.final), mark.get("digest", ""))
            else:
                if not file.is_synced:
                    files.sync(Path(unfinished))
                moves.append((os.fspath(unfinished), os.fspath(file.final)))
            recorded_marks[name] = mark
        links = []
        for name, target in product.links.items():
            recorded_marks[name] = link_mark(target)
            # In a folder of its own making, nobody else is expected to put anything.
            if self._is_new(name.rpartition("/")[0]) or not os.path.lexists(self.path(name)):
                links.append((name, target))
            else:
                moves += self._replace_link(name, target, is_known=name in known)
        outcome = product.outcome
        extra = {**outcome.extra, FILES: recorded_marks}
        return Delivery(Outcome(outcome.row, extra), moves, links)

    def _is_new(self, folder: str) -> bool:
        """Tell whether this run has made the folder of a link; make it if it is missing."""
        is_new = self._are_new.get(folder)
        if is_new is None:
            path = self.root / folder
            is_new = self._are_new[folder] = not os.path.lexists(path)
            self._make_folder(path / "link")
            self._touched.add(os.fspath(path))
        return is_new

    def _replace_link(self, name: str, target: str, *, is_known: bool) -> list[tuple[str, str]]:
        """Return how to replace what stands in the place of a link, or nothing if it is right."""
        final = self.root / name
        unfinished = files.unfinished_link(final, target, self.scratch)
        if self._is_there(unfinished, final, is_known):
            unfinished.unlink()
            return []
        return [(os.fspath(unfinished), os.fspath(final))]

    def _make_folder(self, path: Path | str) -> None:
        """Create the folder of a file."""
        final = Path(path)
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            standing = next(above for above in final.parents if os.path.lexists(above))
            raise OutputConflictError(conflict(standing, self.stage)) from None

    def _is_there(self, made: Path | str, place: Path | str, is_known: bool) -> bool:
        """Tell whether the same file stands there already; create the folder if it doesn't."""
        folder = _folder_of(place)
        if folder not in self._made:
            self._make_folder(place)
            self._made.add(folder)
        kind = kind_of(place)
        if kind is None:
            return False
        unfinished, final = Path(made), Path(place)
        if kind not in _PLAIN:
            raise OutputConflictError(conflict(final, self.stage))
        # Damage turns no link into a file, nor the reverse: it was put there.
        is_same_kind = final.is_symlink() == unfinished.is_symlink()
        if is_known and (is_same_kind or _is_copy_of_target(unfinished, final)):
            return False
        if not marks.is_same_content(unfinished, final):
            raise OutputConflictError(conflict(final, self.stage))
        return True

    def discard(self, stale: Mapping[str, Sequence[marks.Mark]], current: Iterable[str]) -> None:
        """Remove files, or move them aside, unless they have been changed since.

        Args:
            stale: the marks, by path, of files that no input has any more.
            current: the paths of all files that inputs have.
        """
        in_use = self._names_in_use(stale, current)
        for name, versions in stale.items():
            path = self.root / name
            if name in in_use or not os.path.lexists(path):
                continue
            is_intact = any(marks.check(path, mark) for mark in versions)
            if is_intact and self._is_reachable(path):
                self._discard(path)
                self.gone += 1
            else:
                self.kept.append(name)

    def is_reachable(self, folder: Path) -> bool:
        """Tell whether no link leads from the output folder to a folder in it."""
        if folder not in self._reachable:
            if not self._is_reachable(folder / "file"):
                return False
            self._reachable.add(folder)
        return True

    def _discard(self, path: Path) -> None:
        if self.aside is None:
            path.unlink()
        else:
            target = self.aside / self.name(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)
        with contextlib.suppress(OSError):  # a folder is not empty
            for folder in path.parents:
                if folder == self.root:
                    break
                folder.rmdir()

    def _is_reachable(self, path: Path) -> bool:
        """Tell whether no link leads to a file, which then may be somebody else's."""
        with contextlib.suppress(OutputConflictError):
            check_links_between(self.root, path)
            return True
        return False

    def _names_in_use(self, stale: Collection[str], current: Iterable[str]) -> set[str]:
        """Return which names of stale files are, on this disk, those of current ones."""
        if files.is_case_blind(self.root):
            folded = {_fold(name) for name in current}
            return {name for name in stale if _fold(name) in folded}
        return {name for name in current if name in stale}

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know about files whose inputs are gone."""
        notes = []
        if self.gone:
            how = "removed" if self.aside is None else f"moved to {self.aside}"
            notes.append(f"files whose inputs are gone, {how}: {self.gone:,}")
        if self.kept:
            notes.append(
                "files whose inputs are gone, kept as they have been changed or their folder is a "
                f"link: {len(self.kept):,}, such as {self.kept[0]}"
            )
        return tuple(notes)


def _folder_of(path: Path | str) -> str:
    return os.path.dirname(path)  # noqa: PTH120 - a path takes longer, per file


def _adopt(path: Path) -> dict[str, Any] | None:
    """Return the mark of a file that an earlier version wrote; None if it is missing or empty."""
    is_file = path.is_file() and not path.is_symlink()
    return marks.mark_of(path) if is_file and path.stat().st_size else None


def _is_copy_of_target(link: Path, final: Path) -> bool:
    """Tell whether a file is a copy of what a link in its place would lead to.

    It is so where a folder was copied to a place that has no links.
    """
    if not link.is_symlink() or final.is_symlink():
        return False
    return marks.is_same_content(final.parent / link.readlink(), final)


def _fold(name: str) -> str:
    return unicodedata.normalize("NFD", name).casefold()

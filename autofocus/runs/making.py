"""What a stage does with its inputs, and doing it with one or some of them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from autofocus.runs.batches import Complete, Pending, Result
from autofocus.runs.blocks import Fingerprints
from autofocus.runs.faults import Faults
from autofocus.runs.journal import Outcome
from autofocus.runs.products import OutputFolder, Product

T = TypeVar("T")


def no_outputs(_: Any) -> Sequence[Path]:
    """Return the outputs of an input of which no file is made: none."""
    return ()


@dataclass(frozen=True)
class Items(Generic[T]):
    """The inputs of a stage and what to do with each.

    Attributes:
        inputs: all inputs, in rising order of their names.
        name: returns an input's name for the ledger; names are unique.
        work: makes something of one input; runs in several threads at once. It writes its files
            beside their places and returns them as a `Product`, and returns rejections as
            outcomes, not as exceptions.
        is_whole: tells whether an earlier outcome still holds, such as by a stamp of the input;
            the files that were made of it are checked in any case.
        complete: makes outcomes of the inputs that `work` left pending, a batch at a time.
        batch: the size of a batch.
        stop: called when the run ends early, so that long work in progress may end, too.
        outputs: returns the paths of the files that are made of an input.
        folders: all folders in which outputs may lie, where they are few: while none exists,
            nothing stands in an output's place.
        group: for work that is done in no time, such as a link: so many inputs are handled one
            after the other, without threads, and recorded at once. With 1, each is recorded by
            itself.
        rejects_blocked: whether `work` rejects an input in whose place a folder stands, or a file
            in that of its folder, instead of failing the run.
        extra: the types of the extra values that an earlier outcome must have to be reused.
        fingerprints: how blocks of inputs are recognised whose outcomes all hold; None: each
            input is handled by itself.
    """

    inputs: Sequence[T]
    name: Callable[[T], str]
    work: Callable[[T], "Outcome | Pending | Product"]
    is_whole: Callable[[T, Outcome], bool]
    complete: Complete | None = None
    batch: int = 32
    stop: Callable[[], None] | None = None
    outputs: Callable[[T], Sequence[Path]] = no_outputs
    folders: Collection[Path] = ()
    group: int = 1
    rejects_blocked: bool = False
    extra: Mapping[str, type | tuple[type, ...]] = field(default_factory=dict)
    fingerprints: Fingerprints[T] | None = None


@dataclass(slots=True)
class Task(Generic[T]):
    """An input, and what earlier runs made of it; the paths are those of its files, if any."""

    item: T
    earlier: Outcome | None = None
    paths: Sequence[Path] = ()
    known: Collection[str] = ()


@dataclass(frozen=True)
class Maker(Generic[T]):
    """Makes something of inputs; what becomes of them is not recorded yet.

    Attributes:
        items: the inputs and what to do with each.
        folder: the files of the stage.
        faults: tells what ends the run and what only rejects an input.
    """

    items: Items[T]
    folder: OutputFolder
    faults: Faults

    def do(self, task: Task[T]) -> Result:
        """Make something of one input, in a worker thread, unless what is there still holds."""
        name = self.items.name(task.item)
        if task.earlier is not None and _still_holds(task.item, task.earlier, self.items):
            intact = self.folder.refresh(task.earlier, task.paths)
            if intact is not None:
                return Result(intact, name, task.known, is_fresh=False)
        return self._deliver(self._make(task.item), name, task.known)

    def make_all(self, inputs: Sequence[T]) -> list[Result]:
        """Make something of inputs in a row of which no earlier run has made anything."""
        made: list[Outcome | Pending | Product]
        try:
            made = list(map(self.items.work, inputs))
        except Exception:
            # Work of no time is done again, each by itself, to tell whose fault it is.
            made = [self._make(item) for item in inputs]
        names = map(self.items.name, inputs)
        return [self._deliver(one, name) for one, name in zip(made, names, strict=True)]

    def _make(self, item: T) -> Outcome | Pending | Product:
        items = self.items
        return self.faults.caught(
            items.name(item), lambda: items.outputs(item), lambda: items.work(item)
        )

    def _deliver(
        self, made: Outcome | Pending | Product, name: str, known: Collection[str] = ()
    ) -> Result:
        """Return what has become of an input, and what is to be put in place."""
        if isinstance(made, Product):
            outcome, moves, links = self.folder.prepare(made, known)
            return Result(outcome, name, known, moves, links)
        return Result(made, name, known)


def _still_holds(item: T, earlier: Outcome, items: Items[T]) -> bool:
    """Tell whether an earlier outcome can be reused, apart from its files."""
    if earlier.row.reason is not None:
        return False
    # An outcome that somebody edited, or of another version, may hold anything.
    if not all(isinstance(earlier.extra.get(key), kind) for key, kind in items.extra.items()):
        return False
    try:
        return items.is_whole(item, earlier)
    except (TypeError, ValueError, KeyError, AttributeError, OSError):
        return False

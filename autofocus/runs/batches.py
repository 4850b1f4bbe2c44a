"""Work that is done in batches, such as a network's, among inputs that are handled one by one."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from autofocus.runs.faults import Faults
from autofocus.runs.journal import Outcome

# Given the payloads of inputs that are pending, returns their outcomes.
Complete = Callable[[Sequence[Any]], Sequence[Outcome]]
# So many outcomes may wait behind a pending one, for each place in a batch.
_WAITING = 8


@dataclass(frozen=True)
class Pending:
    """One input that is ready for work done in batches, such as a network's.

    Attributes:
        payload: what the batch work needs.
    """

    payload: Any


class Result(NamedTuple):
    """What has become of an input, and the files that are to be put in their places."""

    made: Outcome | Pending
    name: str
    known: Collection[str]
    moves: Sequence[tuple[str, str]] = ()
    links: Sequence[tuple[str, str]] = ()
    is_fresh: bool = True

    @property
    def outcome(self) -> Outcome:
        """The outcome, when nothing is pending any more."""
        if isinstance(self.made, Pending):
            raise TypeError("This input is still pending.")
        return self.made


def in_batches(
    results: Iterator[Result], complete: Complete | None, size: int, faults: Faults
) -> Iterator[Result]:
    """Complete what is pending, batch by batch, and keep the order."""
    waiting: list[Result] = []
    pending = 0
    for result in results:
        waiting.append(result)
        pending += isinstance(result.made, Pending)
        if pending in (0, size) or len(waiting) >= _WAITING * size:
            yield from _complete(waiting, complete, faults)
            waiting, pending = [], 0
    yield from _complete(waiting, complete, faults)


def _complete(
    waiting: Sequence[Result], complete: Complete | None, faults: Faults
) -> Iterator[Result]:
    pending = [(r.name, r.made.payload) for r in waiting if isinstance(r.made, Pending)]
    completed = iter(_complete_batch(pending, complete, faults) if pending else ())
    for result in waiting:
        if isinstance(result.made, Pending):
            yield result._replace(made=next(completed))
        else:
            yield result


def _complete_batch(
    pending: Sequence[tuple[str, Any]],
    complete: Complete | None,
    faults: Faults,
) -> Sequence[Outcome]:
    """Complete a batch; if that fails, each input alone, so that one spoils no other."""
    if complete is None:
        raise TypeError("Inputs are pending, but nothing completes them.")
    try:
        return complete([payload for _, payload in pending])
    except Exception as error:
        if faults.is_of_environment(error):
            raise
    return [
        faults.caught(name, tuple, lambda payload=payload: complete([payload])[0])  # type: ignore[misc]
        for name, payload in pending
    ]

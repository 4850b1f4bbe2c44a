"""How the progress of a run is shown: a live table on a terminal, elsewhere a line per change."""

import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from autofocus.errors import need
from pipelines.interface import EXTRA
from pipelines.remarks import Remark
from pipelines.snapshot import Snapshot
from pipelines.stages import Stage, State

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_COLUMNS = (State.RUNNING, State.PENDING, State.RETRIED, State.FAILED)


class Display(ABC):
    """What shows the progress of a run; a context manager that leaves what was shown last."""

    def __enter__(self) -> "Display":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:  # noqa: B027 - not every display has something to end
        """End the showing."""

    @abstractmethod
    def show(self, snapshot: Snapshot, remarks: Sequence[Remark]) -> None:
        """Show a run at this moment."""

    @abstractmethod
    def note(self, sentence: str) -> None:
        """Show a sentence about the following itself."""


def open_display() -> Display:
    """Return the display that suits standard error."""
    if not sys.stderr.isatty():
        return Lines()
    console: Console = need("rich.console", EXTRA).Console(stderr=True)
    return Lines() if console.is_dumb_terminal else Table(console)


class Lines(Display):
    """Prints a line on standard error for each change."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._began = time.monotonic()
        self._shown: dict[str, str] = {}

    def show(self, snapshot: Snapshot, remarks: Sequence[Remark]) -> None:
        """Print what is new since the last time."""
        self._snapshot = snapshot
        self._change("run", f"run {snapshot.phrase}")
        for stage in snapshot.stages:
            if stage.started is not None:
                self._change(stage.name, str(stage), _taken(stage))
        for remark in remarks:
            self._change(f"{remark.tasks} {remark.verb}", str(remark))

    def note(self, sentence: str) -> None:
        """Print a sentence."""
        print(f"{self._elapsed():>8}  {sentence}", file=sys.stderr, flush=True)

    def _change(self, what: str, line: str, more: str = "") -> None:
        if self._shown.get(what) != line:
            self._shown[what] = line
            self.note(line + more)

    def _elapsed(self) -> str:
        """Return how long the run has taken, or the following where that isn't known."""
        elapsed = self._snapshot and self._snapshot.elapsed(datetime.now(timezone.utc))
        return format_elapsed(elapsed or timedelta(seconds=time.monotonic() - self._began))


class Table(Display):
    """Keeps a table of the stages up to date on a terminal.

    Args:
        console: the terminal.
    """

    def __init__(self, console: "Console") -> None:
        self._snapshot: Snapshot | None = None
        self._remarks: Sequence[Remark] = ()
        self._live: Any = need("rich.live", EXTRA).Live(
            console=console, get_renderable=self.render, refresh_per_second=2
        )

    def __enter__(self) -> "Table":
        self._live.start()
        return self

    def stop(self) -> None:
        """Leave the last table."""
        self._live.stop()

    def show(self, snapshot: Snapshot, remarks: Sequence[Remark]) -> None:
        """Put a run at this moment into the table."""
        self._snapshot, self._remarks = snapshot, remarks
        self._live.refresh()

    def note(self, sentence: str) -> None:
        """Print a sentence above the table."""
        self._live.console.print(sentence, markup=False, highlight=False)

    def render(self) -> "RenderableType":
        """Return the table, and the remarks below it."""
        from rich.console import Group
        from rich.text import Text

        if self._snapshot is None:
            return Text("")
        now = datetime.now(timezone.utc)
        elapsed = self._snapshot.elapsed(now)
        title = f"run {self._snapshot.phrase}"
        title += "" if elapsed is None else f", {format_elapsed(elapsed)}"
        remarks = [Text(str(remark)) for remark in self._remarks]
        return Group(Text(title), _table(self._snapshot.stages, now), *remarks)


def format_elapsed(elapsed: timedelta) -> str:
    """Return a duration as `4:05` or `1:04:05`."""
    minutes, seconds = divmod(max(int(elapsed.total_seconds()), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def _taken(stage: Stage) -> str:
    """Return how long a stage took; empty until it has ended."""
    if stage.started is None or stage.finished is None:
        return ""
    return f", took {format_elapsed(stage.finished - stage.started)}"


def _table(stages: Sequence[Stage], now: datetime) -> "RenderableType":
    from rich.table import Table as RichTable

    table = RichTable(box=None, pad_edge=False)
    table.add_column("stage")
    for title in ("done", "cached", *(state.value for state in _COLUMNS), "elapsed"):
        table.add_column(title, justify="right")
    for stage in stages:
        elapsed = stage.elapsed(now)
        table.add_row(
            stage.name,
            f"{stage.done}/{stage.total}",
            *(str(stage.counts.get(state) or "") for state in (State.CACHED, *_COLUMNS)),
            "" if elapsed is None else format_elapsed(elapsed),
        )
    return table

"""How the progress of a run is shown: a live table on a terminal, elsewhere a line per change."""

import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from autofocus.errors import need
from autofocus.options.printing import harmless, unfiltered_stderr
from pipelines.interface import EXTRA
from pipelines.problems import Problem
from pipelines.snapshot import Snapshot, StageProgress, State

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_COLUMNS = (State.CACHED, State.RUNNING, State.PENDING, State.RETRIED, State.FAILED)


class Display:
    """Prints a line on standard error for each change; a context manager."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._began = time.monotonic()
        self._shown: dict[str, str] = {}

    def __enter__(self) -> "Display":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, snapshot: Snapshot, problems: Sequence[Problem]) -> None:
        """Print what is new since the last time."""
        self._snapshot = snapshot
        self._change("run", f"run {snapshot.phrase}")
        for stage in snapshot.stages:
            if stage.started is not None:
                end = None if stage.is_skipped else stage.finished
                took = format_elapsed(stage.elapsed(end) if end else None)
                self._change(stage.name, str(stage), took and f", took {took}")
        for problem in problems:
            self._change(f"{problem.tasks} {problem.verb}", str(problem))

    def note(self, sentence: str) -> None:
        """Print a sentence after the time that the run, or else following it, has taken."""
        elapsed = self._snapshot and self._snapshot.elapsed(datetime.now(timezone.utc))
        elapsed = elapsed or timedelta(seconds=time.monotonic() - self._began)
        print(f"{format_elapsed(elapsed):>8}  {sentence}", file=sys.stderr, flush=True)

    def _change(self, subject: str, line: str, more: str = "") -> None:
        if self._shown.get(subject) != line:
            self._shown[subject] = line
            self.note(line + more)


class TableDisplay(Display):
    """Keeps a table of the stages up to date on a terminal, and leaves the last one.

    Args:
        console: the terminal.
    """

    def __init__(self, console: "Console") -> None:
        super().__init__()
        self._problems: Sequence[Problem] = ()
        self._live: Any = need("rich.live", EXTRA).Live(
            console=console, get_renderable=self.render, refresh_per_second=2
        )

    def __enter__(self) -> "TableDisplay":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, snapshot: Snapshot, problems: Sequence[Problem]) -> None:
        """Put a run at this moment into the table."""
        self._snapshot, self._problems = snapshot, problems
        self._live.refresh()

    def note(self, sentence: str) -> None:
        """Print a sentence above the table."""
        self._live.console.print(harmless(sentence), markup=False, highlight=False)

    def render(self) -> "RenderableType":
        """Return the table, and the problems below it."""
        from rich.console import Group
        from rich.text import Text

        if self._snapshot is None:
            return Text("")
        now = datetime.now(timezone.utc)
        elapsed = format_elapsed(self._snapshot.elapsed(now))
        title = f"run {self._snapshot.phrase}{elapsed and f', {elapsed}'}"
        problems = [Text(harmless(str(problem))) for problem in self._problems]
        return Group(Text(title), _table(self._snapshot.stages, now), *problems)


def open_display() -> Display:
    """Return the display that suits standard error."""
    if not sys.stderr.isatty():
        return Display()
    console: Console = need("rich.console", EXTRA).Console(file=unfiltered_stderr())
    return Display() if console.is_dumb_terminal else TableDisplay(console)


def format_elapsed(elapsed: timedelta | None) -> str:
    """Return a duration as `4:05` or `1:04:05`; empty if it isn't known."""
    if elapsed is None:
        return ""
    minutes, seconds = divmod(max(int(elapsed.total_seconds()), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def _table(stages: Sequence[StageProgress], now: datetime) -> "RenderableType":
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("stage")
    for title in ("done", *(state.value for state in _COLUMNS), "elapsed"):
        table.add_column(title, justify="right")
    for stage in stages:
        counts = [str(stage.counts.get(state) or "") for state in _COLUMNS]
        done = State.SKIPPED.value if stage.is_skipped else f"{stage.done}/{stage.total}"
        elapsed = "" if stage.is_skipped else format_elapsed(stage.elapsed(now))
        table.add_row(stage.name, done, *counts, elapsed)
    return table

"""The result of checks: a line for each, and all errors, not only the first."""

from dataclasses import dataclass, field
from enum import Enum

from autofocus.errors import AutofocusError, ExitStatus, InputDataError
from autofocus.runs.wording import plural


class Level(str, Enum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        level: how it ended.
        subject: what was checked, in a word.
        text: what was found.
        error: the error, if it is one.
    """

    level: Level
    subject: str
    text: str
    error: AutofocusError | None = None

    def __str__(self) -> str:
        """Return the finding as one line."""
        return self.line(0)

    def line(self, width: int) -> str:
        """Return the finding as one line.

        Args:
            width: that of the column of subjects (characters).
        """
        return f"{self.level.value:<8} {self.subject + ':':<{width + 1}} {self.text}"


@dataclass
class Report:
    """All findings, in the order in which they were made."""

    findings: list[Finding] = field(default_factory=list)

    def add(self, subject: str, text: str) -> None:
        """Add a check that found nothing wrong."""
        self.findings.append(Finding(Level.OK, subject, text))

    def warn(self, subject: str, text: str) -> None:
        """Add what may be meant, but is often a mistake."""
        self.findings.append(Finding(Level.WARNING, subject, text))

    def fail(self, subject: str, error: AutofocusError) -> None:
        """Add what would end the run."""
        self.findings.append(Finding(Level.ERROR, subject, str(error), error))

    def collect(self, subject: str) -> "_Collection":
        """Return a context within which an error becomes a finding."""
        return _Collection(self, subject)

    def of(self, *levels: Level) -> list[Finding]:
        """Return the findings of these levels."""
        return [finding for finding in self.findings if finding.level in levels]

    def __str__(self) -> str:
        """Return a line per finding, and their numbers."""
        width = max((len(finding.subject) for finding in self.findings), default=0)
        return "\n".join([*(finding.line(width) for finding in self.findings), self.summary])

    @property
    def summary(self) -> str:
        """The number of errors and warnings, in one line."""
        errors = plural(len(self.of(Level.ERROR)), "error")
        return f"check: {errors}, {plural(len(self.of(Level.WARNING)), 'warning')}"

    def check(self) -> None:
        """Fail if there is an error.

        Raises:
            AutofocusError: the only error, or one that counts them.
        """
        errors = [finding.error for finding in self.findings if finding.error is not None]
        if len(errors) == 1:
            raise errors[0]
        if errors:
            count = InputDataError(f"{len(errors)} errors, listed above, would end this run.")
            # Environment only if nothing else is wrong.
            count.exit_status = max(error.exit_status for error in errors)
            if count.exit_status != min(error.exit_status for error in errors):
                count.exit_status = ExitStatus.INPUT
            raise count


@dataclass(frozen=True)
class _Collection:
    """Makes an error of a block a finding, and goes on behind the block."""

    report: Report
    subject: str

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> bool:
        if isinstance(error, AutofocusError):
            self.report.fail(self.subject, error)
        return isinstance(error, AutofocusError)

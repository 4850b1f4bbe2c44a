"""Where a task keeps what it has finished, so that another attempt goes on from there.

A pod may be deleted at any moment, for example with a spot node, and the launcher uploads outputs
only at the end of a task.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autofocus.containers.task import Task


class Progress:
    """Keeps nothing: every attempt starts anew."""

    def restore(self, part: str, folder: Path) -> bool:  # noqa: ARG002 - see the docstring
        """Bring the files that an earlier attempt kept.

        Args:
            part: what they are of, such as ``3/24``.
            folder: where they go; it is created.

        Returns:
            Whether there were any, all of them whole.
        """
        return False

    def save(self, part: str, folder: Path) -> None:
        """Keep all files of a folder, all of them or none.

        Args:
            part: what they are of, such as ``3/24``.
            folder: where they are.
        """

    def clear(self) -> None:
        """Remove all that was kept, as the task's outputs are complete."""


def open_progress(task: "Task") -> Progress:  # noqa: ARG001 - see `Progress`
    """Return where a task keeps its progress.

    Args:
        task: the task, whose parameter `progress` says where.
    """
    return Progress()

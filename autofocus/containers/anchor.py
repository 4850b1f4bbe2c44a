"""A tiny artifact that all downloads of a run depend on: the program of the anchor component.

Before a task starts, Kubeflow's launcher opens the bucket of an artifact from another run only for
the first artifact of each input. A list whose first artifact is of this run and whose second is
from the cache therefore can't be downloaded. The anchor prevents that: the tasks that take lists
take it too, and as every other task depends on it, nothing is from the cache unless the anchor is.
So wherever a list may hold cached artifacts, the anchor opens their bucket.
"""

import sys
from collections.abc import Sequence

from autofocus.containers.executor import write_output
from autofocus.containers.task import read_executor_input
from autofocus.options.command import guarded
from autofocus.runs import files

NAME = "anchor"


def write_anchor(words: Sequence[str]) -> None:
    """Write the anchor, whose content is always the same.

    Args:
        words: ``--executor_input`` and the executor input as JSON.

    Raises:
        InputDataError: it is no executor input.
    """
    executor_input = read_executor_input(words)
    path = executor_input.outputs[NAME].path
    files.write_text(path, "All tasks of this run depend on this file.\n", path.parent)
    write_output(executor_input, {NAME: {}})


if __name__ == "__main__":
    raise SystemExit(guarded(f"autofocus {NAME}", lambda: write_anchor(sys.argv[1:])))

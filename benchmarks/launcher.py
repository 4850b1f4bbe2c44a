"""Run one command, and write what it took: launcher.py RESULT COMMAND...

A process of its own, and a small one, since the most memory that Linux records of a command
starts at what the process that started it had. Only the standard library, so that it is small and
starts at once: `python -I -S launcher.py`.
"""

import json
import os
import sys
import time

DISCARD = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)


def launch(result: str, command: list[str]) -> int:
    """Run a command, and write its wall time (s), processor time (s) and most memory (bytes).

    Processor time is that of the command and of all processes that it has waited for; memory is
    that of the largest of them.

    Returns:
        The command's exit status.
    """
    start = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=[DISCARD])
    _, status, usage = os.wait4(child, 0)
    took = {
        "wall": time.perf_counter() - start,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss * 1024,
    }
    with open(result, "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib would double its start
        json.dump(took, file)
    return os.waitstatus_to_exitcode(status) & 0xFF


if __name__ == "__main__":
    raise SystemExit(launch(sys.argv[1], sys.argv[2:]))

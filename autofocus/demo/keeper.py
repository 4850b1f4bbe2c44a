"""Runs a command until it ends or whoever started us does: however that dies, nothing is left.

python keeper.py COMMAND...
"""

import os
import subprocess
import sys
import threading


def keep(command: list[str]) -> int:
    """Run the command, kill it when standard input ends, and return its exit status."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:  # noqa: S603 - as told

        def kill_at_the_end() -> None:
            # Not sys.stdin: Python can't end while a thread waits in its buffer.
            while os.read(0, 1024):
                pass
            process.kill()

        threading.Thread(target=kill_at_the_end, daemon=True).start()
        return process.wait()


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1:]))

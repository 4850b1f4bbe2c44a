"""Run a command, and kill it when the parent process ends, however that ends.

python keeper.py COMMAND...
"""

import os
import subprocess
import sys
import threading


def keep(command: list[str]) -> int:
    """Run the command, kill it when standard input ends, and return its exit status."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:  # noqa: S603 - our own command

        def kill_at_the_end() -> None:
            # Not sys.stdin: Python can't exit while a thread waits in its buffer.
            while os.read(0, 1024):
                pass
            process.kill()

        threading.Thread(target=kill_at_the_end, daemon=True).start()
        return process.wait()


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1:]))

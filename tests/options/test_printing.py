"""Claims about what is printed."""

import subprocess
import sys

import pytest

from autofocus.options.printing import harmless, message
from autofocus.redaction import without_secrets

SAY = """
import sys
from autofocus.options.command import guarded
def work():
    print("a progress line", file=sys.stderr, flush=True)
    print("the summary")
status = guarded("autofocus stage_x", work)
open(sys.argv[1], "w").write(str(int(status)))
"""


@pytest.mark.parametrize(
    ("redirection", "status", "said"),
    [
        ("", 0, "a progress line\n"),
        (">&-", 5, "can't be written (it is closed).\n"),
        (">/dev/full", 5, "can't be written (No space left on device).\n"),
        ("2>&-", 0, ""),
        ("2>/dev/full", 0, ""),
        (">&- 2>&-", 5, ""),
    ],
)
def test_lost_output_costs_no_work(
    redirection: str, status: int, said: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What can't be printed ends no command before its end, and only a lost summary counts."""
    path = tmp_path_factory.mktemp("streams") / "status"
    command = ["sh", "-c", f'"$@" {redirection}', "sh", sys.executable, "-c", SAY, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert path.read_text() == str(status)
    assert done.stderr.endswith(said)
    assert "Traceback" not in done.stderr


def test_messages_do_nothing_to_a_terminal() -> None:
    """Escapes, returns and changes of direction are shown; lines and accents stay."""
    assert harmless("a\x1b[31mb\rc\u202ed") == r"a\x1b[31mb\rc\u202ed"
    assert harmless("löwe\n狼\t✓") == "löwe\n狼\t✓"


def test_messages_repeat_no_text_that_fills_the_screen() -> None:
    """A long word is cut, a path less so."""
    assert message(f"no {'x' * 500}.") == f"no {'x' * 99}…"
    assert message(f"no {'x/' * 500}.") == f"no {'x/' * 149}x…"


def test_a_long_word_takes_no_time() -> None:
    """Secrets are looked for in time that grows with the length of a text, not with its square."""
    assert without_secrets("x" * 1_000_000) == "x" * 1_000_000

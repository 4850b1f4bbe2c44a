"""Claims about how often a task's progress is kept."""

import pytest

from autofocus.containers.watching import EVERY_S, INTERVAL, MAX_SHARE, pause_after


def test_a_slow_save_is_followed_by_a_long_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an interval, saves take a twentieth of the time at most."""
    monkeypatch.delenv(INTERVAL, raising=False)
    assert pause_after(0.1) == EVERY_S
    assert pause_after(30.0) == 30.0 / MAX_SHARE


@pytest.mark.parametrize(("given", "pause"), [("5", 5.0), ("0", 1.0), ("soon", EVERY_S)])
def test_a_given_interval_is_kept(
    monkeypatch: pytest.MonkeyPatch, given: str, pause: float
) -> None:
    """An interval of the environment holds however long a save takes; nonsense is ignored."""
    monkeypatch.setenv(INTERVAL, given)
    assert pause_after(2.0) == pause

"""Claims about the times of recurring runs."""

from datetime import datetime

import pytest

from autofocus.errors import SettingError
from pipelines.schedule import Schedule

# A Friday.
NOW = datetime(2026, 11, 27, 12, 30)


def times(text: str, number: int = 3) -> list[str]:
    return [f"{time:%Y-%m-%d %H:%M}" for time in Schedule.parse(text).times(NOW, number)]


@pytest.mark.parametrize(
    ("text", "cron", "expected"),
    [
        ("0 3 * * *", "0 0 3 * * *", ["2026-11-28 03:00", "2026-11-29 03:00"]),
        (" 30  12 * * * ", "0 30 12 * * *", ["2026-11-28 12:30", "2026-11-29 12:30"]),
        ("*/20 * * * *", "0 */20 * * * *", ["2026-11-27 12:40", "2026-11-27 13:00"]),
        ("5/30 4 * * *", "0 5/30 4 * * *", ["2026-11-28 04:05", "2026-11-28 04:35"]),
        ("0 6,18 * * mon-fri", "0 0 6,18 * * 1,2,3,4,5", ["2026-11-27 18:00", "2026-11-30 06:00"]),
        ("0 0 * * 7", "0 0 0 * * 0", ["2026-11-29 00:00", "2026-12-06 00:00"]),
        ("0 0 * * 5-7", "0 0 0 * * 0,5,6", ["2026-11-28 00:00", "2026-11-29 00:00"]),
        ("0 0 1 * SUN", "0 0 0 1 * 0", ["2026-11-29 00:00", "2026-12-01 00:00"]),
        ("0 0 29 2 *", "0 0 0 29 2 *", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("0 0 2,*/30 * mon", "0 0 0 1,2,31 * 1", ["2026-11-30 00:00", "2026-12-01 00:00"]),
        ("@Weekly", "0 0 0 * * 0", ["2026-11-29 00:00", "2026-12-06 00:00"]),
    ],
)
def test_five_fields_are_sent_with_one_for_seconds(
    text: str, cron: str, expected: list[str]
) -> None:
    """The five fields of cron become Kubeflow's six, which start runs at the same times."""
    assert Schedule.parse(text).cron == cron
    assert times(text, 2) == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "give the five fields of cron"),
        ("3", "give the five fields of cron"),
        ("0 0 3 * * *", "give the five fields of cron"),
        ("@reboot", "give the five fields of cron"),
        ("60 3 * * *", "the minute can't be '60': give *, or numbers of 0 to 59"),
        ("0 24 * * *", "the hour can't be '24'"),
        ("0 3 0 * *", "the day of the month can't be '0'"),
        ("0 3 * 13 *", "the month can't be '13': give *, or numbers of 1 to 12 or jan to dec"),
        ("0 3 * * 8", "the day of the week can't be '8'"),
        ("0 3 * * monday", "the day of the week can't be 'monday'"),
        ("*/0 3 * * *", "the minute can't be '*/0'"),
        ("5-1 3 * * *", "the minute can't be '5-1'"),
        ("1-2-3 3 * * *", "the minute can't be '1-2-3'"),
        ("0 3, * * *", "the hour can't be '3,'"),
        ("0 3 L * *", "the day of the month can't be 'l'"),
        ("0 ٣ * * *", "the hour can't be '٣'"),
        ("0 3 30 2 *", "no day fits '0 3 30 2 *'"),
    ],
)
def test_what_is_no_schedule_is_said(text: str, told: str) -> None:
    """A field that can't be read, and a date that never comes, are one sentence each."""
    with pytest.raises(SettingError) as caught:
        Schedule.parse(text)
    assert told in str(caught.value)

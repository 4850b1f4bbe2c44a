"""When a recurring run starts: five fields of cron, as people write them, in UTC.

Kubeflow's cron has a field for seconds before them and no name for 7 as Sunday; given five fields
it would take the first for seconds, and start a run every hour in place of every night. So five
fields are read and checked here, and sent as six.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from autofocus.errors import SettingError
from autofocus.options.settings import shown


class Field(NamedTuple):
    """A field of cron.

    Attributes:
        name: its name in messages.
        least: its least value.
        most: its greatest value.
        names: names of values, from the least on.
    """

    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day of the month", 1, 31),
    Field("month", 1, 12, _MONTHS),
    Field("day of the week", 0, 7, _DAYS),
)
_SUNDAY, _ALSO_SUNDAY = 0, 7
_SHORTHANDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_STEP = re.compile(r"(?P<range>[^/]+)(?:/(?P<step>\d{1,4}))?", re.ASCII)
# A 29 February is never longer away.
_FARTHEST_DAYS = 8 * 366
EXAMPLE = '"0 3 * * *" for every night at 3:00 UTC'


@dataclass(frozen=True)
class Schedule:
    """The times at which a recurring run starts, in UTC.

    Attributes:
        minutes: the minutes of an hour.
        hours: the hours of a day.
        days: the days of a month.
        months: the months.
        weekdays: the days of the week, from 0 for Sunday.
        is_either: whether a day of the month or one of the week is enough, as where cron has both.
        cron: Kubeflow's form, with a field for seconds.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    is_either: bool
    cron: str

    @classmethod
    def parse(cls, text: str) -> "Schedule":
        """Read five fields of cron, or a word such as @daily.

        Raises:
            SettingError: they can't be read, or no time ever fits.
        """
        words = _SHORTHANDS.get(text.strip().lower(), text).lower().split()
        if len(words) != len(_FIELDS):
            raise SettingError(
                "every: give the five fields of cron (minute, hour, day of the month, month, day "
                f"of the week), such as {EXAMPLE}, not {shown(text)}."
            )
        values = [_values(field, word) for field, word in zip(_FIELDS, words, strict=True)]
        minutes, hours, days, months, weekdays = values
        weekdays = tuple(sorted({_SUNDAY if day == _ALSO_SUNDAY else day for day in weekdays}))
        is_either = not any(map(_is_star, (words[2], words[4])))
        # Numbers, as Kubeflow's cron has no 7, and takes a list with a * in it for a *.
        for number, chosen in ((2, days), (4, weekdays)):
            if not _is_star(words[number]):
                words[number] = ",".join(map(str, chosen))
        cron = " ".join(["0", *words])
        schedule = cls(minutes, hours, days, months, weekdays, is_either, cron)
        if not list(schedule.times(datetime(2000, 1, 1), 1)):
            raise SettingError(
                f"every: no day fits {shown(text)}: check the day of the month and the month."
            )
        return schedule

    def times(self, after: datetime, number: int) -> Iterator[datetime]:
        """Yield the next times.

        Args:
            after: a time in UTC, later than which they are.
            number: how many times to yield.
        """
        midnight = after.replace(hour=0, minute=0, second=0, microsecond=0)
        for day in range(_FARTHEST_DAYS):
            date = midnight + timedelta(days=day)
            if not self._has_day(date):
                continue
            for hour in self.hours:
                for minute in self.minutes:
                    time = date.replace(hour=hour, minute=minute)
                    if time > after:
                        yield time
                        number -= 1
                    if number == 0:
                        return

    def _has_day(self, date: datetime) -> bool:
        is_day = date.day in self.days
        # Sunday is 7 of isoweekday.
        is_weekday = date.isoweekday() % _ALSO_SUNDAY in self.weekdays
        fits = is_day or is_weekday if self.is_either else is_day and is_weekday
        return fits and date.month in self.months


def _is_star(word: str) -> bool:
    """Return whether cron takes a field of days for one that doesn't restrict them."""
    return word.startswith(("*", "?")) and "," not in word


def _values(field: Field, word: str) -> tuple[int, ...]:
    """Return the values of a field, in rising order."""
    values: set[int] = set()
    for part in word.split(","):
        match = _STEP.fullmatch(part)
        step = int(match["step"] or 1) if match else 0
        if match is None or step == 0:
            raise _unreadable(field, word)
        first, last = _ends(field, match["range"], word, has_step=match["step"] is not None)
        values.update(range(first, last + 1, step))
    return tuple(sorted(values))


def _ends(field: Field, text: str, word: str, *, has_step: bool) -> tuple[int, int]:
    """Return the first and the last value of a range such as `*`, `3` or `mon-fri`."""
    if text in {"*", "?"}:
        # As days of the week, 0 and 7 are the same.
        return field.least, field.most - (field.most == _ALSO_SUNDAY)
    ends = [_number(field, end, word) for end in text.split("-")]
    if len(ends) > 2 or ends != sorted(ends):  # noqa: PLR2004 - the first and the last
        raise _unreadable(field, word)
    # From 5 on, every 10th: as cron reads 5/10.
    return ends[0], field.most if has_step and len(ends) == 1 else ends[-1]


def _number(field: Field, text: str, word: str) -> int:
    if text in field.names:
        return field.names.index(text) + field.least
    if not re.fullmatch(r"\d{1,4}", text, re.ASCII) or not (
        field.least <= int(text) <= field.most
    ):
        raise _unreadable(field, word)
    return int(text)


def _unreadable(field: Field, word: str) -> SettingError:
    names = f" or {field.names[0]} to {field.names[-1]}" if field.names else ""
    return SettingError(
        f"every: the {field.name} can't be {shown(word)}: give *, or numbers of {field.least} to "
        f"{field.most}{names}, with commas, ranges (1-5) and steps (*/2)."
    )

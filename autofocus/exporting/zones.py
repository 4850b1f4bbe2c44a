"""Time zones by name or by offset."""

import re
from datetime import timedelta, timezone, tzinfo

from autofocus.errors import SettingError

_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")


def read_zone(text: str) -> tzinfo:
    """Return a time zone.

    Args:
        text: a name such as `America/Chicago`, an offset such as `-0600`, or `Z`.

    Raises:
        SettingError: there is no such time zone.
    """
    if text in ("Z", "UTC"):
        return timezone.utc
    if match := _OFFSET.fullmatch(text):
        offset = timedelta(hours=int(match[2]), minutes=int(match[3]))
        if offset < timedelta(days=1):
            return timezone(-offset if match[1] == "-" else offset)
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingError(
            f"timezone: {text!r} is not a known time zone: give a name such as America/Chicago, "
            "or an offset such as -0600."
        ) from None

"""The names of events, for stages without numpy, too."""

from datetime import datetime


def name_event(place: str, label: str, start: datetime) -> str:
    """Return the name of an event.

    Args:
        place: its location, or its camera's folder where the location is unknown; empty if the
            images lie in no folder.
        label: what its images show.
        start: the time of its first image.
    """
    return "@".join(filter(None, (place, label, start.isoformat())))

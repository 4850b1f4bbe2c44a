"""Reading options of predictions, without the packages that make them."""

from collections.abc import Sequence

from autofocus.errors import SettingError
from autofocus.options.settings import shown

# Minutes without an image of the same label, after which another event begins.
DEFAULT_GAP_MIN = 30.0


def parse_thresholds(texts: Sequence[str]) -> dict[str, float]:
    """Return thresholds by label from texts such as ``raccoon=0.8``.

    Raises:
        SettingError: a text is not of that form, or its threshold not from 0 to 1.
    """
    thresholds = {}
    for text in texts:
        label, equals, value = text.rpartition("=")
        if not (equals and label and _is_share(value)):
            raise SettingError(
                "threshold must be a label and a share from 0 to 1, such as raccoon=0.8, "
                f"not {shown(text)}."
            )
        thresholds[label] = float(value)
    return thresholds


def _is_share(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False

"""Animals that were missed: images that were called empty and are not."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.evaluation.bootstrap import Tally
from autofocus.evaluation.judged import Answers, any_of


def columns(
    answers: Answers, labels: Sequence[str], empty: Sequence[str]
) -> dict[str, NDArray[Any]]:
    """Return what is summed up over images.

    An image is called empty if it is given such a label and no other; it shows something if it has
    any other in truth.
    """
    others = np.array([label not in empty for label in labels], bool)
    called = any_of(answers.given) & ~any_of(answers.given[:, others])
    shown = any_of(answers.there[:, others])
    return {"called": called, "shown": shown, "missed": called & shown}


def describe(tally: Tally, labels: Sequence[str], empty: Sequence[str]) -> dict[str, Any] | None:
    """Return how often what was called empty shows something; None without such labels."""
    known = [label for label in labels if label in empty]
    if not known:
        return None
    return {
        "labels": known,
        "called": int(tally.all["called"][0, 0]),
        "missed": int(tally.all["missed"][0, 0]),
        **tally.share("missed", "called")[0].to_json("miss_rate"),
        "shown": int(tally.all["shown"][0, 0]),
        **tally.share("missed", "shown")[0].to_json("lost_share"),
    }

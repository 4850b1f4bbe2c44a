"""The rejected share of a run whose images are divided into shards.

A shard is a small sample: 1 of 9 images is 11 %, and says little about a run of a million. So a
task of some shards fails only when they are hopeless, and records its share with its outputs. The
task where all shards are merged checks the share over the whole run.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from autofocus.errors import TooManyRejectedError
from autofocus.runs.ledger import Reason, Share

# The stages that work on one shard, in order, and their components.
STAGES = {
    "download_images": "download",
    "preprocess_images": "preprocess",
    "predict": "predict",
}
# The outputs that carry the shares to the next stage, and to the task where all shards meet. With
# all outputs of all pods, they would be too much for that task.
RECORDED = frozenset({"images", "image_properties", "ledger", "predictions"})
# A shard is hopeless if a run just within its limit has such a shard with a lower probability.
HOPELESS = 0.005
# Below this number of inputs, only a shard of which all were rejected is hopeless.
ENOUGH_INPUTS = 100


def check_shard(
    share: Share,
    limit: float,
    where: str = "this shard",
    parameter: str = "max_rejected",
    *,
    is_of_new: bool = False,
) -> None:
    """Fail if the shards of a task are hopeless, whatever all others hold.

    Args:
        share: the share that the task rejected.
        limit: the largest share allowed in the whole run, 0 to 1.
        where: the shards, for the message.
        parameter: the parameter that sets the limit, for the message.
        is_of_new: whether the run takes only new images, of which there may be few: then it is
            only where all shards meet that all of a few are too many.

    Raises:
        TooManyRejectedError: all inputs were rejected, or such a share of at least 100 that
            chance doesn't explain it in a run within the limit.
    """
    is_all = share.rejected == share.inputs and not is_of_new
    if (is_all or share.inputs >= ENOUGH_INPUTS) and _is_hopeless(share, limit):
        raise TooManyRejectedError(
            f"{share} in {where}: more than chance explains where {parameter} allows the share of "
            f"{limit:g} in the whole run."
        )


def _is_hopeless(share: Share, limit: float) -> bool:
    return share.is_above(limit) and _chance(share, limit) < HOPELESS


def _chance(share: Share, limit: float) -> float:
    """Return an upper bound of the probability of such a share or a larger one.

    Each input is rejected with the probability `limit`. The bound is that of Hoeffding
    (Probability inequalities for sums of bounded random variables, 1963, theorem 1), which is
    exact where all inputs were rejected.
    """
    observed = share.rejected / share.inputs
    divergence = _part(observed, limit) + _part(1 - observed, 1 - limit)
    return math.exp(-share.inputs * divergence)


def _part(observed: float, expected: float) -> float:
    if observed == 0:
        return 0.0
    return observed * math.log(observed / expected) if expected else math.inf


def to_metadata(stage: str, share: Share) -> dict[str, int]:
    """Return a share as metadata of an artifact.

    Args:
        stage: the stage's name, with which the keys begin.
        share: the share that its task of this shard rejected.
    """
    reasons = {f"{stage}_{reason}": number for reason, number in sorted(share.reasons.items())}
    return {f"{stage}_inputs": share.inputs, **reasons}


def from_metadata(stage: str, metadata: Mapping[str, Any]) -> Share | None:
    """Read a share from an artifact's metadata; None if there is none of this stage."""
    inputs = metadata.get(f"{stage}_inputs")
    if inputs is None:
        return None
    reasons = {reason.value: metadata.get(f"{stage}_{reason.value}", 0) for reason in Reason}
    return Share(int(inputs), {name: int(number) for name, number in reasons.items() if number})


def check_run(
    stage: str,
    shares: Iterable[Share],
    limit: float,
    parameter: str,
    *,
    is_of_new: bool = False,
) -> None:
    """Fail if too large a share was rejected over all shards.

    Args:
        stage: the stage that rejected them.
        shares: of each task.
        limit: the largest share allowed, 0 to 1.
        parameter: the pipeline's parameter that sets the limit, for the message.
        is_of_new: whether the run takes only new images: then it fails only if chance doesn't
            explain the share, so that one broken image among the few of a night doesn't end each
            run from then on.

    Raises:
        TooManyRejectedError: more than `limit` of all inputs were rejected.
    """
    shares = list(shares)
    reasons: Counter[str] = Counter()
    for share in shares:
        reasons.update(share.reasons)
    total = Share(sum(share.inputs for share in shares), dict(reasons.most_common()))
    if _is_hopeless(total, limit) if is_of_new else total.is_above(limit):
        number = f"all {len(shares)} tasks" if len(shares) > 1 else "the only task"
        raise TooManyRejectedError(
            f"{total} by {stage} in {number}, more than the share of {limit:g} that {parameter} "
            f"allows: the logs of its tasks name them, and their ledgers list them all."
        )

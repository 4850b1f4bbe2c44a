"""Whether the report's intervals hold: `python -m benchmarks.intervals` writes INTERVALS.md.

Places are simulated whose true accuracy is known, and it is counted how often the interval holds
it: ours, the percentiles of a plain bootstrap over places, and Wilson's on photographs, which
takes photographs of one place for independent.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus import __version__
from autofocus.evaluation import counting
from autofocus.evaluation.bootstrap import GroupSums
from autofocus.evaluation.intervals import Interval, linear_variance, score_interval, wilson
from autofocus.evaluation.metrics import Estimate
from autofocus.evaluation.predictions import classify
from benchmarks.measure import publish

PLACES = (3, 5, 8, 12, 20, 50)
ACCURACIES, CORRELATIONS, EQUAL = (0.5, 0.8, 0.95, 0.99), (0.02, 0.1, 0.3, 0.5), (True, False)
SIMULATIONS, RESAMPLES, PHOTOGRAPHS = 1000, 200, 20
WAYS = ("ours", "percentiles", "photographs")
# Of the whole evaluation: classes, how many of them live at a place, and what is asked of each.
CLASSES, AT_A_PLACE, MANY_PLACES, EVALUATIONS = 6, (1, 2, 4), 20_000, 250
COMMONNESS = (0.35, 0.25, 0.15, 0.12, 0.08, 0.05)
# How well each class is recognised: the logit of its recall, and how much that differs by place.
EASE, SPREAD = (1.0, 0.5, 1.5, 0.0, 2.0, 3.0), 1.2

TEXT = """# Coverage of the confidence intervals

Each place has an accuracy of its own, from a beta distribution; {photographs} photographs each, or very
unequal numbers (log-normal, sigma 1.2); true accuracies of {accuracies}; correlations within places of
{correlations}. That makes {cases} cases a row, with {simulations:,} simulations each. *Holds*: how often
the true accuracy at new places lies in the interval, on average over the cases, and in the worst; it
should be 95 %. Autofocus {version}; `python -m benchmarks.intervals` gives this text anew.

| places | ours holds (worst) | width | percentiles of a bootstrap over places hold (worst) | width | Wilson on photographs holds (worst) | width |
|---:|---:|---:|---:|---:|---:|---:|
{table}

The accuracy on a new sample of five times as many places lay in our interval in {later} of all
simulations; on a new sample of as many places, which is as uncertain as the first one, in {again}.

With {classes} classes, of which {at_a_place} live at a place and are mixed up differently at each, the
whole evaluation held the truth as often ({evaluations} simulations for each of these with 3, 5, 10, 20
and 50 places; the lowest and the highest share):

| figure | holds |
|---|---:|
{figures}
"""  # noqa: E501 - a table's row

Random = np.random.Generator


@dataclass
class Held:
    """How often intervals held.

    Attributes:
        hits: by name, whether each held.
        widths: by name, how wide each was.
    """

    hits: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    widths: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, interval: Interval | Sequence[float] | None, truth: float) -> None:
        """Take down an interval; one that isn't given says nothing, and is left out."""
        if interval is not None:
            self.hits[name].append(bool(interval[0] <= truth <= interval[1]))
            self.widths[name].append(float(interval[1] - interval[0]))

    def share(self, name: str) -> float:
        """Return how often one held."""
        return float(np.mean(self.hits[name]))

    def width(self, name: str) -> float:
        """Return how wide one was on average."""
        return float(np.mean(self.widths[name]))


def simulate(
    places: int, accuracy: float, correlation: float, equal: bool, random: Random
) -> Held:
    """Simulate one case."""
    held = Held()
    for _ in range(SIMULATIONS):
        rights, sizes = _draw(places, accuracy, correlation, equal, random)
        share = float(rights.sum() / sizes.sum())
        owners = np.zeros(places, np.int64)
        variance = linear_variance(np.array([share]), rights, sizes, owners)[0]
        ours = score_interval(share, float(variance), sizes)
        held.add("ours", ours, accuracy)
        weights = random.multinomial(places, np.full(places, 1 / places), size=RESAMPLES)
        drawn = (weights @ rights) / (weights @ sizes)
        held.add("percentiles", np.percentile(drawn, [2.5, 97.5]).tolist(), accuracy)
        held.add("photographs", wilson(int(rights.sum()), int(sizes.sum())), accuracy)
        for name, number in (("again", places), ("later", 5 * places)):
            new, new_sizes = _draw(number, accuracy, correlation, equal, random)
            held.add(name, ours, float(new.sum() / new_sizes.sum()))
    return held


def _draw(
    places: int, accuracy: float, correlation: float, equal: bool, random: Random
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how many photographs of each place are right, and how many there are."""
    sizes = np.full(places, float(PHOTOGRAPHS))
    if not equal:
        sizes = np.maximum(1, np.round(random.lognormal(2.5, 1.2, places)))
    sharpness = (1 - correlation) / correlation
    own = random.beta(accuracy * sharpness, (1 - accuracy) * sharpness, places)
    return random.binomial(sizes.astype(int), own).astype(float), sizes


def _row(places: int, cases: Sequence[Held]) -> str:
    cells = []
    for way in WAYS:
        shares = [case.share(way) for case in cases]
        width = np.mean([case.width(way) for case in cases])
        cells.append(f"{np.mean(shares):.0%} ({min(shares):.0%}) | {width:.2f}")
    return f"| {places} | {' | '.join(cells)} |"


def evaluate(at_a_place: int, random: Random) -> Iterator[Held]:
    """Simulate whole evaluations of classes that live at some places only."""
    everywhere = _tally(*_photographs(MANY_PLACES, at_a_place, random), 0)
    truth = dict(_figures(everywhere))
    for places in (3, 5, 10, 20, 50):
        held = Held()
        for _ in range(EVALUATIONS):
            tally = _tally(*_photographs(places, at_a_place, random), 300)
            for (name, place), (_, interval) in _figures(tally):
                true = truth[name, place][0]
                if true is not None:
                    held.add(name, interval, true)
        yield held


def _photographs(
    places: int, at_a_place: int, random: Random
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    """Return the true classes, the answers and the places of photographs."""
    there, given, names = [], [], []
    for place in range(places):
        living = random.choice(CLASSES, size=at_a_place, replace=False, p=COMMONNESS)
        skill = random.normal(0, SPREAD)
        for kind in living.tolist():
            number = max(1, int(random.lognormal(2, 0.8)))
            ease = EASE[kind] + skill + random.normal(0, SPREAD / 2)
            right = random.random(number) < 1 / (1 + np.exp(-ease))
            wrong = random.choice(random.permutation(CLASSES)[:2], number)
            wrong = np.where(wrong == kind, (kind + 1) % CLASSES, wrong)
            there.append(np.full(number, kind))
            given.append(np.where(right, kind, wrong))
            names += [f"{place:05}"] * number
    return np.concatenate(there), np.concatenate(given), names


def _tally(
    there: NDArray[np.int64], given: NDArray[np.int64], places: Sequence[str], resamples: int
) -> GroupSums:
    known = np.eye(CLASSES, dtype=bool)
    classification = classify(known[given].astype(float), known[there], multilabel=False)
    columns = counting.columns(classification)
    return GroupSums.from_columns(columns, places, resamples, seed=0)


def _figures(tally: GroupSums) -> Iterator[tuple[tuple[str, int], tuple[float | None, Any]]]:
    """Yield name and class of each figure, its value and its interval."""
    accuracy = counting.accuracy(tally)
    yield ("accuracy", 0), (accuracy.value, accuracy.interval)
    if (tally.total["true"] > 0).all():
        balanced = counting.balanced_accuracy(tally, multilabel=False)
        yield ("balanced accuracy, all classes tested", 0), (balanced.value, balanced.interval)
    labels = [str(number) for number in range(CLASSES)]
    for place, row in enumerate(counting.per_class(tally, labels)):
        for name in ("precision", "recall", "f1"):
            estimate: Estimate = getattr(row, name)
            yield (name.replace("f1", "F1"), place), (estimate.value, estimate.interval)


def measure() -> str:
    """Simulate all, and return the text."""
    random = np.random.default_rng(0)
    rows, every = [], []
    for places in PLACES:
        cases = [
            simulate(places, accuracy, correlation, equal, random)
            for equal, accuracy, correlation in product(EQUAL, ACCURACIES, CORRELATIONS)
        ]
        rows.append(_row(places, cases))
        every.append({name: [case.share(name) for case in cases] for name in ("again", "later")})
        print(rows[-1], flush=True)
    evaluations = [held for number in AT_A_PLACE for held in evaluate(number, random)]
    return TEXT.format(
        photographs=PHOTOGRAPHS,
        accuracies=_listed(ACCURACIES, "{:.0%}"),
        correlations=_listed(CORRELATIONS, "{}"),
        cases=len(ACCURACIES) * len(CORRELATIONS) * len(EQUAL),
        simulations=SIMULATIONS,
        version=__version__,
        table="\n".join(rows),
        later=_range([float(np.mean(row["later"])) for row in every]),
        again=_range([float(np.mean(row["again"])) for row in every]),
        classes=CLASSES,
        at_a_place=_listed(AT_A_PLACE, "{}", "or"),
        evaluations=EVALUATIONS,
        figures="\n".join(
            f"| {name} | {_range([held.share(name) for held in evaluations if held.hits[name]])} |"
            for name in dict.fromkeys(name for held in evaluations for name in held.hits)
        ),
    )


def _range(shares: Sequence[float]) -> str:
    return f"{min(shares):.0%} to {max(shares):.0%}"


def _listed(values: Sequence[float], form: str, last: str = "and") -> str:
    *first, end = map(form.format, values)
    return f"{', '.join(first)} {last} {end}"


if __name__ == "__main__":
    raise SystemExit(publish("INTERVALS.md", lambda _: measure()))

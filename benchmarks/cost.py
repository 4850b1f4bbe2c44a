"""What a run on a cluster costs: `python -m benchmarks.cost`, from the rates in rates.json.

`--measure` measures the rates on this machine first. Prices and nodes are assumptions, which can
be given; resources and limits of tasks are those of the pipelines.
"""

import argparse
import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from autofocus.training.recipe import MAX_SAMPLED
from benchmarks.cost_assumptions import ABOVE_0, PODS, Assumptions
from benchmarks.rates import PARTS, RATES, Rates, measure_rates, read_rates
from pipelines.quantities import parse_memory
from pipelines.resources import RESOURCES

HOUR, KB, GB = 3600.0, 1e3, 1e9
IMAGES = (100_000, 10_000_000, 1_000_000_000)
# Rows of which S3 lists so many at a time, and the size of the files that images are packed into.
PAGE, TAR = 1000, 1 << 30
# How often a head is fitted to all images: to measure, to save, and on two thirds for calibration.
FITS = 1 + 1 + 3 * 2 / 3
# The largest object that S3 takes in one request, as which a table is uploaded.
MOST_PUT = 5e9
Kind = Literal["train", "label"]
Node = Literal["many", "single"]


@dataclass(frozen=True)
class Work:
    """The work of a stage.

    Attributes:
        stage: the component.
        pods: the number of its tasks.
        seconds: how long each takes, without its two steps.
        node: the kind of its node: one of many, for which spot nodes do, or a single large one.
        processor: processor seconds of all its tasks.
        memory: bytes of memory that each takes beyond what it takes without images.
        disk: bytes on the larger of its two volumes, for scratch and for artifacts.
        moved: bytes that all its tasks read from stores and write to them.
        stored: bytes that they leave in the pipeline root.
        gets, puts: requests to S3.
    """

    stage: str
    pods: int
    seconds: float
    node: Node
    processor: float
    memory: float
    disk: float
    moved: float
    stored: float
    gets: float
    puts: float

    def problems(self) -> Iterator[str]:
        """Yield the limits of the pipelines' resources that it exceeds."""
        resources = RESOURCES[self.stage]
        limits = (
            ("memory", self.memory, float(parse_memory("memory", resources.memory)), GB, "GB"),
            ("disk", self.disk, float(parse_memory("disk", resources.disk)), GB, "GB"),
            ("time", self.seconds, resources.seconds, HOUR, "h"),
        )
        for name, needed, limit, unit, text in limits:
            if needed > limit:
                yield f"{self.stage}: {name} {needed / unit:,.0f} of {limit / unit:,.0f} {text}"


@dataclass(frozen=True)
class Model:
    """Computes the work of a run.

    Attributes:
        rates: what was measured.
        given: what wasn't.
    """

    rates: Rates
    given: Assumptions

    def works(self, kind: Kind, images: int) -> list[Work]:
        """Return the work of each stage of a run on so many images."""
        first = self._ingest(images)
        if kind == "label":
            return [first, self._predict(images), self._publish(images)]
        return [first, self._embed(images), self._clean(images), self._link(images),
                self._retrain(images)]  # fmt: skip

    @property
    def _original(self) -> float:
        return self.given.original or self.rates.sizes["original"]

    @property
    def _embeddings(self) -> float:
        return self.rates.sizes["embeddings"] * self.given.copies

    def _pods(self, images: int) -> int:
        return min(self.given.pods, PODS, images)

    def _spread(
        self, stage: str, images: int, seconds: float, *, read: float, written: float,
        memory: float = 0.0, disk: float = 0.0, wait: float = 0.0, gets: float = 0.0,
    ) -> Work:  # fmt: skip
        """Return the work of tasks on some of the images each.

        Args:
            stage: the component.
            images: the number of all images.
            seconds: processor seconds per image.
            read: bytes per image that are read.
            written: bytes per image that are written.
            memory: bytes that each task holds.
            disk: bytes per image on a task's disk.
            wait: seconds of each task beyond that.
            gets: requests of all tasks beyond those for artifacts.
        """
        pods = self._pods(images)
        start, each = self.rates.start.get(stage, 0.0), images / pods
        moved = read + written
        busy = start + each * (seconds / self.given.cores + moved / self.given.transfer) + wait
        files = images * written / TAR + 10 * pods
        return Work(
            stage, pods, busy, "many", images * seconds + start * pods, memory, each * disk,
            images * moved, images * written, files + gets, files,
        )  # fmt: skip

    def _ingest(self, images: int) -> Work:
        rates, sizes = self.rates.seconds, self.rates.sizes
        pages = images / PAGE
        return self._spread(
            "ingest", images, rates["download"] + rates["preprocess"],
            read=self._original, written=sizes["prepared"] + sizes["tables"],
            # A shard's originals at a time are few beside all prepared images.
            memory=images * self.rates.memory["listing"], disk=sizes["prepared"],
            wait=pages * self.given.page, gets=images + pages * self._pods(images),
        )  # fmt: skip

    def _embed(self, images: int) -> Work:
        prepared, made = self.rates.sizes["prepared"], self._embeddings
        seconds = self.rates.seconds["embed"] * self.given.copies
        return self._spread(
            "embed", images, seconds, read=prepared, written=made, disk=prepared + made
        )

    def _predict(self, images: int) -> Work:
        prepared, made = self.rates.sizes["prepared"], self.rates.sizes["predictions"]
        return self._spread(
            "predict", images, self.rates.seconds["predict"], read=prepared, written=made,
            disk=prepared,
        )  # fmt: skip

    def _single(
        self, stage: str, images: int, seconds: float, *, read: float, written: float,
        memory: float, disk: float,
    ) -> Work:  # fmt: skip
        """Return the work of the only task of a stage, which uses one processor."""
        busy = self.rates.start.get(stage, 0.0) + images * seconds
        moved = images * (read + written)
        files = 10 * self._pods(images)
        return Work(
            stage, 1, busy + moved / self.given.transfer, "single", busy, images * memory,
            images * disk, moved, images * written, files, 10,
        )  # fmt: skip

    def _clean(self, images: int) -> Work:
        size = self.rates.sizes["tables"]
        seconds, memory = self.rates.seconds["clean"], self.rates.memory["clean"]
        return self._single(
            "clean", images, seconds, read=size, written=size, memory=memory, disk=2 * size
        )

    def _link(self, images: int) -> Work:
        size = self.rates.sizes["tables"]
        seconds, memory = self.rates.seconds["link"], self.rates.memory["link"]
        return self._single(
            "link", images, seconds, read=size, written=size, memory=memory, disk=2 * size
        )

    def _retrain(self, images: int) -> Work:
        made, rates = self._embeddings, self.rates.seconds
        # The strength of regularisation is chosen on a sample.
        sampled = min(1.0, MAX_SAMPLED / images)
        seconds = (sampled * rates["choose"] + FITS * rates["fit"]) * self.given.copies
        return self._single(
            "retrain", images, seconds, read=made, written=0.0, memory=0.0, disk=made
        )

    def _publish(self, images: int) -> Work:
        size, memory = self.rates.sizes["predictions"], self.rates.memory["publish"]
        seconds = self.rates.seconds["publish"]
        # The table is stored as output, as that of the run and as the latest one.
        return self._single(
            "publish", images, seconds, read=size, written=3 * size, memory=memory, disk=2 * size
        )


@dataclass(frozen=True)
class Estimate:
    """The cost of a run.

    Attributes:
        images: the number of images.
        works: the work of each stage.
        given: the assumptions.
    """

    images: int
    works: Sequence[Work]
    given: Assumptions

    @property
    def pods(self) -> int:
        """The number of tasks, the anchor included."""
        return 1 + sum(work.pods for work in self.works)

    @property
    def hours(self) -> float:
        """How long it takes: one stage after the other, each pod of a stage at the same time."""
        # The drivers of the pipeline, of the one inside it, of its loop and of its items; and for
        # each task that of its own, and the start of its pod.
        steps = 4 + 2 * (1 + len(self.works))
        return (steps * self.given.step + sum(work.seconds for work in self.works)) / HOUR

    @property
    def core_hours(self) -> float:
        """Hours of processors that compute."""
        return sum(work.processor for work in self.works) / HOUR

    def dollars(self, node: float) -> float:
        """Return what nodes, requests and a month of storage cost.

        Args:
            node: the price of a node's hour, for tasks of which there are many.
        """
        step = 2 * self.given.step
        nodes = sum(
            work.pods * (work.seconds + step) / HOUR
            * (node if work.node == "many" else self.given.large)
            for work in self.works
        )  # fmt: skip
        requests = sum(
            work.gets * self.given.get + work.puts * self.given.put for work in self.works
        )
        return nodes + requests / PAGE + self.stored / GB * self.given.storage

    @property
    def stored(self) -> float:
        """Bytes in the pipeline root."""
        return sum(work.stored for work in self.works)

    @property
    def moved(self) -> float:
        """Bytes from and to stores."""
        return sum(work.moved for work in self.works)

    def problems(self) -> list[str]:
        """Return the limits that it exceeds."""
        found = [problem for work in self.works for problem in work.problems()]
        table = next((work for work in self.works if work.stage == "publish"), None)
        if table is not None and (size := table.stored / 3) > MOST_PUT:
            found.append(f"publish: table {size / GB:,.0f} of {MOST_PUT / GB:,.0f} GB per object")
        return found


def most_images(model: Model, kind: Kind) -> int:
    """Return how many images a run takes within all limits, to two digits."""

    def fits(images: int) -> bool:
        return not Estimate(images, model.works(kind, images), model.given).problems()

    low, high = 0.0, 11.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if fits(int(10**middle)) else (low, middle)
    digits = 10 ** (math.floor(low) - 1)
    return int(10**low) // digits * digits if low > 1 else int(10**low)


def report(model: Model, images: Sequence[int]) -> str:
    """Return the rates and the cost of runs as Markdown."""
    return "\n\n".join([_rates(model.rates), *(_costs(model, kind, images) for kind in _KINDS)])


_KINDS: tuple[Kind, ...] = ("label", "train")


def _rates(rates: Rates) -> str:
    head = (
        f"Rates on {rates.machine}, Python {rates.python}, Autofocus {rates.autofocus} (load "
        f"{rates.load:g}), processor seconds counted:\n\n"
        "| stage | images per second and core | start (s) |\n|---|---:|---:|"
    )
    rows = [
        f"| {stage} | {_per_second(seconds)} | {rates.start[stage]:.1f} |"
        for stage, seconds in rates.seconds.items()
    ]
    sizes = ", ".join(f"{name} {size / KB:,.1f} KB" for name, size in rates.sizes.items())
    return "\n".join([head, *rows]) + f"\n\nBytes per image: {sizes}."


def _per_second(seconds: float) -> str:
    return f"{1 / seconds:,.0f}" if seconds else "-"


def _costs(model: Model, kind: Kind, images: Sequence[int]) -> str:
    head = (
        f"`{kind}`, {model.given.pods} pods at the same time:\n\n"
        "| images | tasks | hours | core hours | pipeline root (GB) | moved (GB) | on demand ($) "
        "| spot ($) | beyond the limits |\n|---:|---:|---:|---:|---:|---:|---:|---:|---|"
    )
    most = most_images(model, kind)
    rows = []
    for number in images:
        one = Estimate(number, model.works(kind, number), model.given)
        problems = "; ".join(one.problems()) or "-"
        rows.append(
            f"| {number:,} | {one.pods} | {one.hours:,.1f} | {one.core_hours:,.0f} "
            f"| {one.stored / GB:,.0f} | {one.moved / GB:,.0f} "
            f"| {one.dollars(model.given.node):,.0f} | {one.dollars(model.given.spot):,.0f} "
            f"| {problems} |"
        )
    tail = f"Within all limits, one run of `{kind}` takes up to {most:,} images."
    return "\n".join([head, *rows]) + "\n\n" + tail


def _check(parser: argparse.ArgumentParser, given: Assumptions, images: Sequence[int]) -> None:
    """End the program if a number makes no sense."""
    if min(images) < 1:
        parser.error(f"--images: must be 1 or more, not {min(images)}")
    for one in dataclasses.fields(Assumptions):
        value = getattr(given, one.name)
        if not (math.isfinite(value) and (value > 0 or (value == 0 and one.name not in ABOVE_0))):
            least = "above 0" if one.name in ABOVE_0 else "0 or more"
            parser.error(f"--{one.name}: must be {least}, not {value}")


def main(words: Sequence[str] | None = None) -> int:
    """Measure if asked to, and print the costs."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.cost")
    parser.add_argument("--measure", nargs="*", choices=PARTS, metavar="PART",
                        help=f"measure the rates here first, all or those of {PARTS}")  # fmt: skip
    parser.add_argument("--images", type=int, nargs="+", default=IMAGES, help="numbers of images")
    for one in dataclasses.fields(Assumptions):
        parser.add_argument(f"--{one.name}", type=type(one.default), default=one.default,
                            help=f"see Assumptions (default: {one.default})")  # fmt: skip
    given = parser.parse_args(words)
    assumed = Assumptions(
        **{one.name: getattr(given, one.name) for one in dataclasses.fields(Assumptions)}
    )
    _check(parser, assumed, given.images)
    if given.measure is None and not RATES.is_file():
        parser.error(f"there are no rates in {RATES}: measure them with --measure")
    rates = read_rates() if given.measure is None else measure_rates(given.measure or PARTS)
    print(report(Model(rates, assumed), given.images))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Training the backbone's last blocks together with the classifier layer.

The layer is trained on the frozen network first; then both go on together at a small rate, as
long as the validation part gets better. The state of the best epoch stays, which is the one
before the first where tuning does no good.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from autofocus.errors import SettingError
from autofocus.features.backbones import Backbone
from autofocus.features.backbones.efficientnet_lite import VARIANTS
from autofocus.features.loading import read, to_batch, to_pixels
from autofocus.model.classifier import View
from autofocus.model.head import Head
from autofocus.runs.parallel import ordered_map
from autofocus.runs.progress import Progress
from autofocus.splits.images import Image
from autofocus.splits.subsets import Subset
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.fitting import judge
from autofocus.training.head import Checkpoint, Progressed, score_logits
from autofocus.training.loss import emphasis_of
from autofocus.training.samples import Samples
from autofocus.training.tuned_network import State, TunedNetwork

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Pictures:
    """N images to tune on.

    Attributes:
        samples: what they show, and how much each counts.
        draw: makes the backbone's pixels of one of them, by its number; distorted by a source of
            chance if one is given.
    """

    samples: Samples
    draw: Callable[[int, np.random.Generator | None], Pixels]


@dataclass(frozen=True)
class Tuned:
    """What came out.

    Attributes:
        backbone: with the state of the best epoch, and a digest of its own; the one that was
            given if none did better.
        head: the classifier layer likewise.
        epoch: the best one; 0 if tuning did no good.
        history: a row for each epoch: epoch, validation_accuracy, validation_cross_entropy.
    """

    backbone: Backbone
    head: Head
    epoch: int
    history: list[dict[str, float]]


@dataclass(frozen=True)
class FineTuning:
    """How to train the backbone's last blocks.

    Attributes:
        layers: how many blocks.
        rate: Adam's learning rate.
        epochs: how often each image is seen at most.
        batch_size: images a step.
        patience: tuning ends after so many epochs that were no better.
        class_weights: whether rare classes count as much as common ones.
    """

    layers: int
    rate: float = 1e-4
    epochs: int = 10
    batch_size: int = 32
    patience: int = 3
    class_weights: Literal["balanced", "none"] = "balanced"

    def check(self, backbone: Backbone) -> None:
        """Make sure that the backbone can be tuned.

        Raises:
            SettingError: it is not an embedded one, or has fewer blocks.
        """
        variant = VARIANTS.get(backbone.name)
        if variant is None:
            raise SettingError(
                f"fine_tune_layers: {backbone.name} can't be tuned, as its blocks are not known: "
                f"set tfhub_module to {', '.join(VARIANTS)}, or fine_tune_layers to 0."
            )
        if self.layers > variant.blocks:
            raise SettingError(
                f"fine_tune_layers: {backbone.name} has {variant.blocks} blocks, "
                f"so that {self.layers} can't be tuned."
            )

    def run(
        self,
        source: DatasetFeatures,
        view: View,
        head: Head,
        checkpoint: Checkpoint | None = None,
    ) -> tuple[Backbone, Head]:
        """Tune the backbone and the layer on a data set's images.

        Args:
            source: gives the images; what moved in them must be known if the view is `motion`.
            view: what to look at; not `both`, which is no single image.
            head: the layer that was trained on the frozen network.
            checkpoint: where unfinished tuning is kept.

        Raises:
            SettingError: the backbone can't be tuned.
        """
        training, validation = (
            _pictures(source, part, view) for part in (Subset.TRAINING, Subset.VALIDATION)
        )
        viewer = source.viewer
        tuned = fine_tune(
            viewer.backbone, head, training, validation, self, viewer.jobs, checkpoint
        )
        return tuned.backbone, tuned.head


def _pictures(source: DatasetFeatures, part: Subset, view: View) -> Pictures:
    images = source.dataset.subset(part)
    size = source.viewer.backbone.image_size

    def draw(number: int, random: np.random.Generator | None) -> Pixels:
        pixels = _read(source, images[number].image, view)
        if random is None or not source.distortions:
            return to_pixels(pixels, size)
        return source.distortions.apply(pixels, size, random)

    return Pictures(source.samples(images, view), draw)


def _read(source: DatasetFeatures, image: Image, view: View) -> Any:
    whole = read(source.viewer.image_dir / image.file)
    box = source.box(image) if view == "motion" else None
    return box.crop(whole) if box is not None and box.status == "motion" else whole


def fine_tune(
    backbone: Backbone,
    head: Head,
    training: Pictures,
    validation: Pictures,
    settings: FineTuning,
    jobs: int = 1,
    checkpoint: Checkpoint | None = None,
) -> Tuned:
    """Tune the last blocks of a backbone, and the layer.

    On a processor, the same images and settings give the same weights, whether it is stopped on
    the way or not. On a GPU, weights differ by rounding from one time to the next.

    Args:
        backbone: an embedded one; it is not changed.
        head: the layer that was trained on the frozen network.
        training: what to learn from.
        validation: what to end by; without any, all epochs are made.
        settings: how to tune.
        jobs: threads that decode.
        checkpoint: where unfinished tuning is kept, an epoch at a time.

    Raises:
        SettingError: the backbone can't be tuned.
    """
    settings.check(backbone)
    network = TunedNetwork(backbone, head, settings.layers, settings.rate)
    tuning = _Tuning(network, training, validation, settings, jobs, checkpoint)
    epoch = tuning.go()
    if epoch == 0:
        return Tuned(backbone, head, 0, tuning.history)
    return Tuned(network.backbone(), network.head(), epoch, tuning.history)


@dataclass
class _Tuning:
    """Goes through the epochs."""

    network: TunedNetwork
    training: Pictures
    validation: Pictures
    settings: FineTuning
    jobs: int
    checkpoint: Checkpoint | None
    history: list[dict[str, float]] = field(default_factory=list)

    def go(self) -> int:
        """Tune, leave the network in the state of the best epoch, and return that epoch."""
        best = self._load()
        total = self.settings.epochs * len(self.training.samples)
        with Progress("fine tuning", total) as progress:
            progress.advance((len(self.history) - 1) * len(self.training.samples))
            for epoch in range(len(self.history), self.settings.epochs + 1):
                if len(self.history) - 1 - self._best() >= self.settings.patience:
                    break
                self._learn(epoch, progress)
                self._measure(epoch)
                if self._best() == epoch:
                    best = self.network.state()
                self._save(best)
        self.network.restore(best)
        return self._best()

    def _best(self) -> int:
        """Return the epoch that did best; the last where nothing judges."""
        if not len(self.validation.samples):
            return len(self.history) - 1
        return int(np.argmin([row["validation_brier_score"] for row in self.history]))

    def _learn(self, epoch: int, progress: Progress) -> None:
        samples = self.training.samples
        emphasis = emphasis_of(
            samples, self.settings.class_weights, multilabel=self.network.multilabel
        )
        order = np.random.default_rng([epoch, len(samples)]).permutation(len(samples))
        for numbers, images in self._batches(self.training, order.tolist(), epoch):
            self.network.step(images, samples.targets[numbers], emphasis[numbers])
            progress.advance(len(numbers))

    def _batches(
        self, pictures: Pictures, order: Sequence[int], epoch: int | None
    ) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
        def draw(number: int) -> Pixels:
            # Seeded by epoch and image, so that threads and restarts change nothing.
            chance = None if epoch is None else np.random.default_rng([epoch, number])
            return pictures.draw(number, chance)

        numbers = iter(order)
        drawn = ordered_map(draw, order, self.jobs)
        while batch := list(islice(drawn, self.settings.batch_size)):
            yield list(islice(numbers, len(batch))), to_batch(batch)

    def _measure(self, epoch: int) -> None:
        row: dict[str, float] = {"epoch": epoch}
        samples, multilabel = self.validation.samples, self.network.multilabel
        if len(samples):
            batches = self._batches(self.validation, range(len(samples)), None)
            logits = np.concatenate([self.network.logits(images) for _, images in batches])
            scores = score_logits(logits, samples, multilabel=multilabel)
            row |= {f"validation_{key}": value for key, value in scores.items()}
            row["validation_brier_score"] = judge(logits, samples, multilabel=multilabel)
        self.history.append(row)

    def _load(self) -> State:
        """Go back to the last epoch, and return the state of the best."""
        kept = self.checkpoint.load() if self.checkpoint else None
        if kept is None:
            self._measure(0)
            return self.network.state()
        self.history = kept.state["history"]
        self.network.restore(_unpack(kept, "now"))
        return _unpack(kept, "best")

    def _save(self, best: State) -> None:
        if self.checkpoint is not None:
            now = self.network.state()
            state = {"history": self.history, "now": now.steps, "best": best.steps}
            self.checkpoint.save(Progressed(state, _pack(now, "now") | _pack(best, "best")))


_KINDS = ("values", "means", "squares")


def _pack(state: State, which: str) -> dict[str, NDArray[Any]]:
    return {
        f"{which}_{kind}_{number}": value
        for kind in _KINDS
        for number, value in enumerate(getattr(state, kind))
    }


def _unpack(kept: Progressed, which: str) -> State:
    values: dict[str, list[NDArray[np.float32]]] = {kind: [] for kind in _KINDS}
    for kind, found in values.items():
        while (name := f"{which}_{kind}_{len(found)}") in kept.arrays:
            found.append(kept.arrays[name])
    return State(**values, steps=kept.state[which])

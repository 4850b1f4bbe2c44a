"""Training the backbone's last blocks together with the head.

The head is trained on the frozen backbone first; then both are trained at a small learning rate,
as long as the validation images are classified better. The state of the best epoch is kept, which
is the one before the first epoch if fine-tuning does not help.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from autofocus.errors import SettingError
from autofocus.features.backbones import Backbone
from autofocus.features.backbones.efficientnet_lite import VARIANTS
from autofocus.features.crop import View
from autofocus.features.pixels import Pixels, to_batch
from autofocus.model.head import Head
from autofocus.runs.parallel import ordered_map
from autofocus.runs.progress import Progress
from autofocus.splits.subsets import Subset
from autofocus.training.checkpoint import Checkpoint, TrainingState
from autofocus.training.class_weights import ClassWeights, loss_weights
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.samples import Samples
from autofocus.training.scores import calibrated_brier_score
from autofocus.training.tuned_network import NetworkState, TunedNetwork


@dataclass(frozen=True)
class PixelSource:
    """N images whose pixels the network is trained on.

    Attributes:
        samples: their features, targets and weights.
        read: returns the pixels of one of them, given its number; distorted by a random
            generator if one is given.
    """

    samples: Samples
    read: Callable[[int, np.random.Generator | None], Pixels]


@dataclass(frozen=True)
class FineTuning:
    """How to train the backbone's last blocks.

    Attributes:
        layers: number of last blocks.
        rate: Adam's learning rate.
        epochs: maximum number of passes over the training images.
        batch_size: images per step.
        patience: number of epochs without improvement after which training stops.
        class_weights: whether rare classes count as much as common ones.
    """

    layers: int
    rate: float = 1e-4
    epochs: int = 10
    batch_size: int = 32
    patience: int = 3
    class_weights: ClassWeights = "balanced"

    def check(self, backbone: Backbone) -> None:
        """Make sure that the backbone can be fine-tuned.

        Raises:
            SettingError: it is not an embedded one, or has fewer blocks.
        """
        variant = VARIANTS.get(backbone.name)
        if variant is None:
            raise SettingError(
                f"fine_tune_layers: {backbone.name} can't be fine-tuned, as its blocks are not "
                f"known: set tfhub_module to {', '.join(VARIANTS)}, or fine_tune_layers to 0."
            )
        if self.layers > variant.blocks:
            raise SettingError(
                f"fine_tune_layers: {backbone.name} has {variant.blocks} blocks, "
                f"so {self.layers} can't be fine-tuned."
            )

    def run(
        self, source: DatasetFeatures, view: View, head: Head, checkpoint: Checkpoint
    ) -> tuple[Backbone, Head]:
        """Fine-tune the backbone and the head on a data set's images.

        Args:
            source: gives the images; their boxes must be known if the view is `motion`.
            view: what the classifier sees; not `both`, which is no single image.
            head: the head that was trained on the frozen backbone.
            checkpoint: keeps unfinished training.

        Raises:
            SettingError: the backbone can't be fine-tuned.
        """
        training, validation = (
            _pixel_source(source, subset, view) for subset in (Subset.TRAINING, Subset.VALIDATION)
        )
        extractor = source.extractor
        result = fine_tune(
            extractor.backbone, head, training, validation, self, extractor.jobs, checkpoint
        )
        return result.backbone, result.head


def _pixel_source(source: DatasetFeatures, subset: Subset, view: View) -> PixelSource:
    rows = source.dataset.subset(subset)
    size = source.extractor.backbone.image_size

    def read_pixels(number: int, random: np.random.Generator | None) -> Pixels:
        image = rows[number].image
        crop = source.crop(image, view)
        decoded = source.extractor.read(image.file)
        if random is None or not source.distortions:
            return crop.pixels(decoded, size)
        return source.distortions.apply(crop.cut(decoded), size, random)

    return PixelSource(source.samples(rows, view), read_pixels)


@dataclass(frozen=True)
class FineTuningResult:
    """The state of the best epoch.

    Attributes:
        backbone: with a digest of its own; the given one if no epoch was better.
        head: the given one if no epoch was better.
        epoch: the best epoch; 0 if fine-tuning did not help.
        brier_scores: calibrated, on the validation images, before the first epoch and after each;
            None without validation images.
    """

    backbone: Backbone
    head: Head
    epoch: int
    brier_scores: list[float | None]


def fine_tune(
    backbone: Backbone,
    head: Head,
    training: PixelSource,
    validation: PixelSource,
    settings: FineTuning,
    jobs: int = 1,
    checkpoint: Checkpoint | None = None,
) -> FineTuningResult:
    """Fine-tune the last blocks of a backbone, and the head.

    On a CPU the result is deterministic, whether training was interrupted or not. On a GPU,
    weights differ by rounding from run to run.

    Args:
        backbone: an embedded one; it stays unchanged.
        head: the head that was trained on the frozen backbone.
        training: images to train on.
        validation: images to choose the best epoch by; without any, all epochs are run.
        settings: how to train.
        jobs: number of threads that decode images.
        checkpoint: keeps unfinished training, epoch by epoch.

    Raises:
        SettingError: the backbone can't be fine-tuned.
    """
    settings.check(backbone)
    network = TunedNetwork(backbone, head, settings.layers, settings.rate)
    loop = _EpochLoop(network, training, validation, settings, jobs, checkpoint)
    epoch = loop.run()
    if epoch == 0:
        return FineTuningResult(backbone, head, 0, loop.brier_scores)
    return FineTuningResult(network.backbone(), network.head(), epoch, loop.brier_scores)


@dataclass
class _EpochLoop:
    """Trains for some epochs."""

    network: TunedNetwork
    training: PixelSource
    validation: PixelSource
    settings: FineTuning
    jobs: int
    checkpoint: Checkpoint | None
    brier_scores: list[float | None] = field(default_factory=list)

    def run(self) -> int:
        """Train, leave the network in the state of the best epoch, and return that epoch."""
        best_state = self._load()
        images = len(self.training.samples)
        with Progress("fine tuning", self.settings.epochs * images) as progress:
            progress.advance((len(self.brier_scores) - 1) * images)
            for epoch in range(len(self.brier_scores), self.settings.epochs + 1):
                if len(self.brier_scores) - 1 - self._best() >= self.settings.patience:
                    break
                self._train_epoch(epoch, progress)
                self.brier_scores.append(self._measure())
                if self._best() == epoch:
                    best_state = self.network.state()
                self._save(best_state)
        self.network.restore(best_state)
        return self._best()

    def _best(self) -> int:
        """Return the epoch with the best score; the last one without validation images."""
        scores = [score for score in self.brier_scores if score is not None]
        return int(np.argmin(scores)) if scores else len(self.brier_scores) - 1

    def _train_epoch(self, epoch: int, progress: Progress) -> None:
        samples = self.training.samples
        weights = loss_weights(
            samples, self.settings.class_weights, multilabel=self.network.multilabel
        )
        order = np.random.default_rng([epoch, len(samples)]).permutation(len(samples))
        for numbers, images in self._batches(self.training, order.tolist(), epoch):
            self.network.step(images, samples.targets[numbers], weights[numbers])
            progress.advance(len(numbers))

    def _batches(
        self, source: PixelSource, order: Sequence[int], epoch: int | None
    ) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
        def read_pixels(number: int) -> Pixels:
            # Seeded by epoch and image: the number of threads and restarts change nothing.
            random = None if epoch is None else np.random.default_rng([epoch, number])
            return source.read(number, random)

        numbers = iter(order)
        pixels = ordered_map(read_pixels, order, self.jobs)
        while batch := list(islice(pixels, self.settings.batch_size)):
            yield list(islice(numbers, len(batch))), to_batch(batch)

    def _measure(self) -> float | None:
        samples = self.validation.samples
        if not len(samples):
            return None
        batches = self._batches(self.validation, range(len(samples)), None)
        logits = np.concatenate([self.network.logits(images) for _, images in batches])
        return calibrated_brier_score(logits, samples, multilabel=self.network.multilabel)

    def _load(self) -> NetworkState:
        """Go back to the last epoch, and return the state of the best one."""
        saved = self.checkpoint.load() if self.checkpoint else None
        if saved is None:
            self.brier_scores.append(self._measure())
            return self.network.state()
        self.brier_scores = saved.values["brier_scores"]
        self.network.restore(_unpack(saved, "last"))
        return _unpack(saved, "best")

    def _save(self, best: NetworkState) -> None:
        if self.checkpoint is not None:
            arrays = _pack(self.network.state(), "last") | _pack(best, "best")
            self.checkpoint.save(TrainingState({"brier_scores": self.brier_scores}, arrays))


def _pack(state: NetworkState, prefix: str) -> dict[str, NDArray[np.float32]]:
    kinds = {"values": state.values, "optimizer": state.optimizer}
    return {
        f"{prefix}_{kind}_{number}": array
        for kind, arrays in kinds.items()
        for number, array in enumerate(arrays)
    }


def _unpack(saved: TrainingState, prefix: str) -> NetworkState:
    def arrays(kind: str) -> list[NDArray[np.float32]]:
        start = f"{prefix}_{kind}_"
        names = [name for name in saved.arrays if name.startswith(start)]
        return [saved.arrays[f"{start}{number}"] for number in range(len(names))]

    return NetworkState(arrays("values"), arrays("optimizer"))

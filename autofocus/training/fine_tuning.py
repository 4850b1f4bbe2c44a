"""Training the backbone, or its last blocks, together with the head.

The head is trained on the frozen backbone first; then both are trained at a small learning rate
(A. Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform
Out-of-Distribution", ICLR 2022), as long as the validation images are classified better. The state
of the best epoch is kept, which is the one before the first epoch if fine-tuning does not help.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from autofocus.errors import SettingError
from autofocus.features.backbones import Backbone
from autofocus.features.backbones.efficientnet_lite import VARIANTS
from autofocus.features.pixels import Pixels, to_batch
from autofocus.model.head import Head
from autofocus.runs.parallel import ordered_map
from autofocus.runs.progress import Progress
from autofocus.runs.wording import plural
from autofocus.splits.split import Assignment
from autofocus.splits.subsets import Subset
from autofocus.training.checkpoint import Checkpoint, TrainingState
from autofocus.training.class_weights import ClassWeights, loss_weights
from autofocus.training.dataset_features import DatasetFeatures
from autofocus.training.pixel_store import PixelSource, PixelStore, decoded
from autofocus.training.recipe import Recipe
from autofocus.training.samples import Samples
from autofocus.training.scores import calibrated_brier_score
from autofocus.training.tuned_network import NetworkState, TunedNetwork

# Seconds between checkpoints within an epoch: they hold all weights, which takes a while.
MIDDLE_S = 60.0


@dataclass(frozen=True)
class FineTuning:
    """How to train the backbone, or its last blocks.

    Attributes:
        layers: number of last blocks, or `all` for the whole backbone.
        rate: Adam's learning rate.
        epochs: maximum number of passes over the training images.
        batch_size: images per step.
        patience: number of epochs without improvement after which training stops.
        class_weights: whether rare classes count as much as common ones.
    """

    layers: int | Literal["all"]
    rate: float = 1e-4
    epochs: int = 10
    batch_size: int = 32
    patience: int = 3
    class_weights: ClassWeights = "balanced"

    def check(self, backbone: Backbone) -> None:
        """Make sure that the backbone can be fine-tuned.

        Raises:
            SettingError: it can't be trained, its blocks are not known, or it has fewer.
        """
        variant = VARIANTS.get(backbone.name)
        if backbone.reload is None or not backbone.module.trainable_variables:
            raise SettingError(
                f"fine_tune_layers: {backbone.name} has no variables that can be trained: set "
                f"tfhub_module to {', '.join(VARIANTS)}, or fine_tune_layers to 0."
            )
        if self.layers == "all":
            return
        if variant is None:
            raise SettingError(
                f"fine_tune_layers: the blocks of {backbone.name} are not known: set "
                f"fine_tune_layers to all or 0, or tfhub_module to {', '.join(VARIANTS)}."
            )
        if self.layers > variant.blocks:
            raise SettingError(
                f"fine_tune_layers: {backbone.name} has {variant.blocks} blocks, "
                f"so {self.layers} can't be fine-tuned."
            )

    def run(
        self,
        source: DatasetFeatures,
        recipe: Recipe,
        head: Head,
        checkpoint: Checkpoint,
        scratch: Path,
    ) -> tuple[Backbone, Head]:
        """Fine-tune the backbone and the head on a data set's images.

        Args:
            source: gives the images; the recipe's view must have been prepared.
            recipe: with which the head was trained, on the same images with the same weights; its
                view is not `both`, which is no single image.
            head: the head that was trained on the frozen backbone.
            checkpoint: keeps unfinished training.
            scratch: a folder for the decoded pixels.

        Raises:
            SettingError: the backbone can't be fine-tuned.
        """
        pixels, view = _Pixels(source, recipe), recipe.view
        held_out = source.dataset.subset(Subset.VALIDATION)
        validation = pixels.plain(held_out, source.samples(held_out, view))
        extractor = source.extractor
        result = fine_tune(
            extractor.backbone,
            head,
            pixels.training(source.dataset.subset(Subset.TRAINING)),
            validation,
            self,
            scratch,
            extractor.jobs,
            checkpoint,
        )
        return result.backbone, result.head


@dataclass(frozen=True)
class _Pixels:
    """The pixels of a data set's images.

    Attributes:
        source: gives the images.
        recipe: says which are learned from, and what is seen of them.
    """

    source: DatasetFeatures
    recipe: Recipe

    def training(self, rows: Sequence[Assignment]) -> PixelSource:
        """Return those of the images that are learned from, distorted anew in each epoch."""
        steps = replace(self.recipe.steps, distorted_copies=False)
        images = replace(self.recipe, steps=steps).training_set(self.source, rows)
        learned = [rows[number] for number in images.owners.tolist()]
        distortions, size = self.source.distortions, self.source.extractor.backbone.image_size
        if not distortions:
            return self.plain(learned, images.learned)

        def read(number: int) -> Pixels:
            image = learned[number].image
            part = self.source.crop(image, self.recipe.view).cut(
                self.source.extractor.read(image.file)
            )
            return np.asarray(part.convert("RGB"))

        def distort(pixels: Pixels, random: np.random.Generator) -> Pixels:
            return distortions.apply(Image.fromarray(pixels), size, random)

        return PixelSource(images.learned, read, distort)

    def plain(self, rows: Sequence[Assignment], samples: Samples) -> PixelSource:
        """Return those of images as they are."""

        def read(number: int) -> Pixels:
            image, extractor = rows[number].image, self.source.extractor
            crop = self.source.crop(image, self.recipe.view)
            return crop.pixels(extractor.read(image.file), extractor.backbone.image_size)

        return PixelSource(samples, read)


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
    scratch: Path,
    jobs: int = 1,
    checkpoint: Checkpoint | None = None,
) -> FineTuningResult:
    """Fine-tune a backbone or its last blocks, and the head.

    On a CPU the result is deterministic, whether training was interrupted or not. On a GPU,
    weights differ by rounding from run to run.

    Args:
        backbone: stays unchanged.
        head: the head that was trained on the frozen backbone.
        training: images to train on.
        validation: images to choose the best epoch by; without any, all epochs are run.
        settings: how to train.
        scratch: a folder for the decoded pixels.
        jobs: number of threads that decode images.
        checkpoint: keeps unfinished training, after each epoch and now and then within one.

    Raises:
        SettingError: the backbone can't be fine-tuned.
    """
    settings.check(backbone)
    network = TunedNetwork(backbone, head, settings.layers, settings.rate)
    with ExitStack() as stack:
        stores = [
            stack.enter_context(decoded(source, scratch / name, jobs))
            for name, source in (("training", training), ("validation", validation))
        ]
        loop = _EpochLoop(network, stores[0], stores[1], settings, jobs, checkpoint)
        epoch = loop.run()
    if epoch == 0:
        return FineTuningResult(backbone, head, 0, loop.brier_scores)
    return FineTuningResult(network.backbone(), network.head(), epoch, loop.brier_scores)


@dataclass
class _EpochLoop:
    """Trains for some epochs."""

    network: TunedNetwork
    training: PixelStore
    validation: PixelStore
    settings: FineTuning
    jobs: int
    checkpoint: Checkpoint | None
    brier_scores: list[float | None] = field(default_factory=list)
    # Of the epoch that is going on.
    images_done: int = 0

    def run(self) -> int:
        """Train, leave the network in the state of the best epoch, and return that epoch."""
        best_state = self._load()
        images = len(self.training.source.samples)
        with Progress("fine tuning", self.settings.epochs * images) as progress:
            progress.advance((len(self.brier_scores) - 1) * images)
            for epoch in range(len(self.brier_scores), self.settings.epochs + 1):
                if len(self.brier_scores) - 1 - self._best() >= self.settings.patience:
                    break
                self._train_epoch(epoch, best_state, progress)
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

    def _train_epoch(self, epoch: int, best: NetworkState, progress: Progress) -> None:
        """Train for an epoch, or for the rest of one that was interrupted."""
        samples = self.training.source.samples
        weights = loss_weights(
            samples, self.settings.class_weights, multilabel=self.network.multilabel
        )
        order = np.random.default_rng([epoch, len(samples)]).permutation(len(samples)).tolist()
        progress.advance(len(order[: self.images_done]))
        due = time.monotonic() + MIDDLE_S
        for numbers, images in self._batches(self.training, order[self.images_done :], epoch):
            self.network.step(images, samples.targets[numbers], weights[numbers])
            self.images_done += len(numbers)
            progress.advance(len(numbers))
            if time.monotonic() >= due and self.images_done < len(order):
                self._save(best)
                due = time.monotonic() + MIDDLE_S
        self.images_done = 0

    def _batches(
        self, store: PixelStore, order: Sequence[int], epoch: int | None
    ) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
        def read_pixels(number: int) -> Pixels:
            # Seeded by epoch and image: the number of threads and restarts change nothing.
            random = None if epoch is None else np.random.default_rng([epoch, number])
            return store.pixels(number, random)

        numbers = iter(order)
        pixels = ordered_map(read_pixels, order, self.jobs)
        while batch := list(islice(pixels, self.settings.batch_size)):
            yield list(islice(numbers, len(batch))), to_batch(batch)

    def _measure(self) -> float | None:
        samples = self.validation.source.samples
        if not len(samples):
            return None
        batches = self._batches(self.validation, range(len(samples)), None)
        logits = np.concatenate([self.network.logits(images) for _, images in batches])
        return calibrated_brier_score(logits, samples, multilabel=self.network.multilabel)

    def _load(self) -> NetworkState:
        """Go back to the last checkpoint, and return the state of the best epoch."""
        saved = self.checkpoint.load() if self.checkpoint else None
        if saved is None:
            self.brier_scores.append(self._measure())
            return self.network.state()
        self.brier_scores = saved.values["brier_scores"]
        self.images_done = saved.values.get("images_done", 0)
        epochs, part = len(self.brier_scores) - 1, plural(self.images_done, "image")
        print(
            f"note: fine-tuning that was interrupted goes on after {plural(epochs, 'epoch')} and "
            f"{part}",
            file=sys.stderr,
        )
        self.network.restore(_unpack(saved, "last"))
        return _unpack(saved, "best")

    def _save(self, best: NetworkState) -> None:
        if self.checkpoint is not None:
            arrays = _pack(self.network.state(), "last") | _pack(best, "best")
            values = {"brier_scores": self.brier_scores, "images_done": self.images_done}
            self.checkpoint.save(TrainingState(values, arrays))


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

"""Claims about logistic regression by passes over features in a file."""

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from autofocus.training import checkpoint as checkpoint_module
from autofocus.training import feature_rows, logistic_regression, streamed_regression
from autofocus.training.checkpoint import Checkpoint
from autofocus.training.class_weights import ClassWeights
from autofocus.training.feature_rows import FeatureFile, FeatureRows, load
from autofocus.training.fitting import HeadSettings, fit, fit_by_descent
from autofocus.training.lbfgs import Search, Vector, advance
from autofocus.training.logistic_regression import LogisticRegressions
from autofocus.training.samples import Samples
from autofocus.training.scores import logits_of, score
from autofocus.training.streamed_loss import StreamedLoss
from autofocus.training.threads import single_threaded
from tests.training.blobs import nothing, uneven

SETTINGS = HeadSettings()
STRENGTH = 0.01
Store = Callable[[Samples], Samples]


class StoppedError(Exception):
    """Raised in place of a kill."""


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a thousand rows be many blocks, and the sample a part of them."""
    monkeypatch.setattr(feature_rows, "BLOCK", 100)
    monkeypatch.setattr(streamed_regression, "_SAMPLE_BYTES", 400 * 4 * 8)
    monkeypatch.setattr(streamed_regression, "_LEAST_PER_CLASS", 5)


@pytest.fixture
def exact(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the solution in memory be the minimum to many digits."""
    monkeypatch.setattr(logistic_regression, "TOLERANCE", 1e-7)


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what makes all features too large for memory from then on."""
    return lambda: monkeypatch.setattr(feature_rows, "MAX_IN_MEMORY", 0)


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Store]:
    """Return what puts the features of samples into a file, in the reverse order."""
    with ExitStack() as files:

        def store(samples: Samples) -> Samples:
            path = tmp_path / uuid.uuid4().hex
            file = files.enter_context(closing(FeatureFile(path, samples.features.shape)))
            numbers = np.arange(len(samples))[::-1].copy()
            file.write(numbers, load(samples.features))
            return replace(samples, features=FeatureRows(file, numbers))

        yield store


def with_labels(number: int = 900) -> Samples:
    """Make images with labels that come and go, one of them on all images and one on none."""
    random = np.random.default_rng(0)
    targets = (random.random((number, 5)) < [0.5, 0.3, 0.03, 1, 0]).astype(np.float32)
    features = targets @ random.normal(0, 1, (5, 8)) + random.normal(2, 1, (number, 8))
    weights = random.uniform(0.5, 2, number).astype(np.float32)
    return Samples(features.astype(np.float32), targets, weights)


def with_gap() -> Samples:
    """Make images of two of three classes, some of which count more."""
    samples = uneven(1800)
    kept = samples.rows(samples.classes != 1)
    weights = np.random.default_rng(0).uniform(0.5, 2, len(kept)).astype(np.float32)
    return replace(kept, weights=weights)


@pytest.mark.usefixtures("exact")
@pytest.mark.parametrize("kind", ["balanced", "none"])
@pytest.mark.parametrize(
    ("samples", "multilabel"),
    [(uneven(1800), False), (with_gap(), False), (with_labels(), True)],
    ids=["classes", "a class without images", "labels"],
)
def test_the_head_is_the_one_that_is_trained_in_memory(
    samples: Samples,
    multilabel: bool,
    kind: ClassWeights,
    streams: Callable[[], None],
    stored: Store,
) -> None:
    """Read in blocks, images give the same probabilities to three digits."""
    settings = replace(SETTINGS, multilabel=multilabel, class_weights=kind)
    features = load(samples.features)
    expected = fit(samples, STRENGTH, settings).head.probabilities(features)
    streams()
    streamed = fit(stored(samples), STRENGTH, settings)
    assert streamed.converged
    np.testing.assert_allclose(streamed.head.probabilities(features), expected, atol=1e-3)


def test_what_fits_in_memory_gives_the_same_bytes_from_a_file(
    stored: Store,
) -> None:
    """Below the bound the head is trained in memory, wherever the features lie."""
    samples = uneven(1800)
    every = LogisticRegressions(
        samples, "balanced", multilabel=False, max_steps=SETTINGS.max_steps
    )
    with single_threaded():
        expected = every.solve(STRENGTH).head.digest
    assert fit(samples, STRENGTH, SETTINGS).head.digest == expected
    assert fit(stored(samples), STRENGTH, SETTINGS).head.digest == expected


def test_a_search_that_was_stopped_ends_with_the_same_bytes(
    streams: Callable[[], None],
    stored: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Stopped after every second pass and started again, training ends with the same head."""
    monkeypatch.setattr(checkpoint_module, "INTERVAL_S", 0.0)
    streams()
    samples = stored(uneven(1800))
    whole = fit(samples, STRENGTH, SETTINGS)
    steps: list[int] = []

    def stopping(search: Search, loss: StreamedLoss, divide: Callable[[Vector], Vector]) -> Search:
        if len(loss.samples) == len(samples):
            steps.append(search.steps)
            if len(steps) % 2 == 0:
                raise StoppedError
        return advance(search, loss, divide)

    monkeypatch.setattr(streamed_regression, "advance", stopping)
    checkpoint = Checkpoint(tmp_path / "checkpoint.npz", tmp_path / "tmp", "subject")
    fitted = None
    while fitted is None:
        assert len(steps) < 200, "the search begins anew each time"
        with suppress(StoppedError):
            fitted = fit(samples, STRENGTH, SETTINGS, checkpoint)
    assert len(steps) > whole.steps > 2
    assert fitted.head.digest == whole.head.digest
    assert fitted.steps == whole.steps
    # What has ended is not searched again.
    steps.clear()
    assert fit(samples, STRENGTH, SETTINGS, checkpoint).head.digest == whole.head.digest
    assert not steps
    monkeypatch.setattr(streamed_regression, "advance", advance)
    other = fit(samples, 2 * STRENGTH, SETTINGS, checkpoint)
    assert other.head.digest != whole.head.digest


def test_it_says_when_steps_ran_out(streams: Callable[[], None]) -> None:
    """Two passes reach no minimum, as the result says."""
    streams()
    assert not fit(uneven(1800), STRENGTH, replace(SETTINGS, max_steps=2)).converged


def test_the_head_does_not_depend_on_the_number_of_threads(
    streams: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a thread or four, the head is the same to the last bit."""
    streams()
    digests = set()
    for number in (1, 4):
        monkeypatch.setattr(feature_rows, "cores", lambda number=number: number)
        digests.add(fit(uneven(1800), STRENGTH, SETTINGS).head.digest)
    assert len(digests) == 1


def test_scores_and_logits_are_those_of_all_blocks_together(
    streams: Callable[[], None], stored: Store
) -> None:
    """In blocks they are what they are in memory, but for rounding."""
    samples = uneven(1800)
    head = fit(samples, STRENGTH, SETTINGS).head
    expected, logits = score(head, samples), logits_of(head, samples.features)
    streams()
    in_file = stored(samples)
    scores = score(head, in_file)
    assert expected is not None
    assert scores is not None
    assert scores.accuracy == pytest.approx(expected.accuracy)
    assert scores.cross_entropy == pytest.approx(expected.cross_entropy)
    np.testing.assert_allclose(logits_of(head, in_file.features), logits, atol=1e-4)


def test_gradient_descent_reads_its_batches_from_the_file(
    stored: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches from a file give the same head; so do all images at once, but for rounding."""
    samples = uneven(1800)
    for size, tolerance in ((16, 0.0), (-1, 1e-5)):
        settings = HeadSettings(
            "gradient_descent", max_steps=20, learning_rate=0.1, batch_size=size
        )
        expected = fit_by_descent(samples, nothing(8), settings).head
        with monkeypatch.context() as context:
            context.setattr(feature_rows, "MAX_IN_MEMORY", 0)
            streamed = fit_by_descent(stored(samples), nothing(8), settings).head
        np.testing.assert_allclose(streamed.weights, expected.weights, atol=tolerance)


MEMORY = """
import resource, sys
import numpy as np
from pathlib import Path
from autofocus.training import feature_rows, streamed_regression
from autofocus.training.feature_rows import FeatureFile, FeatureRows
from autofocus.training.fitting import HeadSettings, fit
from autofocus.training.samples import Samples

# One thread, whatever the machine.
feature_rows.cores = lambda: 1
feature_rows.MAX_IN_MEMORY = streamed_regression._SAMPLE_BYTES = 4 << 20
feature_rows.BLOCK = 500
number, size = int(sys.argv[1]), 500
random = np.random.default_rng(0)
classes = np.arange(number) % 3
file = FeatureFile(Path(sys.argv[2]) / f"features {number}", (number, size))
for rows in np.array_split(np.arange(number), number // 1000):
    features = random.normal(0, 1, (len(rows), size)) + classes[rows, None]
    file.write(rows, features.astype(np.float32))
rows = FeatureRows(file, np.arange(number))
del features
samples = Samples(rows, np.eye(3, dtype=np.float32)[classes], np.ones(number, np.float32))
fit(samples, 0.1, HeadSettings())
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_memory_does_not_grow_with_the_features(tmp_path: Path) -> None:
    """Ten times the images, 160 MB more of features, need a tenth of that more memory."""

    def peak(number: int) -> int:
        command = [sys.executable, "-c", MEMORY, str(number), str(tmp_path)]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    assert peak(90_000) - peak(9_000) < 24

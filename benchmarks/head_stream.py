"""Training the head on more images than fit in memory, against training it in memory.

python -m benchmarks.head_stream FOLDER [--images 1000000] [--in-memory 100000]
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autofocus.runs.parallel import cores
from autofocus.training import feature_rows
from autofocus.training.fitting import HeadSettings, fit
from autofocus.training.recipe import MAX_SAMPLED, choosing_folds
from autofocus.training.scores import score
from autofocus.training.selection import TrainingSet, choose
from benchmarks.measure import machine
from benchmarks.stream_vectors import CLASSES, FEATURES, Vectors, make_vectors

IN_MEMORY, STREAMED = "in memory", "streamed"
MIB = 1024


def measure(folder: Path, number: int, how: str, strength: float) -> dict[str, Any]:
    """Train on new vectors, and return what it took and how good the head is.

    Args:
        folder: for the vectors.
        number: of the vectors.
        how: in memory, whatever their number, or streamed, however few they are.
        strength: of the regularisation; 0 to choose it.
    """
    path = folder / f"{number}-{how.replace(' ', '-')}.features"
    with closing(make_vectors(path, number)) as vectors:
        training = np.flatnonzero(~vectors.is_test)
        feature_rows.MAX_IN_MEMORY = 0 if how == STREAMED else 1 << 60
        start, processor = time.perf_counter(), time.process_time()
        chosen = strength or _choose(vectors, training, how)
        middle = time.perf_counter()
        samples = vectors.samples(training)
        fitted = fit(samples, chosen, HeadSettings())
        end, processor = time.perf_counter(), time.process_time() - processor
        # The peak of training: what is tested is always read in blocks.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // MIB
        feature_rows.MAX_IN_MEMORY = 0
        scores = score(fitted.head, vectors.samples(np.flatnonzero(vectors.is_test)))
    return {
        "images": number,
        "how": how,
        "accuracy": scores.accuracy if scores else 0.0,
        "cross_entropy": scores.cross_entropy if scores else 0.0,
        "strength": chosen,
        "choosing_s": middle - start if not strength else None,
        "fitting_s": end - middle,
        "processor_s": processor,
        "steps": fitted.steps,
        "converged": fitted.converged,
        "peak_mib": peak,
    }


def _choose(vectors: Vectors, training: NDArray[np.int64], how: str) -> float:
    """Choose the strength by whole locations: on all images, or on a sample."""
    rows = training
    if how == STREAMED:
        random = np.random.default_rng(2)
        rows = training[random.random(len(training)) < MAX_SAMPLED / len(training)]
    images = TrainingSet.of_images(vectors.samples(rows).load())
    folds = vectors.locations[rows] % choosing_folds(len(rows))
    bound, feature_rows.MAX_IN_MEMORY = feature_rows.MAX_IN_MEMORY, 1 << 60
    choice = choose(images, folds, HeadSettings(), "image")
    feature_rows.MAX_IN_MEMORY = bound
    return choice.strength


def in_process(folder: Path, number: int, how: str, strength: float = 0.0) -> dict[str, Any]:
    """Measure in a process of its own, whose memory is its own."""
    command = [sys.executable, "-m", "benchmarks.head_stream", str(folder)]
    more = ["--one", how, "--images", str(number), "--strength", str(strength)]
    output = subprocess.run([*command, *more], check=True, stdout=subprocess.PIPE, text=True)
    row: dict[str, Any] = json.loads(output.stdout)
    print(row, flush=True)
    return row


HEADER = (
    "| images | features (GB) | trained | strength | choosing it (s) | fitting (s) "
    "| processor time (s) | steps | peak memory (MiB) | accuracy on new locations "
    "| cross-entropy |\n"
    "|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|"
)


def _line(row: dict[str, Any]) -> str:
    choosing = "given" if row["choosing_s"] is None else f"{row['choosing_s']:,.0f}"
    size = row["images"] * FEATURES * 4 / 1e9
    return (
        f"| {row['images']:,} | {size:.1f} | {row['how']} | {row['strength']:.3g} | {choosing} "
        f"| {row['fitting_s']:,.0f} | {row['processor_s']:,.0f} | {row['steps']} "
        f"| {row['peak_mib']:,} "
        f"| {row['accuracy']:.2%} | {row['cross_entropy']:.4f} |"
    )


TEXT = """# Training the head on more images than fit in memory

`python -m benchmarks.head_stream FOLDER --images {images} --in-memory {in_memory}{strength}` gives
this page anew. Synthetic vectors of {features:,} numbers in {classes} classes, the rarest a
hundredth as common as the most common; 500 images at each location, of which each has a background
and a mix of classes of its own. A tenth of the locations is for the test. Each row is a process of
its own, on {cores} cores ({machine}); other work on them makes the seconds longer, and hardly the
processor time.

{table}

Streamed, the head is fitted by passes over the file; if the strength of regularisation is not
given, it is chosen on a sample of {sampled:,} images of all locations. In memory, both are done on
all images at once. The accuracies at {in_memory:,}
images differ by {points:.2f} points.
"""


def page(rows: Sequence[dict[str, Any]], strength: float) -> str:
    """Return the page, of the rows in memory and streamed, and of more images."""
    few, same, many = rows
    return TEXT.format(
        images=many["images"],
        in_memory=few["images"],
        strength=f" --strength {strength:g}" if strength else "",
        features=FEATURES,
        classes=CLASSES,
        cores=cores(),
        machine=machine(),
        sampled=MAX_SAMPLED,
        table="\n".join([HEADER, *map(_line, rows)]),
        points=100 * abs(few["accuracy"] - same["accuracy"]),
    )


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--in-memory", type=int, default=100_000)
    parser.add_argument("--one", default="")
    parser.add_argument("--strength", type=float, default=0.0)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(given.folder, given.images, given.one, given.strength)))
        return
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    few = given.in_memory
    rows = [in_process(given.folder, few, how, given.strength) for how in (IN_MEMORY, STREAMED)]
    rows.append(in_process(given.folder, given.images, STREAMED, given.strength))
    text = page(rows, given.strength)
    (Path(__file__).parent / "HEAD_STREAM.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()

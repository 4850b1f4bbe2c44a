"""Make the hard sample: `python -m benchmarks.hard_sample FOLDER`."""

import sys
from collections import Counter
from pathlib import Path

from benchmarks.hard_sample.making import make_hard_sample
from benchmarks.hard_sample.plan import HardSettings


def main() -> int:
    """Make the sample in a folder, and print what it holds."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and the folder
        print("Give a folder: python -m benchmarks.hard_sample FOLDER", file=sys.stderr)
        return 2
    sample = make_hard_sample(Path(sys.argv[1]), HardSettings())
    areas = sorted(image.box.width * image.box.height for image in sample.images if image.box)
    empty = 1 - len(areas) / len(sample.images)
    sequences = {(image.label, image.sequence) for image in sample.images}
    print(f"{len(sample.images):,} images, {empty:.0%} of them empty, in {sample.image_dir}")
    print(f"{len({image.location for image in sample.images})} locations; sequences:")
    for label, number in sorted(Counter(label for label, _ in sequences).items()):
        print(f"  {label:<10} {number}")
    low, middle, high = (areas[round(share * (len(areas) - 1))] for share in (0.05, 0.5, 0.95))
    print(f"boxes: median {middle:.1%} of the frame's area, 90 % of them {low:.1%} to {high:.1%}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""A peer: trim, resize and measure photographs with OpenCV, decoding each in full.

python opencv_preprocess.py INDIR OUTDIR
"""

import csv
import sys
from pathlib import Path

import cv2
import numpy as np

TRIM, SIDE = 198, 256


def main(indir: Path, outdir: Path) -> None:
    """Write small photographs and a table of night and brightness."""
    cv2.setNumThreads(1)
    outdir.mkdir(parents=True)
    with (outdir / "properties.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        for path in sorted(indir.rglob("*.JPG")):
            image = np.asarray(cv2.imread(str(path)))[:-TRIM]
            height, width = image.shape[:2]
            scale = SIDE / min(height, width)
            size = (round(width * scale), round(height * scale))
            small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            night = int((small.max(axis=2) - small.min(axis=2)).mean() <= 2)  # noqa: PLR2004
            brightness = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).mean()
            cv2.imwrite(str(outdir / path.name), small, [cv2.IMWRITE_JPEG_QUALITY, 95])
            writer.writerow([path.name, night, f"{brightness:.2f}"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

"""A synthetic sample, preprocessed and linked under its labels, for benchmarks of accuracy."""

from pathlib import Path

from autofocus.clean_detections import clean_detections
from autofocus.demo.make_sample import SampleSettings, make_sample
from autofocus.link_images_by_label import link_images_by_label
from autofocus.link_settings import LinkSettings
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings

SAMPLE_DATA = Path(__file__).parents[1] / "sample_data"


def draw(folder: Path, sequences: int, sites: int) -> Path:
    """Draw the sample; return the folder that holds its photographs and tables."""
    sample = make_sample(folder, SampleSettings(sequences=sequences, sites=sites))
    return sample.bucket / "lpz_data"


def link(data: Path, folder: Path, min_side: int) -> Path:
    """Preprocess, clean and link the sample; return the folder of links."""
    settings = PreprocessSettings(min_side=min_side)
    made = preprocess_images(data, folder / "preprocessed", settings)
    table = folder / "detections_clean.csv"
    tables = sorted(data.glob("detections_*.csv"))
    clean_detections(tables, folder / "preprocessed", made.properties, table)
    rules = LinkSettings(
        labelmap_path=SAMPLE_DATA / "raccoon_labelmap.json",
        label_priority_path=SAMPLE_DATA / "label_priority.txt",
    )
    link_images_by_label(table, folder / "links", rules)
    return folder / "links"

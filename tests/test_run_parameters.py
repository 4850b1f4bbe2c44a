"""Claims about the parameter file of a run."""

from pathlib import Path

import pytest

from autofocus.errors import SettingError
from autofocus.run import SECTIONS, read_parameters

SAMPLE = Path(__file__).parents[1] / "sample_data" / "run.yaml"
LEAST = "download_images: {bucket: b}\nclean_detections: {detections: [d.csv]}\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "run.yaml"
    path.write_text(text)
    return path


def test_the_sample_s_file_is_understood() -> None:
    """The shipped file has a section for each stage, and its paths lead to the shipped files."""
    parameters = read_parameters(SAMPLE)
    assert set(parameters.settings) == set(SECTIONS)
    assert parameters.settings["link_images_by_label"].labelmap_path.is_file()
    assert parameters.arguments["download_images"] == {"bucket": "autofocus"}


def test_local_data_takes_the_bucket_s_place(tmp_path: Path) -> None:
    """With a folder given there is nothing to download, and no bucket to name."""
    text = "local_data: photos\nclean_detections: {detections: [d.csv]}\n"
    parameters = read_parameters(write(tmp_path, text))
    assert parameters.values == {"local_data": tmp_path / "photos"}
    assert "download_images" not in parameters.settings


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("local_data: d\ndownload_images: {nonsense: 1}\n", "unknown key 'nonsense'"),
        (LEAST + "retrain: false\n", "must hold keys and values, not false"),
        ("retrain: {foldz: 1}\n", "unknown key 'foldz'"),
        ("download_images: {}\n", "bucket is missing"),
        ("download_images: {bucket: b}\n", "detections is missing"),
        (LEAST + "retrain: {learning_rate: -1}\n", "learning_rate must be above 0"),
    ],
)
def test_what_can_t_be_used_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    """Each section is checked, also that of a stage which doesn't run; unknown keys come first."""
    with pytest.raises(SettingError, match=sentence):
        read_parameters(write(tmp_path, text))

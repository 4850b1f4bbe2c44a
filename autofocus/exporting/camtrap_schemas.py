"""The tables of Camtrap DP 1.0.2: the columns of each, their types and what a value must be.

They are written beside the tables, so that a package can be validated without a network.
"""

from typing import Any

VERSION = "1.0.2"
PROFILE = f"https://raw.githubusercontent.com/tdwg/camtrap-dp/{VERSION}/camtrap-dp-profile.json"
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S%z"

Field = tuple[str, str, dict[str, Any]]
_REQUIRED = {"required": True}
_UNIQUE = {"required": True, "unique": True}
_SHARE = {"minimum": 0, "maximum": 1}
_FEATURES = [
    "roadPaved", "roadDirt", "trailHiking", "trailGame", "roadUnderpass", "roadOverpass",
    "roadBridge", "culvert", "burrow", "nestSite", "carcass", "waterSource", "fruitingTree",
]  # fmt: skip

DEPLOYMENTS: tuple[Field, ...] = (
    ("deploymentID", "string", _UNIQUE),
    ("locationID", "string", {}),
    ("locationName", "string", {}),
    ("latitude", "number", {"required": True, "minimum": -90, "maximum": 90}),
    ("longitude", "number", {"required": True, "minimum": -180, "maximum": 180}),
    ("coordinateUncertainty", "integer", {"minimum": 1}),
    ("deploymentStart", "datetime", _REQUIRED),
    ("deploymentEnd", "datetime", _REQUIRED),
    ("setupBy", "string", {}),
    ("cameraID", "string", {}),
    ("cameraModel", "string", {}),
    ("cameraDelay", "integer", {"minimum": 0}),
    ("cameraHeight", "number", {"minimum": 0}),
    ("cameraDepth", "number", {"minimum": 0}),
    ("cameraTilt", "integer", {"minimum": -90, "maximum": 90}),
    ("cameraHeading", "integer", {"minimum": 0, "maximum": 360}),
    ("detectionDistance", "number", {"minimum": 0}),
    ("timestampIssues", "boolean", {}),
    ("baitUse", "boolean", {}),
    ("featureType", "string", {"enum": _FEATURES}),
    ("habitat", "string", {}),
    ("deploymentGroups", "string", {}),
    ("deploymentTags", "string", {}),
    ("deploymentComments", "string", {}),
)
MEDIA: tuple[Field, ...] = (
    ("mediaID", "string", _UNIQUE),
    ("deploymentID", "string", _REQUIRED),
    ("captureMethod", "string", {"enum": ["activityDetection", "timeLapse"]}),
    ("timestamp", "datetime", _REQUIRED),
    ("filePath", "string", {"required": True, "pattern": r"^(?=^[^./~])(^((?!\.{2}).)*$).*$"}),
    ("filePublic", "boolean", _REQUIRED),
    ("fileName", "string", {}),
    ("fileMediatype", "string", {"required": True, "pattern": "^(image|video|audio)/.*$"}),
    ("exifData", "object", {}),
    ("favorite", "boolean", {}),
    ("mediaComments", "string", {}),
)
OBSERVATIONS: tuple[Field, ...] = (
    ("observationID", "string", _UNIQUE),
    ("deploymentID", "string", _REQUIRED),
    ("mediaID", "string", {}),
    ("eventID", "string", {}),
    ("eventStart", "datetime", _REQUIRED),
    ("eventEnd", "datetime", _REQUIRED),
    ("observationLevel", "string", {"required": True, "enum": ["media", "event"]}),
    ("observationType", "string", {
        "required": True,
        "enum": ["animal", "human", "vehicle", "blank", "unknown", "unclassified"],
    }),
    ("cameraSetupType", "string", {"enum": ["setup", "calibration"]}),
    ("scientificName", "string", {}),
    ("count", "integer", {"minimum": 1}),
    ("lifeStage", "string", {"enum": ["adult", "subadult", "juvenile"]}),
    ("sex", "string", {"enum": ["female", "male"]}),
    ("behavior", "string", {}),
    ("individualID", "string", {}),
    ("individualPositionRadius", "number", {"minimum": 0}),
    ("individualPositionAngle", "number", {"minimum": -90, "maximum": 90}),
    ("individualSpeed", "number", {"minimum": 0}),
    ("bboxX", "number", _SHARE),
    ("bboxY", "number", _SHARE),
    ("bboxWidth", "number", {"minimum": 1e-15, "maximum": 1}),
    ("bboxHeight", "number", {"minimum": 1e-15, "maximum": 1}),
    ("classificationMethod", "string", {"enum": ["human", "machine"]}),
    ("classifiedBy", "string", {}),
    ("classificationTimestamp", "datetime", {}),
    ("classificationProbability", "number", _SHARE),
    ("observationTags", "string", {}),
    ("observationComments", "string", {}),
)  # fmt: skip
TABLES: dict[str, tuple[Field, ...]] = {
    "deployments": DEPLOYMENTS,
    "media": MEDIA,
    "observations": OBSERVATIONS,
}
# The column of one table that names a row of another.
_LINKS = {
    "deployments": (),
    "media": (("deploymentID", "deployments"),),
    "observations": (("deploymentID", "deployments"), ("mediaID", "media")),
}


def columns(table: str) -> list[str]:
    """Return the columns of a table."""
    return [name for name, _, _ in TABLES[table]]


def schema(table: str) -> dict[str, Any]:
    """Return the Table Schema of a table."""
    return {
        "name": table,
        "fields": [_field(*one) for one in TABLES[table]],
        "missingValues": ["", "NaN", "nan"],
        "primaryKey": TABLES[table][0][0],
        "foreignKeys": [
            {"fields": column, "reference": {"resource": other, "fields": column}}
            for column, other in _LINKS[table]
        ],
    }


def _field(name: str, kind: str, constraints: dict[str, Any]) -> dict[str, Any]:
    field: dict[str, Any] = {"name": name, "type": kind}
    if kind == "datetime":
        field["format"] = TIME_FORMAT
    if constraints:
        field["constraints"] = constraints
    return field

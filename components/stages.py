"""The stages that run as components, and which of their settings a component doesn't take.

Everything else of a component's interface follows from the stage's settings dataclass, see
`components.interface`.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from autofocus.embed_settings import EmbedSettings
from autofocus.options.settings import Kind, kinds
from autofocus.publish_labels import PublishSettings
from autofocus.run import SECTIONS


@dataclasses.dataclass(frozen=True)
class Stage:
    """A stage that runs as a component.

    Attributes:
        section: the stage's function, which names its section in a parameter file.
        settings: the stage's settings dataclass.
        excluded: settings that the component doesn't take.
    """

    section: str
    settings: type[Any]
    excluded: frozenset[str] = frozenset()

    def kinds(self) -> dict[str, Kind]:
        """Return the settings that the component takes, with the kind of each."""
        return {
            name: kind for name, kind in kinds(self.settings).items() if name not in self.excluded
        }

    def options(self) -> set[str]:
        """Return the names of all settings and arguments of the stage."""
        section = SECTIONS.get(self.section)
        return {*kinds(self.settings), *(section.arguments if section else ())}


# The excluded settings are paths on one machine, what a component decides by itself, and what has
# no meaning for one shard: a shard holds whole folders, and predict takes all images of it.
_EXCLUDED = {
    "download": {"dry_run"},
    # `location_pattern` is for boxes alone, which retrain and predict make themselves.
    "preprocess": {
        "allow_empty",
        "box_drawings",
        "boxes",
        "boxes_from",
        "location_pattern",
        "motion_boxes",
        "motion_drawings",
    },
    "link": {"copy", "label_priority_path", "labelmap_path", "links_only"},
    "retrain": {
        "bottleneck_dir",
        "boxes_from",
        "embeddings",
        "output_labels",
        "preparation_path",
        "summaries_dir",
    },
    "predict": {"allow_empty", "boxes_from", "locations", "shard", "table"},
}
_SECTIONS = {
    "download": "download_images",
    "preprocess": "preprocess_images",
    "clean": "clean_detections",
    "link": "link_images_by_label",
    "retrain": "retrain",
    "predict": "predict",
}
_OF_RUN = {
    name: Stage(section, SECTIONS[section].settings, frozenset(_EXCLUDED.get(name, ())))
    for name, section in _SECTIONS.items()
}
STAGES: Mapping[str, Stage] = {
    **_OF_RUN,
    "embed": Stage("embed", EmbedSettings, frozenset({"allow_empty"})),
    # The stage is that of `retrain`; a component of its own, as it needs the images, and a GPU.
    "fine_tune": _OF_RUN["retrain"],
    "publish": Stage("publish_labels", PublishSettings),
}


# The components that run several stages, one after the other.
_SEVERAL: Mapping[str, tuple[str, ...]] = {"ingest": ("download", "preprocess")}


def stages_of(component: str) -> tuple[str, ...]:
    """Return the names of the stages that a component runs."""
    return _SEVERAL.get(component, (component,) if component in STAGES else ())


def component_of_section(section: str) -> str:
    """Return the component that runs the stage of a section, such as `download_images`."""
    return next(name for name, stage in STAGES.items() if stage.section == section)


def settings_of(component: str) -> Iterator[tuple[str, Kind, Any, str]]:
    """Yield name, kind, default and help text of each setting that a component takes.

    A name that several of its stages have begins with that of the stage, such as
    `download_max_rejected`.
    """
    stages = stages_of(component)
    uses = Counter(name for stage in stages for name in STAGES[stage].kinds())
    for stage in stages:
        known = STAGES[stage].kinds()
        for field in dataclasses.fields(STAGES[stage].settings):
            if field.name in known:
                name = field.name if uses[field.name] == 1 else f"{stage}_{field.name}"
                yield name, known[field.name], field.default, field.metadata["help"]

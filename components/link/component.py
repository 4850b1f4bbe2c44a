"""The interface of the link component."""

from kfp import dsl
from kfp.dsl import Dataset, Input, Output

from autofocus.link_images_by_label import LinkSettings
from components.interface import container, described_by


@dsl.container_component
@described_by(LinkSettings)
def link(
    detections_clean: Input[Dataset],
    links: Output[Dataset],
    ledger: Output[Dataset],
    labelmap: dict[str, str] = {},
    label_priority: list[str] = [],
    keep_unresolved: bool = False,
    max_rejected: float = 0.5,
) -> dsl.ContainerSpec:
    """Decide under which label each photograph is learned.

    Args:
        detections_clean: the table that clean gives
        links: a table with a row for each photograph and label
        ledger: a row for every photograph
        labelmap: what each label counts as; labels that are not in it stay
        label_priority: rules, such as "human > *", in the order in which they are applied
    """
    return container("link")

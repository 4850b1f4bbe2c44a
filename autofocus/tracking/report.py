"""The report of a training: one HTML file that needs no network."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autofocus import __version__
from autofocus.common.errors import need
from autofocus.images.preparing import Preparation
from autofocus.learning.dataset import Dataset
from autofocus.learning.evaluation import Evaluation
from autofocus.tracking.pictures import Misclassified, make_thumbnail

_TEMPLATE = "report.html.j2"
# Thumbnails are inside the file, which must not grow beyond what a mail can carry.
_MOST_SHOWN = 48


@dataclass(frozen=True)
class Report:
    """What a report tells.

    Attributes:
        dataset: the photographs.
        test: the evaluation on the test part.
        mistakes: the misclassified test photographs.
        warnings: what is thin about the data.
        backbone: the backbone's name.
        preparation: how the photographs were prepared, if that is known.
        settings: the options of the training.
        run_id: the run in MLflow.
        fingerprint: the digest of the data.
        pictures: `confusion` and `history`, as files.
    """

    dataset: Dataset
    test: Evaluation
    mistakes: Sequence[Misclassified]
    warnings: Sequence[str]
    backbone: str
    preparation: Preparation | None
    settings: Mapping[str, Any]
    run_id: str
    fingerprint: str
    pictures: Mapping[str, Path]

    def render(self) -> str:
        """Return the report as HTML."""
        jinja2 = need("jinja2", "train")
        # Labels and file names come from elsewhere: all text is escaped.
        environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
        source = (Path(__file__).parent / _TEMPLATE).read_text(encoding="utf-8")
        html: str = environment.from_string(source).render(
            title="Autofocus: how good is the classifier?",
            version=__version__,
            dataset=self.dataset,
            table=self.dataset.table(),
            test=self.test,
            right=int(self.test.confusion.trace()),
            interval=self.test.interval(),
            mistakes=self.mistakes,
            shown=self.mistakes[:_MOST_SHOWN],
            thumbnail=_thumbnail,
            warnings=self.warnings,
            backbone=self.backbone,
            preparation=_in_words(self.preparation),
            settings=self.settings,
            run_id=self.run_id,
            fingerprint=self.fingerprint,
            percent=_percent,
            picture=_picture,
            **self.pictures,
        )
        return html


def _percent(share: float | None) -> str:
    return "n/a" if share is None else f"{100 * share:.1f} %"


def _in_words(preparation: Preparation | None) -> str:
    if preparation is None:
        return "not known"
    return (
        f"{preparation.trim_bottom} rows trimmed at the bottom, {preparation.trim_top} at the "
        f"top, shorter side {preparation.min_side} pixels"
    )


def _picture(path: Path) -> str:
    return _data_url("png", path.read_bytes())


def _thumbnail(mistake: Misclassified) -> str:
    content = io.BytesIO()
    make_thumbnail(mistake.path).save(content, "JPEG", quality=82)
    return _data_url("jpeg", content.getvalue())


def _data_url(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"

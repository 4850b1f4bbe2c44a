"""Reading the tables that are exported: predictions.csv and detections_clean.csv."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from autofocus.errors import InputDataError
from autofocus.exporting.originals import Originals
from autofocus.exporting.rows import HUMAN, MACHINE, OK, Box, ExportRow
from autofocus.runs.csv_files import CsvReader
from autofocus.runs.ledger import Reason
from autofocus.runs.wording import listed, shown
from autofocus.tables.columns import BOX_COUNT, CONTAINS, DETECTIONS_FOUND, PROBABILITY

_BOX = ("box_left", "box_top", "box_width", "box_height")


@dataclass
class ResultTable:
    """A table of results, read anew by each pass, so that memory stays flat.

    Attributes:
        path: predictions.csv, or detections_clean.csv.
        originals: what is known of the originals.
    """

    path: Path
    originals: Originals

    @cached_property
    def columns(self) -> list[str]:
        """The columns of the table.

        Raises:
            MissingInputError: there is no such table.
            InputDataError: it is neither of the two.
        """
        with CsvReader(self.path, ["filepath"]) as reader:
            columns = reader.columns
        is_clean = any(name.startswith(CONTAINS) for name in columns)
        if not is_clean and not {"label", "score", "status"} <= set(columns):
            raise InputDataError(
                f"{self.path} is neither a table of predict nor one of clean_detections: its "
                f"columns are {listed(columns)}."
            )
        return columns

    @property
    def is_by_people(self) -> bool:
        """Whether the labels are those of detection tables, and not predictions."""
        return "score" not in self.columns

    def rows(self) -> Iterator[ExportRow]:
        """Yield all rows in order.

        Raises:
            InputDataError: a row can't be read.
        """
        make = self._clean_row if self.is_by_people else self._prediction_row
        with CsvReader(self.path, ["filepath"]) as reader:
            for row in reader:
                try:
                    yield make(_Cells(dict(zip(reader.columns, row, strict=True))))
                except ValueError as error:
                    raise InputDataError(
                        f"{self.path}, line {reader.line}: {shown(error)}."
                    ) from None

    def _prediction_row(self, cells: "_Cells") -> ExportRow:
        filepath = cells["filepath"]
        original, box = cells["original"], _box(cells)
        properties = self.originals.properties(filepath, original)
        known = None if "date" in cells else properties
        date = known.date if known else cells["date"]
        return ExportRow(
            filepath=filepath,
            original=cells["original"] or self.originals.name(filepath),
            labels=tuple(filter(None, cells["label"].split("; "))),
            score=_number(cells["score"]),
            status=_status(cells["status"]),
            decision=cells["decision"],
            method=MACHINE,
            moment=_moment(date, known.time if known else cells["time"]),
            date=date,
            location=cells["location"],
            sequence=cells["sequence"],
            event=cells["event"],
            night=known.night if known else cells["night"],
            camera=known.camera if known else cells["camera"],
            second_label=cells["second_label"],
            second_score=_number(cells["second_score"]),
            review_reason=cells["review_reason"],
            split=cells["split"],
            model=cells["model"],
            box=self.originals.box(box, filepath, original) if box else None,
            detections=tuple(self._detections(cells, filepath, original)),
            # An animal that the detector overlooks is there all the same, by the label.
            count=int(cells[BOX_COUNT]) or None if cells[BOX_COUNT].isdigit() else None,
            size=properties.size if properties else None,
            probabilities=self._probabilities(cells),
        )

    def _detections(
        self, cells: "_Cells", filepath: str, original: str
    ) -> Iterator[tuple[Box, float]]:
        """Yield the detector's boxes in the original, with their scores."""
        for text in filter(None, cells[DETECTIONS_FOUND].split("; ")):
            left, top, width, height, score = map(float, text.split(" "))
            box = self.originals.box(Box(left, top, width, height), filepath, original)
            if box is not None:
                yield box, score

    def _clean_row(self, cells: "_Cells") -> ExportRow:
        filepath = cells["filepath"]
        known = self.originals.properties(filepath)
        labels = [name for name in self._contains if cells[name] == "1"]
        return ExportRow(
            filepath=filepath,
            original=cells["original"] or self.originals.name(filepath),
            labels=tuple(name.removeprefix(CONTAINS) for name in labels),
            status=OK,
            method=MACHINE if cells["source"] == "model" else HUMAN,
            moment=_moment(cells["date"], cells["time"]),
            date=cells["date"],
            location=cells["location"],
            sequence=cells["sequence"],
            night=cells["night"],
            camera=known.camera if known else "",
            box=_box(cells),
            size=known.size if known else None,
            count=int(cells["count"]) if cells["count"].isdigit() else None,
        )

    @cached_property
    def _contains(self) -> list[str]:
        return [name for name in self.columns if name.startswith(CONTAINS)]

    @cached_property
    def _probability_columns(self) -> list[str]:
        return [name for name in self.columns if name.startswith(PROBABILITY)]

    def _probabilities(self, cells: "_Cells") -> tuple[tuple[str, float], ...]:
        return tuple(
            (name.removeprefix(PROBABILITY), float(cells[name]))
            for name in self._probability_columns
            if cells[name]
        )


class _Cells:
    """The cells of a row by column; a column that the table lacks is empty."""

    def __init__(self, cells: Mapping[str, str]) -> None:
        self._cells = cells

    def __getitem__(self, name: str) -> str:
        return self._cells.get(name, "")

    def __contains__(self, name: str) -> bool:
        return name in self._cells


def _status(text: str) -> str:
    if text != OK and text not in set(Reason):
        raise ValueError(f"the status {shown(text)!r} is none that predict writes")
    return text


def _number(text: str) -> float | None:
    if not text:
        return None
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is no number")
    return number


def _moment(date: str, time: str) -> datetime | None:
    return datetime.fromisoformat(f"{date}T{time}") if date and time else None


def _box(cells: _Cells) -> Box | None:
    """Return the box as it is in the table; None if it is the whole frame, or unknown."""
    if cells["box_status"] == "whole_frame" or not cells["box_left"]:
        return None
    return Box(*(float(cells[name]) for name in _BOX))

"""The scientific names of labels, from a table that people give."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autofocus.errors import InputDataError
from autofocus.runs.csv_files import CsvReader
from autofocus.runs.spelling import fold_name
from autofocus.runs.wording import shown
from autofocus.tables.text_formats import find_text_format

_COLUMNS = ("scientific_name", "class", "order", "family", "wi_taxon_id")


@dataclass(frozen=True)
class Taxon:
    """A taxon; what is unknown is empty.

    Attributes:
        scientific_name: such as `Procyon lotor`.
        class_name: such as `Mammalia`.
        order: such as `Carnivora`.
        family: such as `Procyonidae`.
        wi_taxon_id: its identifier at Wildlife Insights.
    """

    scientific_name: str = ""
    class_name: str = ""
    order: str = ""
    family: str = ""
    wi_taxon_id: str = ""

    @property
    def genus(self) -> str:
        """The first word of the scientific name."""
        return self.scientific_name.partition(" ")[0]

    @property
    def species(self) -> str:
        """What follows the genus."""
        return self.scientific_name.partition(" ")[2]


UNKNOWN_TAXON = Taxon()


def read_taxa(path: Path) -> Mapping[str, Taxon]:
    """Return the taxa by label, as `fold_name` spells it.

    Raises:
        MissingInputError: there is no such table.
        InputDataError: it lacks the columns `label` and `scientific_name`, can't be read, or
            gives a label two taxa.
    """
    required = ("label", "scientific_name")
    form = find_text_format(path)
    with CsvReader(
        path, required, encoding=form.encoding, delimiter=form.delimiter, lenient=True
    ) as reader:
        taxa: dict[str, Taxon] = {}
        for row in reader:
            cells = dict(zip(reader.columns, map(str.strip, row), strict=True))
            taxon = Taxon(*(cells.get(name, "") for name in _COLUMNS))
            if taxa.setdefault(fold_name(cells["label"]), taxon) != taxon:
                raise InputDataError(
                    f"{path}, line {reader.line}: {shown(cells['label'])} has a second taxon."
                )
        return taxa

"""The name of the results of one run."""

from pathlib import Path

from autofocus.runs import files
from autofocus.runs.csv_files import CsvReader


def run_id(table: Path) -> str:
    """Return a name that tells the results of different runs apart.

    It is the date of the newest image and the beginning of the table's digest: the same for every
    attempt at a run, and for another run of the same model over the same images.

    Args:
        table: of all predictions.
    """
    newest = ""
    with CsvReader(table) as reader:
        if "date" in reader.columns:
            column = reader.columns.index("date")
            newest = max((row[column] for row in reader), default="")
    return f"{newest or 'undated'}-{files.digest_file(table)[:8]}"

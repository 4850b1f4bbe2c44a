"""Archives that people give: what is in them is looked at before it is unpacked."""

import re
import zipfile

from autofocus.errors import InputDataError
from autofocus.runs.wording import shown

# Tables in zip files are 5 to 50 times smaller; a file made to fill the disk or the memory is up
# to 1,000 times.
_MAX_RATIO = 200
_UNSUSPICIOUS = 100_000_000
# A document type stands before the first element of an XML file.
_START = 1 << 16
_DOCUMENT_TYPE = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)


def check_member(archive: zipfile.ZipFile, about: zipfile.ZipInfo) -> None:
    """Check that a member of an archive does not unpack to far more than a table.

    Raises:
        InputDataError: it does.
    """
    if about.file_size > max(_UNSUSPICIOUS, _MAX_RATIO * about.compress_size):
        raise InputDataError(
            f"{archive.filename}: {shown(about.filename)} unpacks to "
            f"{about.file_size / 1e6:,.0f} MB, over {_MAX_RATIO} times its size, as tables don't: "
            "if it is right, unpack the file and give the folder."
        )


def check_xml(archive: zipfile.ZipFile) -> None:
    """Check the XML files of a workbook: no spreadsheet program writes entities into them.

    Raises:
        InputDataError: one is far larger than a table, or declares a document type, whose entities
            could read other files or fill the memory.
    """
    for about in archive.infolist():
        check_member(archive, about)
        if about.filename.lower().endswith((".xml", ".rels")):
            with archive.open(about) as file:
                start = file.read(_START).replace(b"\0", b"")
            if _DOCUMENT_TYPE.search(start):
                raise InputDataError(
                    f"{archive.filename}: {shown(about.filename)} declares a document type, as no "
                    "workbook does: save it anew, or as CSV."
                )

"""The texts that describe a synthetic data set, and its small archive."""

import io
import tarfile

README = """\
SYNTHETIC camera-trap photographs
=================================

Everything here was drawn by the command `autofocus make-sample`: no animal, no person and no place
in these pictures exists. Each photograph says SYNTHETIC in its footer and in its EXIF data.

The layout is that of the camera-trap data of the Lincoln Park Zoo, Chicago:

  lpz_data/images_2016/<deployment>/*.JPG   photographs: 1280 x 960 and a footer of 198 rows
  lpz_data/images_2017/<deployment>/*.JPG   the same sites in the next season
  lpz_data/detections_2016.csv              who is to be seen on them; dates like 05-Jul-16
  lpz_data/detections_2017.csv              likewise; dates like 2017-04-03

Some files are broken on purpose, some photographs are in no table, and some rows of the tables
have no photograph: programs that read camera-trap data meet all of these.
"""

OUTER_README = (
    README
    + """\

The layout above is that of the folder `bucket`, which is what belongs in an object store.
`truth.csv`, beside it, says what each file really shows and how it was made (`kind`): it is for
checking, never for training.
"""
)

_NOTE = "SYNTHETIC field notes: batteries changed, lens wiped, nobody met.\n"


def archive() -> bytes:
    """Return a small, deterministic tar file."""
    file, note = io.BytesIO(), _NOTE.encode()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        member = tarfile.TarInfo("field_notes/SYNTHETIC.txt")
        member.size = len(note)
        tar.addfile(member, io.BytesIO(note))
    return file.getvalue()

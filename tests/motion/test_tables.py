"""Claims about reading the images whose motion is looked for."""

import tracemalloc
from pathlib import Path

from autofocus.grouping.locations import LocationPattern
from autofocus.motion.tables import read_frames

_ROWS = 5_000


def test_the_table_is_not_in_memory_beside_its_frames(tmp_path: Path) -> None:
    """Reading takes little more memory than the frames that are returned, one for each row."""
    path = tmp_path / "image_properties.csv"
    rows = (f"s{row // 1000}/I{row:07d}.JPG,2016-07-05,12:00:00\n" for row in range(_ROWS))
    path.write_text("filepath,date,time\n" + "".join(rows), encoding="utf-8")
    pattern = LocationPattern()
    read_frames(path, pattern)
    tracemalloc.start()
    frames = read_frames(path, pattern)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(frames) == _ROWS
    assert peak < 1.8 * kept

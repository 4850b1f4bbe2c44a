"""Tests of the folder of a camera."""

import pytest

from autofocus.runs.cameras import camera_folder
from autofocus.runs.sharding import Shard


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("CAM01/IMG_0001.JPG", "CAM01"),
        ("IMG_0001.JPG", ""),
        ("CAM01/DCIM/100RECNX/IMG_9999.JPG", "CAM01"),
        ("CAM01/DCIM/100_BTCF/IMG_0001.JPG", "CAM01"),
        ("s/CAM01/DCIM/100MEDIA/101RECNX/Check1/IMG_0001.JPG", "s/CAM01"),
        ("DCIM/100EK113/IMG_0001.JPG", ""),
        ("DCIM/CAM01/IMG_0001.JPG", "DCIM/CAM01"),
        ("CAM01/dcim/100media/img_0001.jpg", "CAM01"),
        ("CAM01/DCIM/10160501/DSC00001.JPG", "CAM01"),
        ("hills/100acre/IMG_0001.JPG", "hills/100acre"),
        ("20160501/IMG_0001.JPG", "20160501"),
        ("2016CHIL/IMG_0001.JPG", "2016CHIL"),
        ("Checkpoint/IMG_0001.JPG", "Checkpoint"),
        ("CAM01/DCIM/100MEDIA/V01.MP4/frame_0001.jpg", "CAM01"),
    ],
)
def test_folders_that_cameras_make_are_no_cameras(path: str, folder: str) -> None:
    """Names of the standard DCF, DCIM and visits are left out at the end of a path alone."""
    assert camera_folder(path) == folder


def test_the_folders_of_one_card_are_in_one_shard() -> None:
    """A sequence that begins in a full folder and goes on in the next is labelled as a whole."""
    names = [f"CAM01/DCIM/{number}RECNX/IMG_0001.JPG" for number in range(100, 130)]
    assert sum(any(Shard(number, 16).has(name) for name in names) for number in range(16)) == 1

"""Claims about boxes."""

from PIL import Image

from autofocus.boxes.box import Box
from autofocus.boxes.drawing import draw_box
from autofocus.motion.settings import MotionSettings

BOX = Box(0.25, 0.5, 0.5, 0.25, 0.4, 8, "motion")


def test_a_crop_is_the_part_in_the_box() -> None:
    """Shares of the frame become pixels, whatever its size."""
    assert BOX.crop(Image.new("L", (200, 100))).size == (100, 25)
    assert BOX.crop(Image.new("L", (1000, 400))).size == (500, 100)


def test_a_whole_frame_is_cropped_to_itself() -> None:
    """Where nothing moved, all is looked at."""
    assert Box().crop(Image.new("L", (37, 21))).size == (37, 21)


def test_a_box_survives_json() -> None:
    """What is written is read back the same."""
    assert Box.from_json(BOX.to_json()) == BOX


def test_settings_survive_json() -> None:
    """A model looks at new photographs as it looked at those it learned from."""
    settings = MotionSettings(neighbours=5, high=2.5)
    assert MotionSettings.from_json(settings.to_json()) == settings


def test_a_drawing_leaves_the_photograph_alone() -> None:
    """The box is drawn on a copy, at its place."""
    photograph = Image.new("RGB", (200, 100), (10, 20, 30))
    drawn = draw_box(photograph, BOX)
    assert photograph.getpixel((50, 60)) == (10, 20, 30)
    assert drawn.getpixel((50, 70)) != (10, 20, 30)
    assert drawn.getpixel((5, 5)) == (10, 20, 30)

"""A canvas in units of a body's length, on which ovals and limbs are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image, ImageDraw

from autofocus.demo.synthetic.textures import Colour

Point = tuple[float, float]


@dataclass(frozen=True)
class Canvas:
    """A picture whose ground line is near its lower edge; x to the right, y upwards.

    Attributes:
        picture: RGBA.
        unit: pixels in a unit.
        origin: the pixel of (0, 0).
        eyes: those drawn so far: x, y and radius in pixels.
    """

    picture: Image.Image
    unit: float
    origin: Point
    eyes: list[tuple[float, float, float]] = field(default_factory=list)

    @classmethod
    def of_unit(cls, unit: float, reach: Point) -> "Canvas":
        """Make a canvas.

        Args:
            unit: pixels in a unit.
            reach: how far it goes to each side, and up, in units.
        """
        wide, high = max(16, round(2 * reach[0] * unit)), max(16, round((reach[1] + 0.1) * unit))
        return cls(Image.new("RGBA", (wide, high)), unit, (wide / 2, high - 0.1 * unit))

    @property
    def foot(self) -> Point:
        """The pixel that stands on the ground."""
        return self.origin

    def at(self, point: Point) -> Point:
        """Return a point's pixel."""
        return self.origin[0] + point[0] * self.unit, self.origin[1] - point[1] * self.unit

    def oval(self, middle: Point, radii: Point, colour: Colour) -> None:
        """Draw an ellipse."""
        x, y = self.at(middle)
        across, up = (max(0.5, abs(radius) * self.unit) for radius in radii)
        self._draw.ellipse((x - across, y - up, x + across, y + up), fill=colour)

    def limb(self, joints: Sequence[Point], thick: float, colour: Colour) -> None:
        """Draw a line with round joints."""
        pixels = [self.at(joint) for joint in joints]
        radius = max(0.5, thick * self.unit / 2)
        self._draw.line(pixels, fill=colour, width=max(1, round(2 * radius)))
        for x, y in pixels:
            self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    def shape(self, corners: Sequence[Point], colour: Colour) -> None:
        """Draw a polygon."""
        self._draw.polygon([self.at(corner) for corner in corners], fill=colour)

    def eye(self, middle: Point, radius: float) -> None:
        """Draw an eye, and remember it for the flash."""
        self.oval(middle, (radius, radius), (18, 14, 12))
        x, y = self.at(middle)
        self.eyes.append((x, y, max(1.2, radius * self.unit)))

    @property
    def _draw(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.picture)

"""Animals as silhouettes: shapes with coats, seen from the side, in many poses.

Each is drawn into a canvas in body lengths: the ground is y = 0, the middle of the trunk x = 0,
and it looks to the right.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from autofocus.demo.synthetic.people import draw_person
from autofocus.demo.synthetic.plan import Figure
from autofocus.demo.synthetic.strokes import Canvas, Point
from autofocus.demo.synthetic.textures import Colour, Field, shade, value_noise

PERSON = "human"
# How high vegetation can reach on a person, as a share of their height; on animals it is the back.
_SHIN = 0.3
_UPRIGHT = 90  # degrees: a tail that stands up and over
_FAINT = 8  # opacity below which nothing is left of an edge


@dataclass(frozen=True)
class Build:
    """An animal's shape and colours; all lengths are in trunk lengths.

    Attributes:
        length: of the trunk, as a share of a photograph's width, on the lower edge of it.
        back: height of the back's middle.
        girth: thickness of the trunk.
        hump: how far the back's hind part rises.
        neck: length and rise of the neck.
        head: length of the skull.
        muzzle: length of the muzzle.
        ears: length and width of the ears.
        leg: thickness of the legs.
        tail: length, thickness and angle in degrees above the horizontal, pointing backwards.
        rings: dark rings on the tail.
        coats: colours of the back, one of which an individual has.
        belly: how much lighter the belly is.
        legs: how much darker the legs are.
        mask: whether the face has a dark mask.
        pale_face: whether the face is white.
        scut: whether the tail's underside is white.
        antlers: the share of individuals that bear them.
    """

    length: float
    back: float
    girth: float
    hump: float
    neck: tuple[float, float]
    head: float
    muzzle: float
    ears: tuple[float, float]
    leg: float
    tail: tuple[float, float, float]
    coats: tuple[Colour, ...]
    rings: int = 0
    belly: float = 1.2
    legs: float = 0.8
    mask: bool = False
    pale_face: bool = False
    scut: bool = False
    antlers: float = 0.0


BUILDS = {
    "raccoon": Build(
        0.22, 0.62, 0.50, 0.12, (0.10, 0.02), 0.17, 0.12, (0.09, 0.08), 0.085,
        (0.62, 0.125, -12), ((124, 116, 106), (106, 98, 90), (140, 128, 112)),
        rings=5, legs=0.6, mask=True, belly=1.1,
    ),
    "opossum": Build(
        0.17, 0.50, 0.40, 0.04, (0.10, 0.0), 0.13, 0.18, (0.08, 0.07), 0.06,
        (0.62, 0.03, -22), ((168, 164, 156), (146, 142, 136)),
        legs=0.45, pale_face=True, belly=1.05,
    ),
    "coyote": Build(
        0.26, 0.82, 0.34, -0.02, (0.22, 0.16), 0.14, 0.17, (0.15, 0.08), 0.065,
        (0.48, 0.115, -48), ((146, 124, 96), (128, 112, 92), (160, 134, 100)),
        belly=1.3, legs=1.0,
    ),
    "dog": Build(
        0.26, 0.76, 0.38, -0.02, (0.18, 0.22), 0.17, 0.14, (-0.13, 0.09), 0.075,
        (0.42, 0.06, 48), ((52, 46, 42), (196, 178, 146), (118, 78, 48)),
        belly=1.0, legs=1.0,
    ),
    "deer": Build(
        0.33, 1.08, 0.40, 0.0, (0.40, 0.42), 0.17, 0.17, (0.19, 0.09), 0.06,
        (0.17, 0.08, -60), ((152, 108, 72), (130, 98, 72), (166, 124, 84)),
        belly=1.35, legs=0.9, scut=True, antlers=0.4,
    ),
    "squirrel": Build(
        0.115, 0.46, 0.40, 0.10, (0.08, 0.12), 0.19, 0.09, (0.09, 0.06), 0.075,
        (0.95, 0.21, 104), ((126, 116, 102), (134, 104, 72), (108, 102, 96)),
        belly=1.4, legs=0.95,
    ),
    "rabbit": Build(
        0.135, 0.56, 0.52, 0.16, (0.06, 0.10), 0.21, 0.07, (0.34, 0.075), 0.09,
        (0.10, 0.10, 20), ((140, 122, 98), (122, 108, 90)),
        belly=1.25, legs=0.9, scut=True,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Sprite:
    """A figure ready to be put into a scene.

    Attributes:
        picture: RGBA.
        foot: the point of the picture that stands on the ground, in pixels.
        eyes: where eyes are that would shine in a flash, in pixels, and how large.
    """

    picture: Image.Image
    foot: Point
    eyes: tuple[tuple[float, float, float], ...]


def make_sprite(
    figure: Figure, width: int, near: float, builds: Mapping[str, Build] = BUILDS
) -> Sprite:
    """Draw a figure.

    Args:
        figure: who, and in which pose.
        width: of the photograph, in pixels.
        near: how large things at its place look, as a share of those at the lower edge.
        builds: the shape of each animal.
    """
    rng = np.random.default_rng(figure.coat)
    if figure.species == PERSON:
        canvas = Canvas.of_unit(0.60 * width * near * figure.size, (0.62, 1.08))
        draw_person(canvas, figure, rng)
    else:
        build = builds[figure.species]
        unit = build.length * width * near * figure.size
        canvas = Canvas.of_unit(unit, (1.75, 1.75))
        _Quadruped(build, figure, canvas, rng).draw()
    # The noise differs from frame to frame as little as the animal does.
    rng = np.random.default_rng(figure.coat + 1)
    if figure.species == PERSON:
        return _finish(canvas, figure, rng, 0.05, _SHIN)
    return _finish(canvas, figure, rng, 1.0, builds[figure.species].back)


def _finish(
    canvas: Canvas, figure: Figure, rng: np.random.Generator, fur: float, high: float
) -> Sprite:
    picture = _lit(canvas.picture, rng, fur)
    if figure.cover > 0:
        above = (canvas.foot[1] - np.arange(picture.height, dtype=np.float32)) / canvas.unit
        _hide_feet(picture, rng, above / high, figure.cover)
    foot, eyes = canvas.foot, tuple(canvas.eyes)
    if figure.flipped:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        foot = (picture.width - foot[0], foot[1])
        eyes = tuple((picture.width - x, y, size) for x, y, size in eyes)
    return Sprite(picture, foot, eyes)


def _lit(picture: Image.Image, rng: np.random.Generator, fur: float) -> Image.Image:
    """Give a drawing the light, the texture and the ragged edges of a body."""
    size, cell = picture.size, max(4.0, picture.height / 90)
    hairs = value_noise(rng, size, (cell * 2.2, cell), 3, 0.8)
    blobs = value_noise(rng, size, (cell * 9, cell * 7), 3)
    soft = picture.filter(ImageFilter.GaussianBlur(cell * (0.15 + 0.3 * fur)))
    pixels, alpha = np.array(picture, np.float32), np.asarray(soft.getchannel("A"), np.float32)
    round_body = 0.8 + 0.2 * alpha / 255
    light = round_body + (0.04 + 0.07 * fur) * hairs + (0.04 + 0.02 * fur) * blobs
    # Where the blurred edge reaches beyond the drawing, it has no colour of its own yet.
    inked = pixels[..., 3:] > 0
    colours = np.where(inked, pixels[..., :3], pixels[..., :3][inked[..., 0]].mean(axis=0))
    edge = np.clip((alpha / 255 - 0.5 + 0.2 * fur * hairs) * 4 + 0.5, 0, 1) * (alpha > _FAINT)
    lit = np.concatenate([colours * light[..., None], 255 * edge[..., None]], axis=2)
    return Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))


def _hide_feet(picture: Image.Image, rng: np.random.Generator, above: Field, cover: float) -> None:
    """Let the ground's vegetation show before a figure's lower part, in blades."""
    blades = value_noise(rng, picture.size, (7, 90), 2, 0.8)
    seen = np.clip((above[:, None] - cover) * 7 + 0.9 * blades + 0.5, 0, 1)
    alpha = np.asarray(picture.getchannel("A"), np.float32) * seen
    picture.putalpha(Image.fromarray(alpha.astype(np.uint8)))


@dataclass(frozen=True)
class _Quadruped:
    """Draws an animal of four legs part by part, the farther ones first."""

    build: Build
    figure: Figure
    canvas: Canvas
    rng: np.random.Generator

    def draw(self) -> None:
        coats = self.build.coats
        coat = shade(coats[int(self.rng.integers(len(coats)))], self.rng.uniform(0.85, 1.15))
        self._legs(coat, far=True)
        self._tail(coat)
        self._trunk(coat)
        self._legs(coat, far=False)
        self._head(coat, self._neck(coat))

    def _legs(self, coat: Colour, far: bool) -> None:
        build = self.build
        colour = shade(coat, build.legs * (0.72 if far else 1.0))
        swing = 2 * np.pi * (self.figure.phase + (0.5 if far else 0.0))
        hip_y = build.back - build.girth * 0.3
        for x, turn in ((-0.36, 0.0), (0.36, 1.6)):
            reach = 0.30 * hip_y * np.sin(swing + turn)
            lift = 0.10 * hip_y * max(0.0, float(np.cos(swing + turn)))
            knee = (x + 0.55 * reach + (-0.06 if x < 0 else 0.03), hip_y * 0.48 + lift * 0.5)
            foot = (x + reach, 0.02 + lift)
            thick = build.leg * (1.9 if x < 0 else 1.5)
            self.canvas.limb([(x, hip_y), knee], thick, colour)
            self.canvas.limb([knee, foot, (foot[0] + 0.05, foot[1])], build.leg, colour)

    def _tail(self, coat: Colour) -> None:
        length, thick, angle = self.build.tail
        turn = np.radians(angle + 14 * np.sin(2 * np.pi * self.figure.phase))
        start = (-0.46, self.build.back + self.build.hump * 0.4)
        curl = 0.5 if angle > _UPRIGHT else -0.12
        joints = [start]
        for part in range(12):
            way = turn - curl * (part / 6)
            joints.append(
                (
                    joints[-1][0] - length / 12 * np.cos(way),
                    joints[-1][1] + length / 12 * np.sin(way),
                )
            )
        bands = max(1, 2 * self.build.rings)
        for number, (a, b) in enumerate(pairwise(joints)):
            dark = self.build.rings and (number * bands // 12) % 2
            colour = shade(coat, 0.35 if dark else 1.15) if self.build.rings else shade(coat, 0.95)
            swell = thick * (0.75 + 0.5 * np.sin(np.pi * min(1.0, (number + 2) / 13)))
            self.canvas.limb([a, b], swell, colour)
        if self.build.scut:
            self.canvas.oval((start[0] - 0.04, start[1] - 0.02), (0.07, 0.10), (232, 228, 220))

    def _trunk(self, coat: Colour) -> None:
        build, canvas = self.build, self.canvas
        middle = build.back - build.girth * 0.5
        lower, upper = shade(coat, build.belly), shade(coat, 0.82)
        canvas.oval((0.0, middle), (0.56, build.girth * 0.48), coat)
        canvas.oval((-0.30, middle + build.hump * 0.5), (0.28, build.girth * 0.52), coat)
        canvas.oval((0.31, middle + 0.01), (0.24, build.girth * 0.50), coat)
        canvas.oval((0.02, middle - build.girth * 0.25), (0.40, build.girth * 0.2), lower)
        canvas.oval((-0.05, middle + build.girth * 0.36), (0.42, build.girth * 0.12), upper)

    def _neck(self, coat: Colour) -> Point:
        length, rise = self.build.neck
        start = (0.42, self.build.back - self.build.girth * 0.3)
        # Lowered to feed, the head comes as far down as the neck is long.
        drop = self.figure.stoop**2 * (rise + length + self.build.girth * 0.4)
        end = (start[0] + length + self.build.head * 0.4, start[1] + rise + 0.06 - drop * 0.9)
        end = (end[0], max(end[1], self.build.head))
        self.canvas.limb([start, end], self.build.girth * 0.42, coat)
        return end

    def _head(self, coat: Colour, place: Point) -> None:
        if self.figure.facing:
            self._face(coat, place)
        else:
            self._profile(coat, place)

    def _face(self, coat: Colour, place: Point) -> None:
        build, canvas, size = self.build, self.canvas, self.build.head
        x, y = place
        for side in (-1, 1):
            self._ear((x + side * size * 0.72, y + size * 0.7), side, coat)
        pale = (214, 208, 198)
        canvas.oval(place, (size * 1.02, size * 0.92), pale if build.pale_face else coat)
        canvas.oval((x, y - size * 0.45), (size * 0.45, size * 0.5), shade(coat, 1.35))
        for side in (-1, 1):
            eye = (x + side * size * 0.42, y + size * 0.06)
            if build.mask:
                canvas.oval((eye[0], y + size * 0.42), (size * 0.5, size * 0.14), pale)
                canvas.oval(eye, (size * 0.42, size * 0.27), (26, 24, 24))
            canvas.eye(eye, size * 0.12)
        canvas.oval((x, y - size * 0.4), (size * 0.17, size * 0.14), (24, 20, 20))
        self._antlers((x, y + size * 0.8))

    def _profile(self, coat: Colour, place: Point) -> None:
        build, canvas, size = self.build, self.canvas, self.build.head
        x, y = place
        tip = (x + size * 0.6 + build.muzzle, y - size * 0.35 - build.muzzle * 0.35)
        pale = (214, 208, 198)
        face = pale if build.pale_face else coat
        self._ear((x - size * 0.35, y + size * 0.75), -1, coat)
        canvas.oval(place, (size * 0.95, size * 0.8), face)
        canvas.limb([(x + size * 0.3, y - size * 0.1), tip], size * 0.62, shade(face, 1.12))
        eye = (x + size * 0.45, y + size * 0.15)
        if build.mask:
            canvas.oval((x + size * 0.3, y + size * 0.45), (size * 0.5, size * 0.14), pale)
            canvas.oval(
                (x + size * 0.38, y + size * 0.08), (size * 0.46, size * 0.25), (26, 24, 24)
            )
        canvas.eye(eye, size * 0.11)
        canvas.oval(tip, (size * 0.2, size * 0.18), (24, 20, 20))
        self._ear((x - size * 0.1, y + size * 0.7), 1, shade(coat, 0.9))
        self._antlers((x, y + size * 0.8))

    def _ear(self, root: Point, side: int, coat: Colour) -> None:
        length, width = self.build.ears
        x, y = root
        tip = (x + side * abs(length) * 0.25, y + length)
        ear: Sequence[Point] = [(x - width * 0.6, y - 0.02), tip, (x + width * 0.6, y - 0.02)]
        self.canvas.shape(ear, shade(coat, 0.8))
        middle = ((x + tip[0]) / 2, (y + tip[1]) / 2)
        self.canvas.oval(middle, (width * 0.48, abs(length) * 0.48), shade(coat, 0.8))

    def _antlers(self, root: Point) -> None:
        # Drawn from the coat, as it must be the same in each frame.
        if self.figure.coat % 100 >= 100 * self.build.antlers:
            return
        x, y = root
        for side in (-1, 1):
            beam = [(x, y), (x + side * 0.12, y + 0.14), (x + side * 0.10, y + 0.34)]
            self.canvas.limb(beam, 0.025, (120, 104, 84))
            self.canvas.limb([beam[1], (x + side * 0.24, y + 0.26)], 0.02, (120, 104, 84))


def shadow(sprite: Sprite, strength: float) -> Image.Image:
    """Return the mask (mode L) of the shadow on the ground below a figure."""
    wide, high = sprite.picture.size
    mask = Image.new("L", (wide, max(4, high // 6)))
    box = (wide * 0.18, 1, wide * 0.82, mask.height - 1)
    ImageDraw.Draw(mask).ellipse(box, fill=round(255 * strength))
    return mask

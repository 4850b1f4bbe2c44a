"""Backgrounds: each site has its own, made of textures, trees, fences and buildings."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from autofocus.demo.synthetic.chance import happens
from autofocus.demo.synthetic.plan import Stream
from autofocus.demo.synthetic.textures import (
    Colour,
    Colours,
    Field,
    draw_blades,
    mix,
    shade,
    step,
    to_image,
    value_noise,
)

# Wider than an image, so that the camera can point elsewhere in the next season.
SIZE = (1360, 1020)
_GRASSES: tuple[Colour, ...] = (
    (92, 112, 58), (112, 122, 66), (72, 98, 52), (128, 118, 74), (98, 104, 72),
)  # fmt: skip
_SOILS: tuple[Colour, ...] = (
    (104, 84, 62), (124, 108, 88), (86, 72, 60), (132, 112, 82), (96, 92, 84),
)  # fmt: skip
_LEAVES: tuple[Colour, ...] = ((58, 76, 42), (74, 88, 48), (48, 64, 44), (92, 92, 52))
_BARKS: tuple[Colour, ...] = ((70, 60, 50), (92, 82, 72), (58, 52, 48), (110, 104, 96))
_WALLS: tuple[Colour, ...] = ((132, 96, 80), (150, 146, 138), (116, 118, 124), (168, 150, 122))


@dataclass(frozen=True)
class Scene:
    """The background of a camera's images.

    Attributes:
        picture: the background by day, RGB, `SIZE`.
        front: what stands before the animals, RGBA, `SIZE`.
        horizon: the row where the ground begins.
        tint: the colour of the camera's own lens and sensor: a factor for each channel.
    """

    picture: Image.Image
    front: Image.Image
    horizon: int
    tint: tuple[float, float, float]


@dataclass(frozen=True)
class _Palette:
    grass: Colour
    soil: Colour
    leaves: Colour
    bark: Colour
    wall: Colour
    sky: Colour


@lru_cache(maxsize=8)
def make_scene(seed: int, site: int) -> Scene:
    """Return a site's background; all of it follows from the seed and the site's number."""
    rng = np.random.default_rng([seed, Stream.SITE, site])
    palette = _palette(rng)
    horizon = int(rng.uniform(0.22, 0.5) * SIZE[1])
    picture = to_image(_far(rng, palette, horizon))
    for add in _things(rng, site):
        add(picture, rng, palette, horizon)
    picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(1.0, 2.2)))
    picture = _with_ground(picture, rng, palette, horizon)
    front = _front(rng, palette)
    tint = tuple(float(part) for part in rng.uniform(0.94, 1.06, 3))
    return Scene(picture, front, horizon, (tint[0], tint[1], tint[2]))


_Thing = Callable[[Image.Image, np.random.Generator, _Palette, int], None]


def _palette(rng: np.random.Generator) -> _Palette:
    def pick(colours: tuple[Colour, ...]) -> Colour:
        return shade(colours[int(rng.integers(len(colours)))], rng.uniform(0.85, 1.15))

    sky = shade((198, 210, 222), rng.uniform(0.9, 1.1))
    return _Palette(pick(_GRASSES), pick(_SOILS), pick(_LEAVES), pick(_BARKS), pick(_WALLS), sky)


def _things(rng: np.random.Generator, site: int) -> tuple[_Thing, ...]:
    """Return what stands at a site, the farthest first; neighbours in number differ most."""
    kinds: tuple[tuple[_Thing, ...], ...] = (
        (_skyline, _bushes, _wooden_fence),
        (_thicket, _trunks),
        (_wall, _bushes),
        (_bushes, _wire_fence),
        (_thicket, _trunks, _wire_fence),
        (_skyline, _trunks),
        (_bushes, _trunks, _stones),
        (_wall, _wire_fence, _trunks),
    )
    chosen = kinds[site % len(kinds)]
    return (*chosen, _stones) if happens(rng, 0.4) else chosen


def _far(rng: np.random.Generator, palette: _Palette, horizon: int) -> Colours:
    width, height = SIZE
    base = np.broadcast_to(np.asarray(palette.sky, np.float32), (height, width, 3))
    clouds = value_noise(rng, SIZE, (500, 160), 3)
    rows = np.arange(height, dtype=np.float32)[:, None]
    bright = 1.0 + 0.03 * clouds + 0.12 * (rows / height)
    sky: Colours = (base * bright[..., None]).astype(np.float32)
    line = horizon + 8 * value_noise(rng, (width, 2), (300, 2), 4)[:1]
    hills = step(rows - line + 70 + 40 * value_noise(rng, (width, 2), (250, 2), 4)[:1], 0, 4)
    return mix(sky, shade(palette.leaves, 1.25), hills * np.float32(0.75))


def _skyline(
    picture: Image.Image, rng: np.random.Generator, palette: _Palette, horizon: int
) -> None:
    draw = ImageDraw.Draw(picture)
    x = -40.0
    while x < SIZE[0]:
        wide, high = rng.uniform(50, 170), rng.uniform(0.2, 0.95) * horizon
        colour = shade(palette.wall, rng.uniform(0.7, 1.15))
        draw.rectangle((x, horizon - high, x + wide, horizon + 30), fill=colour)
        _windows(draw, rng, (x, horizon - high, x + wide, horizon), shade(colour, 0.65))
        x += wide + rng.uniform(-10, 60)


def _windows(
    draw: ImageDraw.ImageDraw,
    rng: np.random.Generator,
    box: tuple[float, float, float, float],
    colour: Colour,
) -> None:
    across, down = rng.uniform(12, 22), rng.uniform(16, 28)
    for x in np.arange(box[0] + 6, box[2] - 8, across):
        for y in np.arange(box[1] + 8, box[3] - 10, down):
            draw.rectangle((x, y, x + across * 0.5, y + down * 0.5), fill=colour)


def _wall(picture: Image.Image, rng: np.random.Generator, palette: _Palette, horizon: int) -> None:
    draw = ImageDraw.Draw(picture)
    top, brick = int(horizon * rng.uniform(0.0, 0.45)), rng.uniform(14, 26)
    draw.rectangle((0, top, SIZE[0], horizon + 40), fill=shade(palette.wall, 0.6))
    for row, y in enumerate(np.arange(top, horizon + 40, brick)):
        for x in np.arange(-brick * (1 + row % 2), SIZE[0], brick * 2.2):
            colour = shade(palette.wall, rng.uniform(0.78, 1.08))
            draw.rectangle((x, y, x + brick * 2.05, y + brick * 0.86), fill=colour)


def _thicket(
    picture: Image.Image, rng: np.random.Generator, palette: _Palette, horizon: int
) -> None:
    """Trees so dense that no sky is left but in small gaps."""
    mask = step(value_noise(rng, SIZE, (160, 120), 6, 0.7), -0.7, 0.5)
    dark = value_noise(rng, SIZE, (60, 60), 5, 0.8)
    leaves = np.asarray(palette.leaves, np.float32) * (0.8 + 0.28 * dark[..., None])
    mask[horizon + 40 :] = 0
    picture.paste(to_image(mix(np.asarray(picture, np.float32), leaves, mask)))
    draw = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(14, 30))):
        x, wide = rng.uniform(0, SIZE[0]), rng.uniform(4, 16)
        lean = rng.normal(0, 25)
        colour = shade(palette.bark, rng.uniform(0.6, 1.1))
        draw.line([(x, horizon + 30), (x + lean, 0)], fill=colour, width=int(wide))


def _bushes(
    picture: Image.Image, rng: np.random.Generator, palette: _Palette, horizon: int
) -> None:
    rows = np.arange(SIZE[1], dtype=np.float32)[:, None]
    for layer in range(3):
        top = horizon - rng.uniform(20, 150) + 30 * layer
        line = top + 45 * value_noise(rng, (SIZE[0], 2), (rng.uniform(90, 260), 2), 5, 0.6)[:1]
        ragged = 16 * value_noise(rng, SIZE, (26, 26), 3, 0.8)
        mask = step(rows - line + ragged, 0, 5) * (rows < horizon + 50)
        tone = 0.7 + 0.12 * layer + 0.22 * value_noise(rng, SIZE, (40, 34), 5, 0.85)
        leaves = np.asarray(palette.leaves, np.float32) * tone[..., None]
        picture.paste(to_image(mix(np.asarray(picture, np.float32), leaves, mask)))


def _trunks(
    picture: Image.Image, rng: np.random.Generator, palette: _Palette, horizon: int
) -> None:
    bark = value_noise(rng, SIZE, (10, 120), 4, 0.8)
    for _ in range(int(rng.integers(2, 7))):
        mask = Image.new("L", SIZE)
        x, wide = rng.uniform(0, SIZE[0]), rng.uniform(18, 80)
        foot = horizon + wide * 1.2
        lean = rng.normal(0, 40)
        corners = [
            (x - wide * 0.75, foot), (x - wide * 0.5, foot - wide), (x - wide * 0.35 + lean, 0),
            (x + wide * 0.35 + lean, 0), (x + wide * 0.5, foot - wide), (x + wide * 0.75, foot),
        ]  # fmt: skip
        ImageDraw.Draw(mask).polygon(corners, fill=255)
        tone = rng.uniform(0.7, 1.2) + 0.2 * bark
        colours = np.asarray(palette.bark, np.float32) * tone[..., None]
        picture.paste(to_image(colours), mask=mask)


def _wooden_fence(
    picture: Image.Image, rng: np.random.Generator, palette: _Palette, horizon: int
) -> None:
    draw = ImageDraw.Draw(picture)
    slat, high = rng.uniform(22, 40), rng.uniform(110, 200)
    for x in np.arange(0, SIZE[0], slat):
        colour = shade(palette.bark, rng.uniform(1.1, 1.6))
        top = horizon - high + rng.uniform(-5, 5)
        draw.rectangle((x, top, x + slat * 0.88, horizon + 30), fill=colour)


def _wire_fence(
    picture: Image.Image, rng: np.random.Generator, palette: _Palette, horizon: int
) -> None:
    draw = ImageDraw.Draw(picture)
    mesh, top = rng.uniform(22, 36), horizon - rng.uniform(130, 240)
    colour = shade((150, 152, 150), rng.uniform(0.6, 1.1))
    span = horizon + 40 - top
    for x in np.arange(-span, SIZE[0] + span, mesh):
        draw.line([(x, top), (x + span, horizon + 40)], fill=colour, width=2)
        draw.line([(x, top), (x - span, horizon + 40)], fill=colour, width=2)
    for x in np.arange(rng.uniform(0, 200), SIZE[0], rng.uniform(230, 420)):
        post = (x, top - 14, x + 11, horizon + 40)
        draw.rectangle(post, fill=shade(palette.bark, 1.2))
    draw.line([(0, top), (SIZE[0], top)], fill=colour, width=6)


def _stones(picture: Image.Image, rng: np.random.Generator, _: _Palette, horizon: int) -> None:
    draw = ImageDraw.Draw(picture)
    for x in rng.uniform(0, SIZE[0], int(rng.integers(3, 9))):
        wide = rng.uniform(40, 150)
        y = horizon + rng.uniform(-10, 30)
        colour = shade((128, 124, 118), rng.uniform(0.7, 1.15))
        draw.ellipse((x, y - wide * 0.5, x + wide, y + wide * 0.3), fill=shade(colour, 0.7))
        draw.ellipse((x, y - wide * 0.5, x + wide * 0.9, y + wide * 0.15), fill=colour)


def _with_ground(
    picture: Image.Image, rng: np.random.Generator, palette: _Palette, horizon: int
) -> Image.Image:
    """Lay the ground below the horizon: grass, soil, a path, leaves, blades."""
    width, height = SIZE
    deep = (width, height - horizon)
    near = np.linspace(0.15, 1, deep[1], dtype=np.float32)[:, None]
    patches = value_noise(rng, deep, (330, 110), 5, 0.6) + rng.normal(0, 0.7)
    soil = step(np.maximum(patches, _path(rng, deep)), 0.35, 0.9)
    fine = value_noise(rng, deep, (22, 9), 3, 0.9) * (0.3 + 0.7 * near)
    grass = (
        np.asarray(palette.grass, np.float32) * (0.85 + 0.2 * fine).astype(np.float32)[..., None]
    )
    earth = (
        np.asarray(palette.soil, np.float32) * (0.92 + 0.12 * fine).astype(np.float32)[..., None]
    )
    ground = to_image(mix(grass, earth, soil))
    _litter(ground, rng, palette)
    whole = picture.copy()
    edge = 6 * value_noise(rng, (width, 2), (60, 2), 4)[:1] + 10
    rows = np.arange(deep[1], dtype=np.float32)[:, None]
    mask = Image.fromarray((255 * step(rows - edge, 0, 6)).astype(np.uint8))
    whole.paste(ground, (0, horizon), mask)
    blades = int(rng.uniform(1500, 9000))
    length = rng.uniform(22, 95)
    draw_blades(whole, rng, blades, (horizon + 4, height + 40), length, palette.grass)
    return whole.filter(ImageFilter.GaussianBlur(0.8))


def _path(rng: np.random.Generator, deep: tuple[int, int]) -> Field:
    rows = np.linspace(0, 1, deep[1], dtype=np.float32)[:, None]
    columns = np.arange(deep[0], dtype=np.float32)[None]
    middle = rng.uniform(0.2, 0.8) * deep[0] + rows * rng.normal(0, 250)
    wide = (30 + 260 * rows) * rng.uniform(0.0, 1.4) + 1
    return np.asarray(2.2 - 2.2 * np.abs(columns - middle) / wide, np.float32)


def _litter(ground: Image.Image, rng: np.random.Generator, palette: _Palette) -> None:
    draw = ImageDraw.Draw(ground)
    number = int(rng.uniform(100, 1500))
    rows = ground.height * rng.random(number) ** 0.7
    columns, tones = rng.uniform(0, ground.width, number), rng.uniform(0.6, 1.7, number)
    for x, y, tone in zip(columns, rows, tones, strict=True):
        size = (2 + 11 * y / ground.height) * (0.5 + 0.5 * tone)
        draw.ellipse((x, y, x + size, y + size * 0.45), fill=shade(palette.soil, tone))


def _front(rng: np.random.Generator, palette: _Palette) -> Image.Image:
    """What stands close to the camera: tall grass below, perhaps a branch at one side."""
    front = Image.new("RGBA", SIZE)
    draw_blades(front, rng, int(rng.integers(20, 220)), (SIZE[1] * 0.93, SIZE[1] + 90),
                rng.uniform(90, 260), shade(palette.grass, 0.95))  # fmt: skip
    if happens(rng, 0.5):
        _branch(front, rng, palette)
    return front.filter(ImageFilter.GaussianBlur(rng.uniform(1.5, 4)))


def _branch(front: Image.Image, rng: np.random.Generator, palette: _Palette) -> None:
    draw = ImageDraw.Draw(front)
    left = happens(rng, 0.5)
    for _ in range(int(rng.integers(30, 90))):
        inwards = abs(rng.normal(0, 110))
        x = inwards if left else SIZE[0] - inwards
        y, size = rng.uniform(0, SIZE[1] * 0.55), rng.uniform(14, 46)
        colour = shade(palette.leaves, rng.uniform(0.6, 1.4))
        draw.ellipse((x, y, x + size, y + size * rng.uniform(0.4, 0.8)), fill=colour)

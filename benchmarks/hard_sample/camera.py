"""The images of the hard sample: clutter, leaves in the wind, rocks that look like animals."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from autofocus.demo.synthetic.animals import Sprite, make_sprite
from autofocus.demo.synthetic.chance import happens
from autofocus.demo.synthetic.plan import INFRARED
from autofocus.demo.synthetic.scenes import SIZE, make_scene
from autofocus.demo.synthetic.textures import Colour, Field, shade, some_grain, value_noise
from benchmarks.hard_sample.plan import HardShot
from benchmarks.hard_sample.species import HARD_BUILDS

WIDTH, HEIGHT = 640, 480
_BORDER = 8  # pixels of a scene beyond the frame, as the wind shakes the camera
_INFRARED_WEIGHTS = np.array([0.5, 0.6, 0.1], np.float32)
_LEAVES: tuple[Colour, ...] = (
    (62, 80, 44),
    (80, 92, 50),
    (52, 66, 44),
    (98, 96, 56),
    (112, 92, 60),
)
_ROCKS: tuple[Colour, ...] = ((128, 120, 110), (108, 96, 82), (140, 126, 104))
_BURNT: Colour = (34, 30, 28)
# Cameras are focused on what is near.
_FOCUS = ImageFilter.GaussianBlur(1.0)
_TINY = 0.3  # less of an animal than this in the frame is nothing to see
Edges = tuple[float, float, float, float]


@dataclass(frozen=True)
class _Clump:
    """A tuft of leaves that moves in the wind.

    Attributes:
        picture: RGBA.
        left: of its place at rest, in pixels.
        top: of its place at rest, in pixels.
        is_near: whether it is nearer than the animals.
    """

    picture: Image.Image
    left: int
    top: int
    is_near: bool


@dataclass(frozen=True)
class _Place:
    """What a camera always sees.

    Attributes:
        background: RGB, with a border on each side.
        clumps: what the wind moves.
        horizon: the row where the ground begins.
        tint: a factor for each channel, shape (3,).
    """

    background: Image.Image
    clumps: tuple[_Clump, ...]
    horizon: int
    tint: Field


def take(shot: HardShot, seed: int) -> tuple[Image.Image, Edges | None]:
    """Return the image of a shot, and the animal's box as left, top, width, height.

    The box is in shares of the frame; None where no animal is to be seen.
    """
    frame = np.random.default_rng([seed, 5, shot.sequence, shot.frame])
    mood = np.random.default_rng([seed, 4, shot.sequence])
    place = _place(seed, shot.site)
    left, top = (_BORDER + int(frame.integers(-2, 3)) for _ in range(2))
    picture = place.background.crop((left, top, left + WIDTH, top + HEIGHT))
    dark = shot.light == INFRARED
    _blow(picture, place, shot, frame, near=False)
    edges = _draw_animal(picture, place, shot, frame, mood.uniform(0.0, 0.2))
    _blow(picture, place, shot, frame, near=True)
    light = _light(place, shot, mood, frame)
    pixels = np.array(picture, np.float32)
    if dark:
        pixels = np.repeat((pixels @ _INFRARED_WEIGHTS)[..., None], 3, axis=2)
    else:
        warmth = 1 + np.array([1, 0, -1], np.float32) * np.float32(mood.normal(0, 0.03))
        pixels *= place.tint * warmth
    grain = some_grain(frame, (WIDTH, HEIGHT)) * mood.uniform(*((3, 7) if dark else (2, 4)))
    haze = mood.uniform(0, 14)
    shown = pixels * light[..., None] + (grain + haze)[..., None]
    return Image.fromarray(np.clip(shown, 0, 255).astype(np.uint8)), edges


def _light(
    place: _Place, shot: HardShot, mood: np.random.Generator, frame: np.random.Generator
) -> Field:
    """Return the light on each pixel: shadows that drift, or a flash that fades with distance."""
    gain = mood.uniform(0.75, 1.15) * frame.uniform(0.93, 1.07)
    small = (WIDTH // 8, HEIGHT // 8)
    shadows = value_noise(mood, (small[0] + 40, small[1]), (22, 14), 3)
    drift = min(40, round(shot.frame * mood.uniform(0, 3)))
    part = Image.fromarray(shadows[:, drift : drift + small[0]].copy())
    drawn = np.asarray(part.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR))
    if shot.light != INFRARED:
        return np.asarray(gain * (1 + mood.uniform(0.05, 0.15) * np.clip(drawn, -1.5, 1.5)))
    rows = np.arange(HEIGHT, dtype=np.float32)[:, None]
    ground = np.clip((rows - place.horizon) / (HEIGHT - place.horizon), 0, 1)
    lit = mood.uniform(0.25, 0.45) + mood.uniform(0.5, 0.9) * ground
    return np.asarray(gain * lit * (1 + 0.05 * drawn), np.float32)


def _draw_animal(
    picture: Image.Image,
    place: _Place,
    shot: HardShot,
    frame: np.random.Generator,
    fading: float,
) -> Edges | None:
    """Draw the animal, if there is one, not quite opaque, and return its box."""
    if shot.figure is None:
        return None
    build = HARD_BUILDS[shot.figure.species]
    unit = shot.figure.size * float(np.sqrt(WIDTH * HEIGHT))
    sized = replace(shot.figure, size=unit / (build.length * WIDTH))
    sprite = make_sprite(sized, WIDTH, 1.0, HARD_BUILDS)
    animal, depth = sprite.picture, shot.figure.depth
    if shot.light == INFRARED:
        animal = animal.filter(ImageFilter.BoxBlur((max(0.0, float(frame.normal(0.3, 1.0))), 0.2)))
        # A flash lights what stands up more than the ground, which it grazes.
        animal = _brightened(animal, 1.9 - 0.4 * depth)
    ground = place.horizon + (0.15 + 0.85 * depth) * (HEIGHT - place.horizon) * 0.97
    left = round(shot.figure.x * WIDTH - sprite.foot[0])
    top = round(ground - sprite.foot[1])
    alpha = animal.getchannel("A").point(lambda value: round(value * (1 - 0.5 * fading)))
    picture.paste(animal.convert("RGB"), (left, top), alpha)
    if shot.light == INFRARED:
        _shine(picture, sprite, (left, top))
    return _visible(animal.getchannel("A"), left, top)


def _brightened(animal: Image.Image, factor: float) -> Image.Image:
    alpha = animal.getchannel("A")
    brighter = animal.convert("RGB").point(lambda value: min(255, round(value * factor)))
    brighter.putalpha(alpha)
    return brighter


def _shine(picture: Image.Image, sprite: Sprite, at: tuple[int, int]) -> None:
    """Draw eyes that reflect the flash."""
    draw = ImageDraw.Draw(picture)
    for x, y, size in sprite.eyes:
        left, top = at[0] + x, at[1] + y
        draw.ellipse((left - size, top - size, left + size, top + size), fill=(250, 250, 250))


def _visible(alpha: Image.Image, left: int, top: int) -> Edges | None:
    box = alpha.point(lambda value: 255 * (value > 60)).getbbox()  # noqa: PLR2004 - faint edges
    if box is None:
        return None
    x0, y0, x1, y1 = box[0] + left, box[1] + top, box[2] + left, box[3] + top
    whole = (x1 - x0) * (y1 - y0)
    x0, y0, x1, y1 = max(0, x0), max(0, y0), min(WIDTH, x1), min(HEIGHT, y1)
    if x1 <= x0 or y1 <= y0 or (x1 - x0) * (y1 - y0) < _TINY * whole:
        return None
    return x0 / WIDTH, y0 / HEIGHT, (x1 - x0) / WIDTH, (y1 - y0) / HEIGHT


def _blow(
    picture: Image.Image, place: _Place, shot: HardShot, frame: np.random.Generator, *, near: bool
) -> None:
    """Draw the clumps of leaves where the wind has moved them in this frame."""
    for clump in place.clumps:
        if clump.is_near == near:
            right, down = frame.normal(0, shot.wind), frame.normal(0, 0.4 * shot.wind)
            at = (round(clump.left + right), round(clump.top + down))
            picture.paste(clump.picture, at, clump.picture)


@lru_cache(maxsize=4)
def _place(seed: int, site: int) -> _Place:
    rng = np.random.default_rng([seed, 2, site])
    scene = make_scene(seed, site)
    size = (WIDTH + 2 * _BORDER, HEIGHT + 2 * _BORDER)
    scale = size[0] / SIZE[0]
    flat = scene.picture.copy()
    flat.paste(scene.front, mask=scene.front)
    background = flat.resize(size, Image.Resampling.BILINEAR).filter(_FOCUS)
    horizon = min(round(scene.horizon * scale), HEIGHT // 2)
    _add_logs(background, rng, horizon)
    _add_things(background, rng, horizon)
    clumps = tuple(_clump(rng, horizon) for _ in range(int(rng.integers(10, 24))))
    return _Place(background, clumps, horizon, np.asarray(scene.tint, np.float32))


def _clump(rng: np.random.Generator, horizon: int) -> _Clump:
    """Return a tuft of leaves: on the ground, or hanging in from above."""
    wide, high = int(rng.integers(30, 130)), int(rng.integers(20, 90))
    picture = Image.new("RGBA", (wide, high))
    draw = ImageDraw.Draw(picture)
    colour = shade(_LEAVES[int(rng.integers(len(_LEAVES)))], rng.uniform(0.7, 1.3))
    for _ in range(int(rng.integers(12, 45))):
        # Denser in the middle.
        x, y = rng.normal(0.5, 0.2) * wide, rng.normal(0.55, 0.2) * high
        long = rng.uniform(4, 16)
        broad = long * rng.uniform(0.25, 0.7)
        leaf = shade(colour, rng.uniform(0.6, 1.4))
        draw.ellipse((x - long / 2, y - broad / 2, x + long / 2, y + broad / 2), fill=leaf)
    picture = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 1.6)))
    left = int(rng.uniform(-0.3, 0.95) * WIDTH)
    hangs = happens(rng, 0.3)
    top = int(
        rng.uniform(-30, horizon * 0.6) if hangs else rng.uniform(horizon, HEIGHT) - high / 2
    )
    return _Clump(picture, left, top, happens(rng, 0.35))


def _add_logs(background: Image.Image, rng: np.random.Generator, horizon: int) -> None:
    """Lay branches and stones about, so that outlines are everywhere."""
    draw = ImageDraw.Draw(background)
    for _ in range(int(rng.integers(6, 26))):
        x, y = rng.uniform(0, WIDTH), rng.uniform(horizon, HEIGHT)
        reach, turn = rng.uniform(30, 160), rng.normal(0, 0.4)
        end = (x + reach * np.cos(turn), y + reach * np.sin(turn))
        colour = shade((92, 78, 62), rng.uniform(0.6, 1.3))
        draw.line([(x, y), end], fill=colour, width=int(rng.uniform(2, 9)))


def _add_things(background: Image.Image, rng: np.random.Generator, horizon: int) -> None:
    """Place rocks, and at some locations a burnt stump: what a detector takes for animals."""
    draw = ImageDraw.Draw(background)
    for _ in range(int(rng.integers(1, 5))):
        wide = rng.uniform(30, 110)
        x, y = rng.uniform(0, WIDTH - wide), rng.uniform(horizon + 20, HEIGHT - 20)
        colour = shade(_ROCKS[int(rng.integers(len(_ROCKS)))], rng.uniform(0.7, 1.15))
        draw.ellipse((x, y - wide * 0.45, x + wide, y + wide * 0.2), fill=shade(colour, 0.65))
        draw.ellipse((x + 2, y - wide * 0.45, x + wide * 0.9, y + wide * 0.08), fill=colour)
        if happens(rng, 0.5):
            # A second, smaller one beside it, as a head is beside a trunk.
            draw.ellipse(
                (x + wide * 0.75, y - wide * 0.5, x + wide * 1.1, y - wide * 0.15), fill=colour
            )
    if happens(rng, 0.4):
        x, y = rng.uniform(30, WIDTH - 60), rng.uniform(horizon + 40, HEIGHT - 10)
        wide, high = rng.uniform(18, 50), rng.uniform(40, 110)
        ragged = [(x, y), (x + wide * 0.1, y - high), (x + wide * 0.4, y - high * 0.75),
                  (x + wide * 0.6, y - high * 1.1), (x + wide, y)]  # fmt: skip
        draw.polygon(ragged, fill=shade(_BURNT, rng.uniform(0.8, 1.4)))

"""The camera: images by daylight and by infrared light, and their footer."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from autofocus.demo.synthetic.animals import Sprite, make_sprite, shadow
from autofocus.demo.synthetic.chance import happens
from autofocus.demo.synthetic.plan import INFRARED, Shot, Stream, site_code
from autofocus.demo.synthetic.scenes import SIZE, Scene, make_scene
from autofocus.demo.synthetic.textures import Colour, Field, Pixels, some_grain, step, value_noise

WIDTH, HEIGHT = 1280, 960  # of the scene
FOOTER = 198  # rows below it
_SHADE_ABOVE = 120  # rows above the horizon in which shadows fade away
# The weight of each channel in infrared light, in which leaves are bright.
_INFRARED_WEIGHTS = np.array([0.5, 0.6, 0.1], np.float32)


@dataclass(frozen=True)
class _Seat:
    """The position of a figure in the image."""

    sprite: Sprite
    left: int
    top: int
    near: float


def take(shot: Shot, seed: int) -> Image.Image:
    """Return the image of a shot: the scene and its footer, mode RGB.

    The scene's channels are equal where the light is infrared.
    """
    photograph = Image.new("RGB", (WIDTH, HEIGHT + FOOTER))
    photograph.paste(_infrared(shot, seed) if shot.light == INFRARED else _day(shot, seed))
    photograph.paste(_footer(shot), (0, HEIGHT))
    return photograph


def _day(shot: Shot, seed: int) -> Image.Image:
    frame, mood = _generators(shot, seed)
    view = _view(shot, seed, frame)
    sunny = happens(mood, 0.5)
    for seat in _seats(shot, view.horizon):
        _cast_shadow(view.picture, seat, 0.5 if sunny else 0.25)
        _put(view.picture, seat, 1.0, seat.sprite.picture)
    view.picture.paste(view.front, mask=view.front)
    gain = _clouds(mood, sunny, view.horizon) * _vignette(0.28)
    gain *= np.float32(mood.uniform(0.6, 1.2) * frame.uniform(0.95, 1.05))
    warmth = mood.normal(0, 0.05)
    channels: list[Image.Image] = []
    sigma = mood.uniform(2.0, 5.5)
    grain = some_grain(frame, (WIDTH, HEIGHT)) * np.float32(sigma)
    haze = np.float32(mood.uniform(0, 26))
    for band, factor in zip(view.picture.split(), (1 + warmth, 1.0, 1 - warmth), strict=True):
        place = len(channels)
        field = np.asarray(band, np.float32) * gain * np.float32(factor * view.tint[place])
        channels.append(Image.fromarray(_to_8_bit(field + haze + grain)))
    return Image.merge("RGB", channels)


def _infrared(shot: Shot, seed: int) -> Image.Image:
    frame, mood = _generators(shot, seed)
    view = _view(shot, seed, frame)
    gray = np.asarray(view.picture, np.float32) @ _INFRARED_WEIGHTS
    canvas = Image.fromarray(_to_8_bit(gray * _flash(view.horizon, mood)))
    for seat in _seats(shot, view.horizon):
        lit = 0.75 + 0.85 * seat.near
        _put(canvas, seat, lit, _blurred(seat.sprite.picture, frame))
        _shine(canvas, seat)
    front = view.front.convert("LA").getchannel(0).point(lambda value: min(255, value * 1.7))
    canvas.paste(front, mask=view.front.getchannel("A"))
    gain = _vignette(0.7) * np.float32(mood.uniform(0.75, 1.15) * frame.uniform(0.95, 1.05))
    grain = some_grain(frame, (WIDTH, HEIGHT)) * np.float32(mood.uniform(4, 9))
    scene = Image.fromarray(_to_8_bit(np.asarray(canvas, np.float32) * gain + 6 + grain))
    return scene.convert("RGB")


def _generators(shot: Shot, seed: int) -> tuple[np.random.Generator, np.random.Generator]:
    """Return the random number generators of this frame and of its whole sequence."""
    return (
        np.random.default_rng([seed, Stream.IMAGE, shot.site, shot.number]),
        np.random.default_rng([seed, Stream.SEQUENCE, shot.site, shot.sequence]),
    )


def _view(shot: Shot, seed: int, frame: np.random.Generator) -> Scene:
    """Return the part of a site's scene that is in view; the wind moves the camera a little."""
    scene = make_scene(seed, shot.site)
    season = np.random.default_rng([seed, Stream.DEPLOYMENT, shot.site, shot.season.year])
    left = int(season.integers(4, SIZE[0] - WIDTH - 4)) + int(frame.integers(-2, 3))
    top = int(season.integers(4, SIZE[1] - HEIGHT - 4)) + int(frame.integers(-2, 3))
    box = (left, top, left + WIDTH, top + HEIGHT)
    red, green, blue = season.uniform(0.93, 1.07, 3) * scene.tint
    picture, front = scene.picture.crop(box), scene.front.crop(box)
    return Scene(picture, front, scene.horizon - top, (float(red), float(green), float(blue)))


def _seats(shot: Shot, horizon: int) -> list[_Seat]:
    """Place the figures, the farthest first."""
    seats = []
    for figure in sorted(shot.figures, key=lambda figure: figure.depth):
        near = 0.34 + 0.66 * figure.depth
        sprite = make_sprite(figure, WIDTH, near)
        ground = horizon + figure.depth * (HEIGHT - horizon) * 0.97
        left, top = figure.x * WIDTH - sprite.foot[0], ground - sprite.foot[1]
        seats.append(_Seat(sprite, round(left), round(top), near))
    return seats


def _put(canvas: Image.Image, seat: _Seat, lit: float, picture: Image.Image) -> None:
    alpha = picture.getchannel("A")
    coat = picture.convert("RGB").point(lambda value: min(255, value * lit))
    canvas.paste(coat.convert(canvas.mode), (seat.left, seat.top), alpha)


def _cast_shadow(canvas: Image.Image, seat: _Seat, strength: float) -> None:
    mask = shadow(seat.sprite, strength).filter(ImageFilter.GaussianBlur(4))
    top = round(seat.top + seat.sprite.foot[1] - mask.height * 0.55)
    canvas.paste((22, 24, 18), (seat.left, top, seat.left + mask.width, top + mask.height), mask)


def _blurred(picture: Image.Image, frame: np.random.Generator) -> Image.Image:
    """Blur figures that move: exposures are long at night."""
    radius = max(0.0, float(frame.normal(0.8, 2.0)))
    return picture.filter(ImageFilter.BoxBlur((radius, 0.3)))


def _shine(canvas: Image.Image, seat: _Seat) -> None:
    """Draw eyes that reflect the flash."""
    draw = ImageDraw.Draw(canvas)
    for x, y, size in seat.sprite.eyes:
        left, top, radius = seat.left + x, seat.top + y, size * 1.15
        box = (left - radius, top - radius, left + radius, top + radius)
        draw.ellipse(box, fill=250)


def _clouds(mood: np.random.Generator, sunny: bool, horizon: int) -> Field:
    """Return how the light is spread by day: the sun draws sharper shadows than clouds do.

    They fall on the ground and what stands there, not on the sky.
    """
    small = (WIDTH // 4, HEIGHT // 4)
    noise = value_noise(mood, small, (70, 40), 4, 0.6)
    shadows = step(noise, mood.uniform(-0.6, 0.6), 1.5) if sunny else 0.5 + 0.15 * noise
    depth = 0.5 if sunny else 0.25
    rows = np.arange(small[1], dtype=np.float32)[:, None]
    falls = step(rows, horizon / 4 - _SHADE_ABOVE / 8, _SHADE_ABOVE / 4)
    spread = (1 - depth / 2 + depth * (shadows - 0.5) * falls).astype(np.float32)
    large = Image.fromarray(spread).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)
    return np.asarray(large)


def _flash(horizon: int, mood: np.random.Generator) -> Field:
    """Return how a flash lights the background: the ground in front, hardly anything far."""
    rows = np.arange(HEIGHT, dtype=np.float32)[:, None]
    ground = np.clip((rows - horizon) / (HEIGHT - horizon), 0, 1)
    far = mood.uniform(0.08, 0.3)
    lit = (far + 0.15 * (rows > horizon) + mood.uniform(0.6, 0.95) * ground).astype(np.float32)
    return np.asarray(lit, np.float32)


@lru_cache(maxsize=4)
def _vignette(strength: float) -> Field:
    across = np.linspace(-1, 1, WIDTH, dtype=np.float32)[None] ** 2
    down = np.linspace(-1, 1, HEIGHT, dtype=np.float32)[:, None] ** 2
    return np.asarray(1 - strength * (across + down) / 2, np.float32)


def _to_8_bit(field: Field) -> Pixels:
    return np.clip(field, 0, 255).astype(np.uint8)


def _footer(shot: Shot) -> Image.Image:
    """Return the footer that a camera adds to its images: date, time, site and owner."""
    dark = shot.site % 3 != 1
    paper, ink = ((12, 12, 12), (236, 236, 236)) if dark else ((226, 226, 222), (16, 16, 16))
    footer = Image.new("RGB", (WIDTH, FOOTER), paper)
    draw = ImageDraw.Draw(footer)
    draw.rounded_rectangle((28, 40, 330, 112), 30, fill=_brand(shot.site))
    draw.text((179, 76), "SYNTHETIC", fill=(255, 255, 255), font=_font(46), anchor="mm")
    draw.text((370, 76), f"{shot.taken:%Y-%m-%d  %H:%M:%S}", ink, _font(54), anchor="lm")
    draw.text((1250, 76), f"{_degrees(shot)}°C", ink, _font(50), anchor="rm")
    words: Sequence[str] = (site_code(shot.site), f"M {shot.frame + 1}/3", "no real photograph")
    draw.text((34, 152), "   ".join(words), ink, _font(38), anchor="lm")
    return footer


def _brand(site: int) -> Colour:
    return ((150, 110, 0), (20, 100, 50), (140, 30, 30), (30, 60, 130))[site % 4]


def _degrees(shot: Shot) -> int:
    warmest = 29 if shot.season.code.startswith("JU") else 14
    return warmest - abs(shot.taken.hour - 15) // 2 - shot.taken.day % 5


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)

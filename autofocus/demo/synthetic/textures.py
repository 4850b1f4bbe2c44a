"""Value noise and other textures that backgrounds and coats are made of."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from autofocus.demo.synthetic.chance import happens

Field = NDArray[np.float32]  # (height, width)
Colours = NDArray[np.float32]  # (height, width, 3), 0 to 255
Pixels = NDArray[np.uint8]
Colour = tuple[int, int, int]


def resize(field: Field, size: tuple[int, int]) -> Field:
    """Enlarge a field smoothly to a width and height."""
    image = Image.fromarray(field.astype(np.float32))
    resized: Field = np.asarray(image.resize(size, Image.Resampling.BICUBIC))
    return resized


def value_noise(
    rng: np.random.Generator,
    size: tuple[int, int],
    cells: tuple[float, float],
    octaves: int = 4,
    fading: float = 0.55,
) -> Field:
    """Return smooth noise: random values on ever finer grids, smoothly enlarged and added.

    Args:
        rng: where chance comes from.
        size: width and height.
        cells: width and height of the coarsest grid's cells, in pixels.
        octaves: how many grids, each twice as fine.
        fading: how strong each is, as a share of the coarser one.

    Returns:
        Shape (height, width), mean 0, standard deviation 1.
    """
    total = np.zeros(size[::-1], np.float32)
    for octave in range(octaves):
        # Two more cells, so that no edge shows.
        across, down = (
            min(full, int(full * 2**octave / cell) + 2)
            for full, cell in zip(size, cells, strict=True)
        )
        grid = rng.random((down, across), dtype=np.float32)
        total += fading**octave * resize(grid, size)
    total -= total.mean()
    return np.asarray(total / (total.std() + 1e-6), np.float32)


def mix(under: Colours, colour: Colour | Colours, share: Field) -> Colours:
    """Blend a colour over another, with this opacity, 0 to 1."""
    over = np.asarray(colour, np.float32)
    mixed: Colours = under + (over - under) * share[..., None]
    return mixed


def step(field: Field, edge: float, softness: float) -> Field:
    """Return 0 below the edge and 1 above it, with a soft transition."""
    ramp: Field = np.clip((field - edge) / softness + 0.5, 0, 1).astype(np.float32)
    return ramp


def to_image(colours: Colours) -> Image.Image:
    """Return colours as an RGB image."""
    return Image.fromarray(np.clip(colours, 0, 255).astype(np.uint8))


def shade(colour: Colour, factor: float) -> Colour:
    """Return a colour made brighter or darker."""
    red, green, blue = (min(255, max(0, round(part * factor))) for part in colour)
    return red, green, blue


def draw_blades(
    image: Image.Image,
    rng: np.random.Generator,
    number: int,
    rows: tuple[float, float],
    length: float,
    colour: Colour,
) -> None:
    """Draw blades of grass, the nearer ones longer and last.

    Args:
        image: what to draw on.
        rng: where chance comes from.
        number: how many.
        rows: the first and last row in which they are rooted.
        length: of the blades in the last row, in pixels.
        colour: their mean colour.
    """
    draw = ImageDraw.Draw(image)
    # The nearer, the fewer: as many as a plane would show.
    roots = np.sort(rows[0] + (rows[1] - rows[0]) * rng.random(number) ** 0.8)
    columns = rng.uniform(-20, image.width + 20, number)
    leans, sizes, tones = rng.normal(0, 0.45, number), rng.random(number), rng.random(number)
    for root, x, lean, size, tone in zip(roots, columns, leans, sizes, tones, strict=True):
        near = (root - rows[0]) / (rows[1] - rows[0])
        high = length * (0.12 + 0.88 * near) * (0.4 + 0.8 * size)
        line = [
            (x, root),
            (x + lean * high * 0.35, root - high * 0.6),
            (x + lean * high, root - high),
        ]
        draw.line(line, fill=shade(colour, 0.55 + 0.8 * tone), width=1 + int(2.2 * near))


@lru_cache(maxsize=1)
def grain() -> NDArray[np.float32]:
    """Return a large field of a sensor's noise, from which frames take random parts.

    Making it anew for each frame would take longer than all else.
    """
    rng = np.random.default_rng(20160705)
    fine = rng.standard_normal((1536, 1920), dtype=np.float32)
    # Cameras smooth their noise a little.
    mixed = 0.8 * fine + 0.45 * np.roll(fine, 1, 1) + 0.4 * np.roll(fine, 1, 0)
    field: NDArray[np.float32] = (mixed / mixed.std()).astype(np.float32)
    return field


def some_grain(rng: np.random.Generator, size: tuple[int, int]) -> Field:
    """Return a random part of the noise, width and height as given."""
    whole = grain()
    top = int(rng.integers(whole.shape[0] - size[1]))
    left = int(rng.integers(whole.shape[1] - size[0]))
    part = whole[top : top + size[1], left : left + size[0]]
    return part[:, ::-1] if happens(rng, 0.5) else part

"""The images in the body of an HTTP request."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import anyio
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from autofocus.serving.results import ImageFile

BAD_REQUEST, TOO_SLOW, TOO_LARGE, UNSUPPORTED = 400, 408, 413, 415
_MULTIPART = "multipart/form-data"
# A body of these types is an image; its content tells which.
_RAW = ("", "application/octet-stream")
_IDENTITY = "identity"
# Where all images of a request are of one camera, its name does not matter.
_CAMERA = "one"


@dataclass(frozen=True)
class Limits:
    """What a request may hold.

    Attributes:
        images: the maximum number of images.
        bytes: the maximum size of the body.
        seconds: how long it may take to arrive: it is one of a few that are read at once.
    """

    images: int
    bytes: int
    seconds: float = 300.0


async def read_images(request: Request, limits: Limits) -> list[ImageFile]:
    """Return the images of a request: its body, or the files of a form.

    Args:
        request: its parameter `same_camera=1` says that all images are of one camera.
        limits: what it may hold.

    Raises:
        HTTPException: it has no image (400), more than it may (413), another type (415), or is too
            slow (408).
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    camera = camera_of(request)
    if kind == _MULTIPART:
        images = [
            ImageFile(content, name, camera) for name, content in await _read_form(request, limits)
        ]
    elif kind in _RAW or kind.startswith("image/"):
        content = await read_body(request, limits)
        name = request.query_params.get("file", "")
        images = [ImageFile(content, name, camera)] if content else []
    else:
        raise HTTPException(
            UNSUPPORTED,
            f"The content type {kind!r} is not supported: send an image (image/jpeg), or a form "
            f"with files ({_MULTIPART}).",
        )
    if not images:
        raise HTTPException(BAD_REQUEST, "There is no image in the request.")
    return images


def camera_of(request: Request) -> str:
    """Return the camera of all images of a request; empty where it doesn't say."""
    return _CAMERA if request.query_params.get("same_camera", "0") not in ("", "0") else ""


async def read_body(request: Request, limits: Limits) -> bytes:
    """Return the body of a request.

    Raises:
        HTTPException: it is larger than it may be (413), compressed (415), or too slow (408).
    """
    encoding = request.headers.get("content-encoding", _IDENTITY).strip().lower()
    if encoding != _IDENTITY:
        raise HTTPException(
            UNSUPPORTED, f"The content encoding {encoding[:50]!r} is not supported: send it plain."
        )
    with _in_time(limits):
        return b"".join([part async for part in _limited(request, limits)])


@contextmanager
def _in_time(limits: Limits) -> Iterator[None]:
    """End the reading of a body that takes too long."""
    try:
        with anyio.fail_after(limits.seconds):
            yield
    except TimeoutError:
        raise HTTPException(
            TOO_SLOW, f"The request did not arrive within {limits.seconds:g} seconds."
        ) from None


def check_number(images: int, limits: Limits) -> None:
    """Reject a request that holds too many images.

    Raises:
        HTTPException: it does (413).
    """
    if images > limits.images:
        raise _too_many(limits)


async def _read_form(request: Request, limits: Limits) -> list[tuple[str, bytes]]:
    parser = MultiPartParser(
        request.headers,
        _limited(request, limits),
        # One more, as its own error would not say what the limit is for.
        max_files=limits.images + 1,
        max_fields=limits.images + 1,
    )
    try:
        with _in_time(limits):
            form = await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many files"):
            raise _too_many(limits) from None
        raise HTTPException(BAD_REQUEST, f"The form can't be read: {error.message}") from None
    try:
        files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        check_number(len(files), limits)
        return [(file.filename or "", await file.read()) for file in files]
    finally:
        await form.close()


def _too_many(limits: Limits) -> HTTPException:
    return HTTPException(
        TOO_LARGE, f"The request holds more than {limits.images} images: send several requests."
    )


async def _limited(request: Request, limits: Limits) -> AsyncGenerator[bytes, None]:
    """Yield the body in parts, up to the limit."""
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limits.bytes:
            raise HTTPException(
                TOO_LARGE, f"The request is larger than {limits.bytes / 1e6:g} megabytes."
            )
        yield part

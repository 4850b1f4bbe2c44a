"""A model behind HTTP: `POST /predict`, `GET /health`, help at `GET /`, and KServe's protocols."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import anyio
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from autofocus import __version__
from autofocus.serving.classifier import ImageClassifier
from autofocus.serving.kserve import KServe
from autofocus.serving.results import ImageFile, ImageResult
from autofocus.serving.uploads import Limits, read_images

_BAD_REQUEST, _BUSY, _FAILED = 400, 503, 500
# In seconds, for a client that comes again.
_RETRY_AFTER = "1"
# Requests beyond this number are not read into memory.
_MAX_REQUESTS = 16
_HELP = """Autofocus {version}, model {model}

POST /predict   label one image, or several
                curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' URL/predict
                curl -F file=@one.jpg -F file=@two.jpg URL/predict
                ?same_camera=1: the images are frames of one camera, which are compared to
                detect motion, for a model that needs it
                up to {images} images and {megabytes:g} megabytes per request
GET  /health    the state of the server

KServe's protocols:
POST /v2/models/{name}/infer
GET  /v2/models/{name}   what infer takes and gives
POST /v1/models/{name}:predict

labels: {labels}
"""


@dataclass
class Service:
    """Answers requests with the predictions of a model.

    Images are labelled one request at a time, in a thread.

    Attributes:
        classifier: the model.
        model: the first digits of its digest, and the registered version if it is one.
        limits: what a request may hold.
        images: the number of images that were labelled.
        name: the model's name in the paths of KServe's protocols.
    """

    classifier: ImageClassifier
    model: str
    limits: Limits
    images: int = 0
    name: str = "autofocus"
    _requests: int = 0
    _limiter: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(1))

    def app(self) -> Starlette:
        """Return the application."""
        # Without the registered version, which doesn't fit into a path.
        version = self.model.partition(" ")[0]
        return Starlette(
            routes=[
                Route("/", self.help),
                Route("/health", self.health),
                Route("/predict", self.predict, methods=["POST"]),
                *KServe(self.name, version, self).routes(),
            ],
            exception_handlers={
                HTTPException: _explain,
                ClientDisconnect: _forget,
                Exception: _fail,
            },
        )

    async def help(self, request: Request) -> Response:  # noqa: ARG002 - Starlette's form
        """Return what can be asked."""
        return PlainTextResponse(
            _HELP.format(
                version=__version__,
                model=self.model,
                name=self.name,
                images=self.limits.images,
                megabytes=self.limits.bytes / 1e6,
                labels=", ".join(self.classifier.description.labels),
            )
        )

    async def health(self, request: Request) -> Response:  # noqa: ARG002 - Starlette's form
        """Return that the server is ready, and the model's identity."""
        description = self.classifier.description
        return JSONResponse(
            {
                "status": "ok",
                "model": self.model,
                "labels": list(description.labels),
                "thresholds": description.threshold_target,
                "version": __version__,
            }
        )

    async def predict(self, request: Request) -> Response:
        """Return the prediction for each image of a request."""
        with self.turn():
            results = await self.classify(await read_images(request, self.limits))
        return JSONResponse(
            {"model": self.model, "images": [result.to_json() for result in results]}
        )

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Count a request as one in progress.

        Raises:
            HTTPException: there are as many as are read into memory (503).
        """
        if self._requests >= _MAX_REQUESTS:
            raise HTTPException(
                _BUSY, "The server is busy: try again.", {"Retry-After": _RETRY_AFTER}
            )
        self._requests += 1
        try:
            yield
        finally:
            self._requests -= 1

    async def classify(self, images: list[ImageFile]) -> list[ImageResult]:
        """Return the prediction for each image, when those of earlier requests are done."""
        results = await run_sync(self.classifier.classify, images, limiter=self._limiter)
        self.images += len(images)
        return results


async def _explain(request: Request, error: Exception) -> Response:  # noqa: ARG001 - likewise
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for these alone
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def _forget(request: Request, error: Exception) -> Response:  # noqa: ARG001 - likewise
    # Nobody is left to read it; without an answer, the server would log a failure of its own.
    return Response(status_code=_BAD_REQUEST)


async def _fail(request: Request, error: Exception) -> Response:  # noqa: ARG001 - likewise
    return JSONResponse({"error": f"The server failed ({type(error).__name__})."}, _FAILED)

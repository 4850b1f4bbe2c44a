"""The paths of KServe's protocols V1 and V2, which lead to the same predictions as `/predict`."""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import anyio
from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from autofocus import __version__
from autofocus.serving import kserve_v1, kserve_v2
from autofocus.serving.results import ImageFile, ImageResult
from autofocus.serving.uploads import Limits, camera_of, read_body

T = TypeVar("T")
_NOT_FOUND = 404
_PLATFORM = "autofocus"


class Labeller(Protocol):
    """What labels the images of a request."""

    limits: Limits

    def turn(self) -> AbstractContextManager[None]:
        """Count a request as one in progress, unless there are too many."""

    async def classify(self, images: list[ImageFile]) -> Sequence[ImageResult]:
        """Return the prediction for each image."""


@dataclass(frozen=True)
class KServe:
    """Answers requests of KServe's protocols.

    Attributes:
        name: the model's name.
        version: the model's version: the first digits of its digest.
        labeller: what labels images.
    """

    name: str
    version: str
    labeller: Labeller
    _limiter: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(1))

    def routes(self) -> list[Route]:
        """Return the paths of both protocols."""
        routes = [
            Route("/v1/models", self.models),
            Route("/v1/models/{name}:predict", self.predict, methods=["POST"]),
            Route("/v1/models/{name}", self.ready),
            Route("/v2", self.server),
            Route("/v2/", self.server),
            Route("/v2/health/live", self.live),
            Route("/v2/health/ready", self.server_ready),
            Route("/v2/models", self.models),
        ]
        for model in ("/v2/models/{name}", "/v2/models/{name}/versions/{version}"):
            routes += [
                Route(model, self.metadata),
                Route(f"{model}/ready", self.ready),
                Route(f"{model}/infer", self.infer, methods=["POST"]),
            ]
        return routes

    async def server(self, request: Request) -> Response:  # noqa: ARG002 - Starlette's form
        """Return what the server is."""
        return JSONResponse(
            {"name": _PLATFORM, "version": __version__, "extensions": kserve_v2.EXTENSIONS}
        )

    async def live(self, request: Request) -> Response:  # noqa: ARG002 - likewise
        """Return that the server answers."""
        return JSONResponse({"live": True})

    async def server_ready(self, request: Request) -> Response:  # noqa: ARG002 - likewise
        """Return that the model is loaded: before it is, the server doesn't answer."""
        return JSONResponse({"ready": True})

    async def models(self, request: Request) -> Response:  # noqa: ARG002 - likewise
        """Return the names of all models."""
        return JSONResponse({"models": [self.name]})

    async def ready(self, request: Request) -> Response:
        """Return that the model is ready."""
        self._check_model(request)
        return JSONResponse({"name": self.name, "ready": True})

    async def metadata(self, request: Request) -> Response:
        """Return what the model takes and gives."""
        self._check_model(request)
        return JSONResponse(kserve_v2.metadata_of(self.name, self.version))

    async def predict(self, request: Request) -> Response:
        """Return the predictions for the instances of a request of V1."""
        self._check_model(request)
        with self.labeller.turn():
            body = await read_body(request, self.labeller.limits)
            images = await self._parse(
                kserve_v1.read_instances, body, self.labeller.limits, camera_of(request)
            )
            del body
            results = await self.labeller.classify(images)
        return JSONResponse(kserve_v1.predictions_of(results))

    async def infer(self, request: Request) -> Response:
        """Return the predictions for the tensors of a request of V2."""
        self._check_model(request)
        length = request.headers.get(kserve_v2.JSON_LENGTH)
        with self.labeller.turn():
            body = await read_body(request, self.labeller.limits)
            parsed = await self._parse(
                kserve_v2.read_tensors, body, length, self.labeller.limits, camera_of(request)
            )
            del body
            results = await self.labeller.classify(parsed.images)
        content, binary = kserve_v2.render(parsed, results, self.name, self.version)
        if not binary:
            return JSONResponse(content)
        head = json.dumps(content).encode()
        return Response(
            head + binary,
            headers={kserve_v2.JSON_LENGTH: str(len(head))},
            media_type="application/octet-stream",
        )

    async def _parse(self, read: Callable[..., T], *values: Any) -> T:
        """Return what a body says, one request at a time.

        JSON may take many times its length in memory while it is parsed, and a while.
        """
        return await run_sync(read, *values, limiter=self._limiter)

    def _check_model(self, request: Request) -> None:
        name, version = request.path_params["name"], request.path_params.get("version")
        if name != self.name:
            raise HTTPException(
                _NOT_FOUND, f"There is no model {name[:100]!r} here, but {self.name!r}."
            )
        if version not in (None, self.version):
            raise HTTPException(
                _NOT_FOUND,
                f"There is no version {version[:100]!r} of the model here, but {self.version!r}.",
            )

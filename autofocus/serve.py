"""Serve a trained model over HTTP.

python autofocus/serve.py --model data/model
"""

import logging
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from autofocus import interrupts
from autofocus.errors import SettingError, need
from autofocus.model.registered import model_text, read_registered
from autofocus.model.saved_model import digest_model
from autofocus.serve_settings import COMMAND, ServeSettings
from autofocus.tracking.local_models import local_model

NAME = "serve"
# So many digits of the model's digest identify it, as in the table of predictions.
_MODEL_DIGITS = 12
_MAX_PORT = 65535
# How long requests may take to end when the server is stopped, in seconds.
_GRACE_S = 30
_MEGABYTE = 1_000_000
# An image to compile the network with before the first request: its size in pixels.
_FIRST_IMAGE = (1024, 768)


@dataclass(frozen=True)
class ServeResult:
    """The summary of `serve`.

    Attributes:
        images: the number of images that were labelled.
    """

    images: int

    def __str__(self) -> str:
        """Return it as one line."""
        return f"serve: stopped; images: {self.images:,}"


def serve(model: Path | str, settings: ServeSettings = ServeSettings()) -> ServeResult:
    """Serve a model until the process is told to stop (SIGTERM or SIGINT).

    Requests in progress are finished first.

    Args:
        model: the model's folder, as written by `retrain`; or `models:/NAME@ALIAS` or
            `models:/NAME/VERSION`, which is fetched from MLflow's registry once, at the start.
        settings: where to listen, and what a request may hold.

    Raises:
        MissingInputError: there is no model.
        InputDataError: it was not made by `retrain`.
        SettingError: the address can't be used, or the model can't have the thresholds.
        MissingDependencyError: a package of the extra `serve` is missing, or MLflow.
        StoreError: MLflow's registry can't be used.
    """
    for package in ("starlette", "uvicorn", "python_multipart"):
        need(package, "serve")
    import uvicorn

    # A form that can't be read is the client's fault, who is told.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    from autofocus.serving.app import Service
    from autofocus.serving.classifier import ImageClassifier
    from autofocus.serving.results import ImageFile
    from autofocus.serving.uploads import Limits

    with _listen(settings) as listener:
        folder = local_model(model)
        classifier = ImageClassifier(folder, settings.precision, settings.threshold)
        classifier.classify([ImageFile(_first_image())])
        limits = Limits(settings.max_images, int(settings.max_megabytes * _MEGABYTE))
        text = model_text(folder, digest_model(folder)[:_MODEL_DIGITS])
        service = Service(classifier, text, limits, name=settings.model_name)
        config = uvicorn.Config(
            service.app(),
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
        _announce(str(read_registered(folder) or model), listener)
        # It handles them itself, and sends them once more when it has ended.
        with interrupts.delegated():
            uvicorn.Server(config).run(sockets=[listener])
    return ServeResult(service.images)


@contextmanager
def _listen(settings: ServeSettings) -> Iterator[socket.socket]:
    """Take the address, before the model is loaded."""
    host, port = settings.host, settings.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise SettingError(
            f"The server can't listen at {host}, port {port} ({error.strerror or error}): give "
            "another --host or --port."
        ) from None
    with listener:
        yield listener


def _announce(model: str, listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    print(f"Serving {model} at http://{shown}:{port}", file=sys.stderr, flush=True)


def _first_image() -> bytes:
    from PIL import Image

    content = BytesIO()
    Image.new("RGB", _FIRST_IMAGE, (128, 128, 128)).save(content, "JPEG")
    return content.getvalue()


if __name__ == "__main__":
    raise SystemExit(COMMAND.main())

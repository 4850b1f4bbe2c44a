"""The settings and the command line of `serve`."""

import re
from dataclasses import dataclass

from autofocus.options.command import Argument, Command, Stage
from autofocus.options.settings import option, require
from autofocus.predicting.options import parse_thresholds
from autofocus.tracking.local_models import MODEL_HELP

_MAX_PORT = 65535


@dataclass(frozen=True)
class ServeSettings:
    """The options of `serve`."""

    host: str = option(
        "127.0.0.1",
        "address to listen at; 0.0.0.0: any network may send images, without a password",
        metavar="ADDRESS",
    )
    port: int = option(8000, "port to listen at (0: any that is free)", metavar="N")
    precision: float | None = option(
        None,
        "accept predictions from the thresholds on that ensure this precision, instead of the "
        "model's",
        metavar="SHARE",
    )
    threshold: tuple[str, ...] = option(
        (),
        "accept predictions of a label from this probability on, such as raccoon=0.8",
        metavar="LABEL=SHARE",
    )
    model_name: str = option(
        "autofocus",
        "name of the model in the paths of KServe's protocols, such as /v2/models/NAME/infer",
        metavar="NAME",
    )
    max_images: int = option(64, "maximum number of images per request", metavar="N")
    max_megabytes: float = option(100.0, "maximum size of a request", metavar="MB")

    def __post_init__(self) -> None:
        require(
            0 <= self.port <= _MAX_PORT, f"port must be from 0 to {_MAX_PORT}, not {self.port}."
        )
        require(
            self.precision is None or 0 <= self.precision < 1,
            f"precision must be from 0 to below 1, not {self.precision}: no number of images can "
            "ensure 1.",
        )
        require(
            re.fullmatch(r"[A-Za-z0-9._-]+", self.model_name) is not None,
            f"model_name must consist of letters, digits, '.', '_' and '-', not "
            f"{self.model_name!r}.",
        )
        for name in ("max_images", "max_megabytes"):
            require(getattr(self, name) > 0, f"{name} must be above 0, not {getattr(self, name)}.")
        parse_thresholds(self.threshold)


COMMAND = Command(
    name="serve",
    summary="Serve a trained model over HTTP: images in, labels out.",
    example="autofocus serve --model data/model --port 8000",
    function=Stage("serve"),
    arguments=(Argument("model", MODEL_HELP),),
    settings=ServeSettings,
)

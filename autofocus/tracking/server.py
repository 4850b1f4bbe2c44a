"""Calls of MLflow: retried while its server is unavailable; each failure is one sentence."""

import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from autofocus.errors import StoreError, StoreUnavailableError
from autofocus.redaction import public_address
from autofocus.store.patience import Patience
from autofocus.store.problems import BucketAddress, store_error
from autofocus.tracking.problems import chain, package, sentence, status

R = TypeVar("R")

# Schemes of stores on this machine; a drive letter looks like one, too.
_LOCAL = re.compile("|file|sqlite|[a-z]", re.IGNORECASE)
_AWS = {"boto3", "botocore", "s3transfer"}
# Kinds of errors of requests; RetryError: after 429 and 5xx.
_FAILED_REQUESTS = {"ChunkedEncodingError", "ConnectionError", "RetryError", "Timeout"}
_FIRST_SERVER_FAULT = 500
_NOT_IMPLEMENTED = 501
_TRANSIENT_STATUSES = {408, 429}


class TrackingServer:
    """The store of MLflow's runs.

    Args:
        uri: where it is.
        patience: how long to keep retrying while it is unavailable, in seconds. A store on this
            machine is never retried.
    """

    def __init__(self, uri: str, patience: float) -> None:
        self.uri = uri
        self.name = public_address(uri)
        self._is_local = _LOCAL.fullmatch(urlsplit(uri).scheme) is not None
        self._patience = Patience(
            0.0 if self._is_local else patience, f"The MLflow tracking store {self.name}"
        )

    def call(self, work: Callable[[], R]) -> R:
        """Call a function, which must be safe to call again after it has failed halfway.

        Raises:
            StoreUnavailableError: the store was unavailable for too long.
            StoreError: it can't be used.
        """
        return self._patience.call(lambda: self._once(work))

    def _once(self, work: Callable[[], R]) -> R:
        try:
            return work()
        except Exception as error:
            # Of whatever package: MLflow's stores and clients raise those of their libraries.
            kind = StoreUnavailableError if is_transient(error) else StoreError
            raise kind(sentence(error, self.name, self._is_local)) from None


def is_transient(error: BaseException) -> bool:
    """Return whether a retry may succeed later: no connection, or a response of 429 or 5xx.

    Args:
        error: raised by MLflow, or by its libraries for HTTP and S3.
    """
    return any(_is_transient(each) for each in chain(error))


def _is_transient(error: BaseException) -> bool:
    origin = package(error)
    if origin in _AWS:
        return isinstance(store_error(error, BucketAddress("")), StoreUnavailableError)
    if origin == "requests":
        return _is_failed_request(error)
    return origin == "mlflow" and _may_pass(status(error))


def _is_failed_request(error: BaseException) -> bool:
    names = {base.__name__ for base in type(error).__mro__}
    # Certificates: a kind of ConnectionError, but final.
    if "SSLError" in names:
        return False
    response: Any = getattr(error, "response", None)
    number = 0 if response is None else int(response.status_code)
    return bool(names & _FAILED_REQUESTS) or _may_pass(number)


def _may_pass(number: int) -> bool:
    is_fault = number >= _FIRST_SERVER_FAULT and number != _NOT_IMPLEMENTED
    return is_fault or number in _TRANSIENT_STATUSES

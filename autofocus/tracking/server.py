"""Calls of MLflow: retried while its server is unavailable; each failure is one sentence."""

import re
from collections.abc import Callable, Iterator
from textwrap import shorten
from typing import Any, TypeVar
from urllib.parse import urlsplit

from autofocus.errors import StoreError, StoreUnavailableError
from autofocus.redaction import public_address
from autofocus.store.patience import Patience
from autofocus.store.problems import BucketAddress, store_error

R = TypeVar("R")

# Schemes of stores on this machine; a drive letter looks like one, too.
_LOCAL = re.compile("|file|sqlite|[a-z]", re.IGNORECASE)
_AWS = {"boto3", "botocore", "s3transfer"}
# Kinds of errors of requests; RetryError: after 429 and 5xx.
_FAILED_REQUESTS = {"ChunkedEncodingError", "ConnectionError", "RetryError", "Timeout"}
_STATUS = re.compile(r"failed with error code (\d{3})")
_FIRST_SERVER_FAULT = 500
_NOT_IMPLEMENTED = 501
_TRANSIENT_STATUSES = {408, 429}
_SERVER_ADVICE = " and that the server is up"
# In characters.
_LONGEST_REASON = 1000


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
        is_local = _LOCAL.fullmatch(urlsplit(uri).scheme) is not None
        self._advice = "check MLFLOW_TRACKING_URI" + ("" if is_local else _SERVER_ADVICE)
        self._patience = Patience(
            0.0 if is_local else patience, f"The MLflow tracking store {self.name}"
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
            raise kind(
                f"The MLflow tracking store {self.name} can't be used ({_reason(error)}): "
                f"{self._advice}."
            ) from None


def is_transient(error: BaseException) -> bool:
    """Return whether a retry may succeed later: no connection, or a response of 429 or 5xx.

    Args:
        error: raised by MLflow, or by its libraries for HTTP and S3.
    """
    return any(_is_transient(each) for each in _chain(error))


def _reason(error: BaseException) -> str:
    """Return the reason of a failure in one line."""
    causes = list(_chain(error))
    # MLflow's message about a failed request is long; its last cause says it best.
    cause = causes[-1] if any(_package(one) == "requests" for one in causes) else error
    lines = str(cause).strip().splitlines()
    # SQLAlchemy's line of when it noticed comes before the line of what failed.
    reasons = [line for line in lines if not line.startswith("(raised as a result of")]
    # Long enough for MLflow's advice.
    reason = shorten(next(iter(reasons), ""), _LONGEST_REASON, placeholder=" ...")
    return reason.rstrip(".") or type(cause).__name__


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and its causes."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _is_transient(error: BaseException) -> bool:
    package = _package(error)
    if package in _AWS:
        return isinstance(store_error(error, BucketAddress("")), StoreUnavailableError)
    if package == "requests":
        return _is_failed_request(error)
    return package == "mlflow" and _may_pass(_status(error))


def _package(error: BaseException) -> str:
    return type(error).__module__.partition(".")[0]


def _is_failed_request(error: BaseException) -> bool:
    names = {base.__name__ for base in type(error).__mro__}
    # Certificates: a kind of ConnectionError, but final.
    if "SSLError" in names:
        return False
    response: Any = getattr(error, "response", None)
    status = 0 if response is None else int(response.status_code)
    return bool(names & _FAILED_REQUESTS) or _may_pass(status)


def _status(error: BaseException) -> int:
    """Return the HTTP status of the response of MLflow's server; 0 without one."""
    if found := _STATUS.search(str(error)):
        return int(found[1])
    # Other errors of MLflow's client have a status of 500, too.
    is_answer = type(error).__name__ == "RestException"
    status = int(getattr(error, "get_http_status_code", int)())
    return status if is_answer or status != _FIRST_SERVER_FAULT else 0


def _may_pass(status: int) -> bool:
    is_fault = status >= _FIRST_SERVER_FAULT and status != _NOT_IMPLEMENTED
    return is_fault or status in _TRANSIENT_STATUSES

"""Why a single object did not arrive."""

import re
from dataclasses import dataclass

from autofocus.store.problems import Answer

# Codes after which no other object would arrive either.
_STORE_WIDE = {
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "NoSuchBucket",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
}
# What may go better when asked again, besides faults of the server.
_PASSING = {"PreconditionFailed", "RequestTimeout", "SlowDown"}
_FIRST_SERVER_FAULT = 500
_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>(.*?)</Code>", re.DOTALL)
_MESSAGE = re.compile(r"<Message>(.*?)</Message>", re.DOTALL)


@dataclass(frozen=True)
class Failure:
    """Why an object did not arrive.

    Attributes:
        detail: for people; the same for the same reason.
        final: whether asking again is no use.
        store_wide: whether other objects would fare likewise.
    """

    detail: str
    final: bool = False
    store_wide: bool = False

    @classmethod
    def of_obstore(cls, error: Exception) -> "Failure":
        """Read the reason out of a text, which is all that obstore gives."""
        from obstore.exceptions import UnauthenticatedError

        text = str(error)
        if isinstance(error, UnauthenticatedError):
            return cls("the credentials can't be renewed", store_wide=True)
        status = int(_first(_STATUS, text, "0"))
        code = _first(_CODE, text, str(status)) if status else ""
        message = _first(_MESSAGE, text, "the server gives no reason")
        return cls.of_answer(Answer(code, " ".join(message.split()).rstrip("."), status))

    @classmethod
    def of_answer(cls, answer: Answer) -> "Failure":
        """Judge a server's answer."""
        if not answer.code:
            return cls("the connection failed", store_wide=True)
        is_fault = answer.status >= _FIRST_SERVER_FAULT
        return cls(
            f"{answer.code}: {answer.message}",
            final=not is_fault and answer.code not in _PASSING,
            store_wide=is_fault or answer.code in _STORE_WIDE,
        )


def _first(pattern: re.Pattern[str], text: str, otherwise: str) -> str:
    found = pattern.search(text)
    return found[1] if found else otherwise

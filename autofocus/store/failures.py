"""Why a single object did not arrive."""

import re
from dataclasses import dataclass

from autofocus.store.problems import Answer

# Final codes after which no other object would arrive either.
_STORE_WIDE = {
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "NoSuchBucket",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
}
# An object was replaced while its parts arrived.
_REPLACED = "PreconditionFailed"
_INTERNAL_ERROR = 500
# What obstore's text holds where it does not trust a server's certificate.
_NO_TRUST = re.compile("invalid peer certificate|InvalidCertificate")
_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>(.*?)</Code>", re.DOTALL)
_MESSAGE = re.compile(r"<Message>(.*?)</Message>", re.DOTALL)


@dataclass(frozen=True)
class Failure:
    """Why an object did not arrive.

    Attributes:
        detail: for people; the same for the same reason.
        final: whether a retry is no use.
        store_wide: whether other objects would fail in the same way.
        maybe_object: whether, in spite of that, this object alone may be the cause.
    """

    detail: str
    final: bool = False
    store_wide: bool = False
    maybe_object: bool = False

    @property
    def is_outage(self) -> bool:
        """Whether it tells that the store is unavailable, so that a later retry may succeed."""
        return self.store_wide and not self.final

    @classmethod
    def of_obstore(cls, error: Exception) -> "Failure":
        """Read the reason out of a text, which is all that obstore gives."""
        from obstore.exceptions import UnauthenticatedError

        text = str(error)
        if isinstance(error, UnauthenticatedError):
            return cls("the credentials can't be renewed", store_wide=True)
        if _NO_TRUST.search(text):
            return cls("the server's certificate is not trusted", final=True, store_wide=True)
        status = int(_first(_STATUS, text, "0"))
        code = _first(_CODE, text, str(status)) if status else ""
        message = _first(_MESSAGE, text, "the server gives no reason")
        return cls.of_answer(Answer(code, " ".join(message.split()).rstrip("."), status))

    @classmethod
    def of_answer(cls, answer: Answer) -> "Failure":
        """Judge a server's answer."""
        if not answer.code:
            return CONNECTION_FAILED
        return cls(
            f"{answer.code}: {answer.message}",
            final=not answer.is_transient and answer.code != _REPLACED,
            store_wide=answer.is_transient or answer.code in _STORE_WIDE,
            maybe_object=answer.status == _INTERNAL_ERROR,
        )


CONNECTION_FAILED = Failure("the connection failed", store_wide=True)
# Where the server had answered: there was no outage just then.
TRUNCATED = Failure("the connection ended before all bytes had arrived")


def _first(pattern: re.Pattern[str], text: str, otherwise: str) -> str:
    found = pattern.search(text)
    return found[1] if found else otherwise

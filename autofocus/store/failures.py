"""Why a single object could not be fetched."""

import re
from dataclasses import dataclass

from autofocus.redaction import without_secrets
from autofocus.store.problems import ErrorResponse

# Final codes that concern all objects.
_STORE_WIDE = {
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "NoSuchBucket",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
}
# An object was replaced while its parts were fetched.
_REPLACED = "PreconditionFailed"
_INTERNAL_ERROR = 500
# Part of obstore's text if it does not trust a server's certificate.
_NO_TRUST = re.compile("invalid peer certificate|InvalidCertificate")
_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>(.*?)</Code>", re.DOTALL)
_MESSAGE = re.compile(r"<Message>(.*?)</Message>", re.DOTALL)


@dataclass(frozen=True)
class Failure:
    """Why an object could not be fetched.

    Attributes:
        detail: for people; the same text for the same reason.
        final: whether a retry is useless.
        store_wide: whether other objects would fail in the same way.
        maybe_object: whether this object alone may be the cause nevertheless.
    """

    detail: str
    final: bool = False
    store_wide: bool = False
    maybe_object: bool = False

    @property
    def is_outage(self) -> bool:
        """Whether the store is unavailable, so that a later retry may succeed."""
        return self.store_wide and not self.final

    @classmethod
    def of_obstore(cls, error: Exception) -> "Failure":
        """Parse the text of an error, as obstore gives no code."""
        from obstore.exceptions import UnauthenticatedError

        text = str(error)
        if isinstance(error, UnauthenticatedError):
            return cls("the credentials can't be renewed", store_wide=True)
        if _NO_TRUST.search(text):
            return cls("the server's certificate is not trusted", final=True, store_wide=True)
        status = int(_first(_STATUS, text, "0"))
        code = _first(_CODE, text, str(status)) if status else ""
        message = _first(_MESSAGE, text, "the server gives no reason")
        return cls.of_response(ErrorResponse(code, " ".join(message.split()).rstrip("."), status))

    @classmethod
    def of_response(cls, response: ErrorResponse) -> "Failure":
        """Return what an error response means."""
        if not response.code:
            return CONNECTION_FAILED
        return cls(
            without_secrets(f"{response.code}: {response.message}"),
            final=not response.is_transient and response.code != _REPLACED,
            store_wide=response.is_transient or response.code in _STORE_WIDE,
            maybe_object=response.status == _INTERNAL_ERROR,
        )


CONNECTION_FAILED = Failure("the connection failed", store_wide=True)
# After the server had responded: this is not an outage.
TRUNCATED = Failure("the connection ended before all bytes had arrived")


def _first(pattern: re.Pattern[str], text: str, otherwise: str) -> str:
    match = pattern.search(text)
    return match[1] if match else otherwise

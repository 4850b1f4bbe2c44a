"""Why a single object could not be fetched."""

import re
from dataclasses import dataclass

from autofocus.redaction import without_secrets
from autofocus.runs.ledger import Reason
from autofocus.runs.wording import shown
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
# The object is in an archive tier and has not been restored.
_ARCHIVED = "InvalidObjectState"
_DENIALS = {"AccessDenied", "AllAccessDisabled", "401", "403"}
_FIRST_ERROR = 400
# Parts of obstore's text if it can't read the headers of an answer.
_BAD_HEADERS = re.compile(r"source: (Header|Metadata) \{|MissingEtag")
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
        is_wrong: whether something else than the object was answered. That counts as a failure of
            the store unless other answers are right.
        reason: of the ledger's vocabulary.
        is_throttle: whether the server asks for fewer requests.
        is_denial: whether the credentials lack the right to read the object.
    """

    detail: str
    final: bool = False
    store_wide: bool = False
    maybe_object: bool = False
    is_wrong: bool = False
    reason: Reason = Reason.DOWNLOAD_FAILED
    is_denial: bool = False
    is_throttle: bool = False

    @property
    def is_outage(self) -> bool:
        """Whether the store is unavailable, so that a later retry may succeed."""
        return self.store_wide and not self.final

    @property
    def counts_as_lost(self) -> bool:
        """Whether many of them in a row mean that no object arrives any more."""
        return self.store_wide or self.is_wrong

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
        if not status and _BAD_HEADERS.search(text):
            return BAD_HEADERS
        code = _first(_CODE, text, str(status)) if status else ""
        message = _first(_MESSAGE, text, "the server gives no reason")
        return cls.of_response(ErrorResponse(code, " ".join(message.split()).rstrip("."), status))

    @classmethod
    def of_response(cls, response: ErrorResponse) -> "Failure":
        """Return what an error response means."""
        if not response.code:
            return CONNECTION_FAILED
        is_store_wide = response.is_transient or response.code in _STORE_WIDE
        is_final = not response.is_transient and response.code != _REPLACED
        is_refusal = is_final and not is_store_wide and response.status >= _FIRST_ERROR
        archived_or_refused = Reason.ARCHIVED if response.code == _ARCHIVED else Reason.REFUSED
        return cls(
            shown(without_secrets(f"{response.code}: {response.message}"), _MAX_DETAIL),
            final=is_final,
            store_wide=is_store_wide,
            maybe_object=response.status == _INTERNAL_ERROR,
            reason=archived_or_refused if is_refusal else Reason.DOWNLOAD_FAILED,
            is_denial=response.code in _DENIALS,
            is_throttle=response.is_throttle,
        )


# Of the text of a server in a ledger, in characters.
_MAX_DETAIL = 200
CONNECTION_FAILED = Failure("the connection failed", store_wide=True)
BAD_HEADERS = Failure("the headers of the answer are not those of an object", is_wrong=True)
# After the server had responded: this is not an outage.
TRUNCATED = Failure("the connection ended before all bytes had arrived")


def _first(pattern: re.Pattern[str], text: str, otherwise: str) -> str:
    match = pattern.search(text)
    return match[1] if match else otherwise

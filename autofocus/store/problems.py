"""Errors of botocore in one sentence each: what is wrong, where, and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from autofocus.errors import (
    AutofocusError,
    BucketNotFoundError,
    CredentialsError,
    SettingError,
    StoreError,
    StoreUnavailableError,
)
from autofocus.redaction import public_url
from autofocus.runs.wording import shown


@dataclass(frozen=True)
class BucketAddress:
    """The address of a bucket, for messages.

    Attributes:
        bucket: its name.
        endpoint: the server's URL; empty for Amazon S3.
        unsigned: whether requests are sent without credentials.
        pays: whether requests declare that the requester pays.
    """

    bucket: str
    endpoint: str = ""
    unsigned: bool = False
    pays: bool = False

    @property
    def server(self) -> str:
        """The server's name for people."""
        return public_url(self.endpoint) or "Amazon S3"


@dataclass(frozen=True)
class _Meaning:
    """What an error of botocore means.

    Attributes:
        kind: the error to raise.
        sentence: a format with the fields bucket, server, code, message and region.
    """

    kind: type[AutofocusError]
    sentence: str


_BAD_NAME = _Meaning(
    SettingError,
    "bucket: {bucket!r} can't be the name of a bucket: give its plain name, such as autofocus.",
)
_DENIED = _Meaning(
    CredentialsError,
    "Access denied to bucket {bucket} at {server}: the credentials lack s3:ListBucket or "
    "s3:GetObject; ask its owner for them, or use other credentials (AWS_PROFILE).",
)
_DENIED_WITHOUT_PAYING = _Meaning(
    CredentialsError,
    _DENIED.sentence.removesuffix(".") + "; or, if its readers pay, add --request-payer.",
)
_DENIED_UNSIGNED = _Meaning(
    CredentialsError,
    "Bucket {bucket} at {server} is not public: omit --no-sign-request and give credentials "
    "(AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE).",
)
_EXPIRED = _Meaning(
    CredentialsError,
    "The credentials for {server} have expired: renew them (for example with 'aws sso login') "
    "and start again.",
)
_NO_S3 = _Meaning(
    StoreError,
    "What answers at {server} is no S3 server ({code}: {message}): check --endpoint-url.",
)
_OTHER_REGION = _Meaning(
    BucketNotFoundError,
    "The bucket {bucket} is in another region{region} than the requests to {server}: set "
    "AWS_DEFAULT_REGION to the bucket's region.",
)
_UNREACHABLE = _Meaning(
    StoreUnavailableError,
    "{server} can't be reached: check --endpoint-url, the network, and that the server runs.",
)

# By the code in an error response.
_BY_CODE = {
    "NoSuchBucket": _Meaning(
        BucketNotFoundError,
        "There is no bucket {bucket} at {server}: check --bucket and --endpoint-url.",
    ),
    "InvalidAccessKeyId": _Meaning(
        CredentialsError,
        "{server} doesn't know the access key: check AWS_ACCESS_KEY_ID, or choose another profile "
        "with AWS_PROFILE.",
    ),
    "SignatureDoesNotMatch": _Meaning(
        CredentialsError,
        "According to {server}, the secret key doesn't match the access key: check "
        "AWS_SECRET_ACCESS_KEY, or choose another profile with AWS_PROFILE.",
    ),
    "RequestTimeTooSkewed": _Meaning(
        StoreError,
        "{server} rejects requests because this machine's clock is wrong: set the clock.",
    ),
    "InvalidBucketName": _BAD_NAME,
    "ExpiredToken": _EXPIRED,
    "InvalidToken": _EXPIRED,
    "TokenRefreshRequired": _EXPIRED,
    "AuthorizationHeaderMalformed": _OTHER_REGION,
    "IllegalLocationConstraintException": _OTHER_REGION,
    "IncorrectEndpoint": _OTHER_REGION,
    "PermanentRedirect": _OTHER_REGION,
    "TemporaryRedirect": _OTHER_REGION,
    "301": _OTHER_REGION,
    "307": _OTHER_REGION,
    "AccessDenied": _DENIED,
    "AllAccessDisabled": _DENIED,
    "401": _DENIED,
    "403": _DENIED,
    # An S3 server would have given its own code.
    "400": _NO_S3,
    "404": _NO_S3,
    "405": _NO_S3,
    "501": _NO_S3,
}
_OTHER_CODE = _Meaning(
    StoreError,
    "{server} can't list the bucket {bucket} ({code}: {message}): try again later, and check "
    "--endpoint-url.",
)
_BUSY = _Meaning(StoreUnavailableError, _OTHER_CODE.sentence)
# By the name of an exception or of one of its bases, the first that fits.
_BY_NAME = {
    "NoCredentialsError": _Meaning(
        CredentialsError,
        "There are no credentials for {server}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
        "choose a profile with AWS_PROFILE, or add --no-sign-request if the bucket {bucket} is "
        "public.",
    ),
    "ProfileNotFound": _Meaning(
        CredentialsError,
        "{message}: set AWS_PROFILE to one that 'aws configure list-profiles' shows.",
    ),
    "SSLError": _Meaning(
        StoreError,
        "There is no secure connection to {server} ({message}): check whether --endpoint-url must "
        "begin with https:// or http://, and set AWS_CA_BUNDLE if its certificate is your own.",
    ),
    "ParamValidationError": _BAD_NAME,
    "ConnectionError": _UNREACHABLE,
    "HTTPClientError": _UNREACHABLE,
    "RecursionError": _OTHER_REGION,
    "ResponseParserError": _Meaning(
        StoreError,
        "{server} answers with something that is no answer of S3 ({message}): check "
        "--endpoint-url and what stands between here and there, and try again.",
    ),
    "InvalidRegionError": _Meaning(
        SettingError, "AWS_DEFAULT_REGION: {message}: set it to one such as eu-central-1."
    ),
    "EndpointProviderError": _Meaning(SettingError, "endpoint_url: {message}."),
}
_OTHER_CREDENTIALS = _Meaning(
    CredentialsError,
    "The credentials for {server} can't be used ({message}): renew or correct them.",
)
_OTHER = _Meaning(StoreError, "{server} can't be used: {message}.")

# Codes after which a retry may succeed, besides server errors.
_THROTTLES = {
    "BandwidthLimitExceeded",
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "TooManyRequestsException",
}
_TRANSIENT_CODES = {
    *_THROTTLES,
    "OperationAborted",
    "RequestTimeout",
    "RequestTimeoutException",
}
_TOO_MANY_REQUESTS = 429
_TRANSIENT_STATUSES = {408, _TOO_MANY_REQUESTS}
_FIRST_SERVER_FAULT = 500
# Not implemented, and another version of HTTP.
_FINAL_SERVER_FAULTS = {501, 505}
# The error of a connection whose server ends during the handshake.
_TLS_END = "EOF occurred in violation of protocol"


@dataclass(frozen=True)
class ErrorResponse:
    """An error response of a server.

    Attributes:
        code: such as ``NoSuchBucket``, or the HTTP status; empty without a response.
        message: for people.
        status: the HTTP status; 0 without a response.
        region: the bucket's region according to the server; may be empty.
    """

    code: str
    message: str
    status: int = 0
    region: str = ""

    @classmethod
    def of(cls, error: BaseException) -> "ErrorResponse":
        """Return the response in an exception of botocore."""
        # Some exceptions have the attribute, but no response in it.
        response: dict[str, Any] = getattr(error, "response", None) or {}
        details, metadata = response.get("Error", {}), response.get("ResponseMetadata", {})
        message = details.get("Message") or str(error)
        return cls(
            code=str(details.get("Code", "")),
            message=" ".join(message.split()).rstrip("."),
            status=metadata.get("HTTPStatusCode", 0),
            region=details.get("Region") or metadata.get("HTTPHeaders", {}).get(REGION_HEADER, ""),
        )

    @property
    def is_throttle(self) -> bool:
        """Whether the server asks for fewer requests."""
        return self.status == _TOO_MANY_REQUESTS or self.code in _THROTTLES

    @property
    def is_transient(self) -> bool:
        """Whether a later retry may succeed."""
        is_fault = self.status >= _FIRST_SERVER_FAULT and self.status not in _FINAL_SERVER_FAULTS
        return is_fault or self.status in _TRANSIENT_STATUSES or self.code in _TRANSIENT_CODES


REGION_HEADER = "x-amz-bucket-region"


@contextmanager
def plain_errors(address: BucketAddress) -> Iterator[None]:
    """Turn errors of botocore into errors of this project.

    Raises:
        CredentialsError: the credentials are missing, wrong, expired or insufficient.
        BucketNotFoundError: the bucket does not exist, or not in this region.
        SettingError: the bucket's name, its region or the endpoint is invalid.
        StoreUnavailableError: the server is out of reach, or overloaded.
        StoreError: it is not an S3 server, or there is no secure connection to it.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except AutofocusError:
        raise
    # After a redirect without a region, botocore recurses.
    except (BotoCoreError, ClientError, RecursionError, ResponseParserError) as error:
        raise store_error(error, address) from None


@contextmanager
def plain_answers(address: BucketAddress) -> Iterator[None]:
    """Turn errors of botocore while it makes a request, and reads the answer, into plain ones.

    Raises:
        StoreError: the answer can't be understood; see also `plain_errors`.
    """
    from botocore.exceptions import BotoCoreError

    with plain_errors(address):
        try:
            yield
        except (AutofocusError, BotoCoreError):
            raise
        # botocore's parser checks neither numbers nor times nor how often an element comes.
        except (ValueError, TypeError, AttributeError, KeyError, OverflowError) as error:
            raise _not_understood(error, address) from None


def _not_understood(error: Exception, address: BucketAddress) -> AutofocusError:
    meaning = _BY_NAME["ResponseParserError"]
    message = shown(error)
    return meaning.kind(meaning.sentence.format(server=address.server, message=message))


@contextmanager
def plain_client_errors(address: BucketAddress) -> Iterator[None]:
    """Turn errors of botocore while it creates a client into errors of this project.

    Raises:
        SettingError: the endpoint is invalid.
        StoreError: another setting of boto3 can't be used; see also `plain_errors`.
    """
    try:
        with plain_errors(address):
            yield
    except SettingError:
        raise
    except ValueError as error:
        # For an address botocore has no exception of its own; `Invalid IPv6 URL` is Python's.
        if str(error).startswith(("Invalid endpoint", "Invalid IPv6 URL")):
            if address.endpoint:
                raise SettingError(f"endpoint_url: {error}.") from None
            raise SettingError(
                f"{error}: check AWS_ENDPOINT_URL and AWS_DEFAULT_REGION, and both in "
                "~/.aws/config."
            ) from None
        raise StoreError(
            f"boto3 can't be set up for {address.server} ({error}): check the AWS_ environment "
            "variables and ~/.aws/config."
        ) from None


def store_error(error: BaseException, address: BucketAddress) -> AutofocusError:
    """Return the error that explains an exception of botocore."""
    response = ErrorResponse.of(error)
    meaning = _meaning(error, response)
    return _explain(meaning, response, address)


def denial(address: BucketAddress) -> AutofocusError:
    """Return the error for credentials that may read no object of a bucket."""
    return _explain(_DENIED, ErrorResponse("AccessDenied", ""), address)


def _explain(meaning: _Meaning, response: ErrorResponse, address: BucketAddress) -> AutofocusError:
    if meaning is _DENIED and address.unsigned:
        meaning = _DENIED_UNSIGNED
    elif meaning is _DENIED and not address.pays:
        meaning = _DENIED_WITHOUT_PAYING
    return meaning.kind(
        meaning.sentence.format(
            bucket=shown(address.bucket),
            server=address.server,
            code=shown(response.code),
            message=shown(response.message, 200),
            region=f" ({shown(response.region)})" if response.region else "",
        )
    )


def _meaning(error: BaseException, response: ErrorResponse) -> _Meaning:
    if response.code:
        return _BY_CODE.get(response.code, _BUSY if response.is_transient else _OTHER_CODE)
    names = [base.__name__ for base in type(error).__mro__]
    if "SSLError" in names and _TLS_END in response.message:
        return _UNREACHABLE
    for name in names:
        if name in _BY_NAME:
            return _BY_NAME[name]
    is_credentials = any(word in names[0] for word in ("Credential", "SSO", "Token", "MFA"))
    return _OTHER_CREDENTIALS if is_credentials else _OTHER

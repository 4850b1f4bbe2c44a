"""What botocore raises, as one sentence each: what is wrong, where, what to do about it."""

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


@dataclass(frozen=True)
class Place:
    """Where a bucket is looked for, as messages name it.

    Attributes:
        bucket: its name.
        endpoint: the server's address; empty for Amazon's own.
        unsigned: whether requests go without credentials.
    """

    bucket: str
    endpoint: str = ""
    unsigned: bool = False

    @property
    def server(self) -> str:
        """The server's name for people."""
        return self.endpoint or "Amazon S3"


@dataclass(frozen=True)
class _Meaning:
    """What a problem means for people.

    Attributes:
        kind: the error to raise.
        sentence: may name the bucket, the server, its code, message and region.
    """

    kind: type[AutofocusError]
    sentence: str


_BAD_NAME = _Meaning(
    SettingError,
    "bucket: {bucket!r} can't be the name of a bucket: give its plain name, such as autofocus.",
)
_DENIED = _Meaning(
    CredentialsError,
    "{server} doesn't let these credentials read the bucket {bucket}: ask its owner for "
    "s3:ListBucket and s3:GetObject, or use other credentials (AWS_PROFILE).",
)
_DENIED_UNSIGNED = _Meaning(
    CredentialsError,
    "{server} doesn't let everyone read the bucket {bucket}: leave out --no-sign-request and "
    "give credentials (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE).",
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
    "The bucket {bucket} is in another region{region} than {server} was asked for: set "
    "AWS_DEFAULT_REGION to the bucket's region.",
)
_UNREACHABLE = _Meaning(
    StoreUnavailableError,
    "{server} can't be reached: check --endpoint-url, the network, and that the server runs.",
)

# By the code in a server's answer.
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
        "{server} says that the secret key doesn't fit the access key: check "
        "AWS_SECRET_ACCESS_KEY, or choose another profile with AWS_PROFILE.",
    ),
    "RequestTimeTooSkewed": _Meaning(
        StoreError,
        "{server} refuses requests because this machine's clock is wrong: set the clock.",
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
    # A server of S3 would have given its own code.
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
        "There is no safe connection to {server} ({message}): check whether --endpoint-url begins "
        "with https:// or http:// as it should, and set AWS_CA_BUNDLE if its certificate is your "
        "own.",
    ),
    "ParamValidationError": _BAD_NAME,
    "ConnectionError": _UNREACHABLE,
    "HTTPClientError": _UNREACHABLE,
    "RecursionError": _OTHER_REGION,
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

# Codes after which a retry may succeed, besides the faults of a server.
_TRANSIENT_CODES = {
    "BandwidthLimitExceeded",
    "OperationAborted",
    "RequestLimitExceeded",
    "RequestTimeout",
    "RequestTimeoutException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequests",
    "TooManyRequestsException",
}
_TRANSIENT_STATUSES = {408, 429}
_FIRST_SERVER_FAULT = 500
# Not implemented, and another version of HTTP.
_FINAL_SERVER_FAULTS = {501, 505}
# How a connection ends whose server ends while it is made.
_TLS_END = "EOF occurred in violation of protocol"


@dataclass(frozen=True)
class Answer:
    """What a server answered instead of doing as asked.

    Attributes:
        code: such as ``NoSuchBucket``, or the HTTP status; empty where there was no answer.
        message: for people.
        status: the HTTP status; 0 where there was no answer.
        region: where the server says that the bucket is; may be empty.
    """

    code: str
    message: str
    status: int = 0
    region: str = ""

    @classmethod
    def of(cls, error: BaseException) -> "Answer":
        """Read the answer out of an exception of botocore."""
        response: dict[str, Any] = getattr(error, "response", {})
        told, metadata = response.get("Error", {}), response.get("ResponseMetadata", {})
        message = told.get("Message") or str(error)
        return cls(
            code=str(told.get("Code", "")),
            message=" ".join(message.split()).rstrip("."),
            status=metadata.get("HTTPStatusCode", 0),
            region=told.get("Region") or metadata.get("HTTPHeaders", {}).get(REGION_HEADER, ""),
        )

    @property
    def is_transient(self) -> bool:
        """Whether a retry of any request may succeed later."""
        is_fault = self.status >= _FIRST_SERVER_FAULT and self.status not in _FINAL_SERVER_FAULTS
        return is_fault or self.status in _TRANSIENT_STATUSES or self.code in _TRANSIENT_CODES


REGION_HEADER = "x-amz-bucket-region"


@contextmanager
def plain_errors(place: Place) -> Iterator[None]:
    """Turn what botocore raises within into errors of this project.

    Raises:
        CredentialsError: no, wrong or expired credentials, or they don't suffice.
        BucketNotFoundError: no such bucket, or not in this region.
        SettingError: the bucket's name or the address can't be one.
        StoreUnavailableError: the server is out of reach, or has too much to do.
        StoreError: it is no S3 server, or there is no safe connection to it.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except AutofocusError:
        raise
    # A redirect that names no region sends botocore in circles.
    except (BotoCoreError, ClientError, RecursionError) as error:
        raise store_error(error, place) from None


@contextmanager
def plain_client_errors(place: Place) -> Iterator[None]:
    """Turn what botocore raises while it makes a client into errors of this project.

    Raises:
        SettingError: the endpoint's address can't be one.
        StoreError: another setting of boto3 can't be used; see also `plain_errors`.
    """
    try:
        with plain_errors(place):
            yield
    except SettingError:
        raise
    except ValueError as error:
        # For an address botocore has no exception of its own; `Invalid IPv6 URL` is Python's.
        if str(error).startswith(("Invalid endpoint", "Invalid IPv6 URL")):
            raise SettingError(f"endpoint_url: {error}.") from None
        raise StoreError(
            f"boto3 can't be set up for {place.server} ({error}): check the variables that begin "
            "with AWS_, and ~/.aws/config."
        ) from None


def store_error(error: BaseException, place: Place) -> AutofocusError:
    """Return the error that says what an exception of botocore means for people."""
    answer = Answer.of(error)
    meaning = _meaning(error, answer)
    if meaning is _DENIED and place.unsigned:
        meaning = _DENIED_UNSIGNED
    return meaning.kind(
        meaning.sentence.format(
            bucket=place.bucket,
            server=place.server,
            code=answer.code,
            message=answer.message,
            region=f" ({answer.region})" if answer.region else "",
        )
    )


def _meaning(error: BaseException, answer: Answer) -> _Meaning:
    if answer.code:
        return _BY_CODE.get(answer.code, _BUSY if answer.is_transient else _OTHER_CODE)
    names = [base.__name__ for base in type(error).__mro__]
    if "SSLError" in names and _TLS_END in answer.message:
        return _UNREACHABLE
    for name in names:
        if name in _BY_NAME:
            return _BY_NAME[name]
    is_credentials = any(word in names[0] for word in ("Credential", "SSO", "Token", "MFA"))
    return _OTHER_CREDENTIALS if is_credentials else _OTHER

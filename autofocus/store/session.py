"""An open bucket, with the clients to read it.

boto3 finds credentials, region and endpoint as it does for everyone (environment, profiles,
instance roles), and lists; obstore transfers the bytes, several times as fast. Its address is
taken from a URL that boto3 makes, so that both use the same server.
"""

import datetime
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from autofocus.errors import StoreError, need
from autofocus.store.entries import SUCCESSES, parse_entries_fast
from autofocus.store.patience import Patience
from autofocus.store.problems import (
    REGION_HEADER,
    BucketAddress,
    plain_answers,
    plain_client_errors,
    plain_errors,
)

if TYPE_CHECKING:
    import botocore.credentials
    import botocore.session
    from mypy_boto3_s3 import S3Client
    from obstore.store import ClientConfig, S3Config, S3Credential, S3Store

DEFAULT_REGION = "us-east-1"
CONNECT_TIMEOUT_S = 5
# Of silence, not of a whole transfer: slow lines are fine.
READ_TIMEOUT_S = 60
WHOLE_TIMEOUT_S = 24 * 3600
# Up to when boto3 (attempts) and obstore (seconds) retry by themselves: where `Patience` does,
# they soon give up.
BOTO3_ATTEMPTS, OBSTORE_RETRIES_S = 3, READ_TIMEOUT_S
BOTO3_ATTEMPTS_OF_PATIENT, OBSTORE_RETRIES_OF_PATIENT_S = 1, 5
# How long obstore may take credentials for fresh; it asks for new ones 5 minutes before the end.
# boto3 hands out temporary ones only while they are good for 10 minutes more.
CREDENTIALS_TTL = datetime.timedelta(minutes=10)
# Root elements of an S3 server's response to a listing.
_ROOTS = (b"<ListBucketResult", b"<Error")


@dataclass(frozen=True)
class Bucket:
    """An open bucket.

    Attributes:
        address: its name and server, for messages.
        client: for listings, and for keys that obstore can't read.
        objects: for the bytes.
        patience: retries while the server is unavailable.
    """

    address: BucketAddress
    client: "S3Client"
    objects: "S3Store"
    patience: Patience = field(default_factory=Patience)


@contextmanager
def open_bucket(
    name: str,
    *,
    prefix: str = "",
    endpoint_url: str | None = None,
    no_sign_request: bool = False,
    connections: int = 1,
    patience: float = 0.0,
    request_payer: bool = False,
) -> Iterator[Bucket]:
    """Open a bucket, check that it can be listed, and close the connections at the end.

    Args:
        name: the bucket's name.
        prefix: of the keys to list, as the credentials may not allow others.
        endpoint_url: the server's URL; by default that of boto3 (`AWS_ENDPOINT_URL`, a profile,
            otherwise Amazon).
        no_sign_request: send no credentials; for public buckets.
        connections: the number of concurrent requests.
        patience: how long to retry while the server is unavailable, here and in later requests
            (seconds).
        request_payer: pay for requests, which some buckets require of their readers.

    Raises:
        CredentialsError: the credentials are missing, wrong, expired or insufficient.
        BucketNotFoundError: the bucket does not exist, or not in this region.
        SettingError: the bucket's name, its region or the endpoint is invalid.
        StoreUnavailableError: the server is out of reach, or overloaded.
        StoreError: it is not an S3 server, or there is no secure connection to it.
        MissingDependencyError: botocore or obstore isn't installed.
    """
    need("botocore", "download")
    need("obstore", "download")
    access = Access(name, endpoint_url, no_sign_request, connections, patience, request_payer)
    with ExitStack() as stack:
        client = stack.enter_context(access.client())
        retries = Patience(patience, access.address_of(client).server)
        region = retries.call(lambda: access.find_region(client, prefix))
        if region != client.meta.region_name:
            client = stack.enter_context(access.client(region))
        address = access.address_of(client)
        with plain_errors(address):
            objects = access.objects(client, region)
        yield Bucket(address, client, objects, retries)


@dataclass(frozen=True)
class Access:
    """How to reach a bucket; the attributes are the arguments of `open_bucket`."""

    bucket: str
    endpoint_url: str | None = None
    unsigned: bool = False
    connections: int = 1
    patience: float = 0.0
    request_payer: bool = False

    @cached_property
    def _core(self) -> "botocore.session.Session":
        import botocore.session

        core = botocore.session.Session()
        loader: Any = core.get_component("data_loader")
        # It would search the folders of hundreds of services only to find that S3 is one of them.
        loader.list_available_services = lambda _: ["s3"]
        return core

    @contextmanager
    def client(self, region: str | None = None) -> "Iterator[S3Client]":
        """Create a client as of boto3, and close its connections at the end."""
        with plain_client_errors(
            BucketAddress(self.bucket, self.endpoint_url or "", self.unsigned, self.request_payer)
        ):
            client = cast(
                "S3Client",
                # What boto3 does, too, which takes as long again to import.
                self._core.create_client(
                    "s3",
                    region_name=region,
                    endpoint_url=self.endpoint_url,
                    config=self._config(),
                ),
            )
        with closing(client):
            _check_listings(client, self.address_of(client))
            parse_entries_fast(client)
            if self.request_payer:
                _pay(client)
            yield client

    def _config(self) -> Any:
        import botocore
        from botocore.config import Config

        attempts = BOTO3_ATTEMPTS_OF_PATIENT if self.patience else BOTO3_ATTEMPTS
        return Config(
            signature_version=botocore.UNSIGNED if self.unsigned else "s3v4",
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            retries={"mode": "standard", "total_max_attempts": attempts},
            max_pool_connections=max(10, self.connections),
            # Other S3-compatible storage lacks the newer checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )

    def address_of(self, client: "S3Client") -> BucketAddress:
        """Return the bucket's address, for messages."""
        endpoint = client.meta.endpoint_url
        host = urlsplit(endpoint).hostname or ""
        is_amazon = host.endswith((".amazonaws.com", ".amazonaws.com.cn"))
        shown_endpoint = "" if is_amazon else endpoint
        return BucketAddress(self.bucket, shown_endpoint, self.unsigned, self.request_payer)

    def find_region(self, client: "S3Client", prefix: str = "") -> str:
        """List one object, following redirects, and return the region that responded."""
        address = self.address_of(client)
        with (
            plain_answers(address),
            _signed_regions(client) as regions,
        ):
            response: Mapping[str, Any] = client.list_objects_v2(
                Bucket=self.bucket, Prefix=prefix, MaxKeys=1
            )
        headers = response["ResponseMetadata"]["HTTPHeaders"]
        return str(headers.get(REGION_HEADER) or regions[-1])

    def objects(self, client: "S3Client", region: str) -> "S3Store":
        """Create obstore's counterpart of a client of boto3."""
        from obstore.store import S3Store

        endpoint, is_virtual = self._address(client)
        retries_s = OBSTORE_RETRIES_OF_PATIENT_S if self.patience else OBSTORE_RETRIES_S
        config: S3Config = {
            "region": region,
            # Both, and all the rest in full: what is left out obstore takes from the environment,
            # which by now may mean something else.
            "endpoint": endpoint,
            "aws_endpoint_url_s3": endpoint,
            "virtual_hosted_style_request": is_virtual,
            "skip_signature": self.unsigned,
            "request_payer": self.request_payer,
        }
        return S3Store(
            self.bucket,
            config=config,
            client_options=self._client_options(endpoint),
            retry_config={
                "max_retries": 3,
                "retry_timeout": datetime.timedelta(seconds=retries_s),
            },
            credential_provider=None if self.unsigned else _Credentials.of(self._core),
        )

    def _address(self, client: "S3Client") -> tuple[str, bool]:
        """Return where boto3 finds the bucket, and whether its name is part of the host's."""
        url = client.generate_presigned_url(
            "get_object", Params={"Bucket": self.bucket, "Key": "key"}
        )
        address = url.partition("?")[0]
        in_path = address.removesuffix(f"/{self.bucket}/key")
        if in_path != address:
            return in_path, False
        return address.removesuffix("/key"), True

    def _client_options(self, endpoint: str) -> "ClientConfig":
        options: ClientConfig = {
            "allow_http": endpoint.startswith("http:"),
            "connect_timeout": f"{CONNECT_TIMEOUT_S}s",
            "read_timeout": f"{READ_TIMEOUT_S}s",
            "timeout": f"{WHOLE_TIMEOUT_S}s",
        }
        bundle = self._core.get_config_variable("ca_bundle")
        if bundle and endpoint.startswith("https:"):
            options["root_certificate"] = Path(bundle).read_bytes()
        return options


@dataclass(frozen=True)
class _Credentials:
    """botocore's credentials for obstore, which calls it when it needs fresh ones.

    obstore's own class for this needs boto3, whose import takes long.
    """

    source: "botocore.credentials.Credentials"

    @classmethod
    def of(cls, core: "botocore.session.Session") -> "_Credentials":
        from botocore.exceptions import NoCredentialsError

        source = core.get_credentials()
        if source is None:
            raise NoCredentialsError
        return cls(source)

    def __call__(self) -> "S3Credential":
        frozen = self.source.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key or "",
            "secret_access_key": frozen.secret_key or "",
            "token": frozen.token,
            "expires_at": datetime.datetime.now(datetime.timezone.utc) + CREDENTIALS_TTL,
        }


def _check_listings(client: "S3Client", address: BucketAddress) -> None:
    """Let a client check that listings come from an S3 server: botocore takes any page for one.

    Its requests then raise StoreError for what comes from another server.
    """

    def check(response_dict: Mapping[str, Any] | None, **_: object) -> None:
        if response_dict is None or response_dict["status_code"] not in SUCCESSES:
            return
        if not any(root in response_dict["body"] for root in _ROOTS):
            raise StoreError(
                f"What answers at {address.server} is no S3 server: check --endpoint-url."
            )

    # The type stubs lack botocore's events.
    events: Any = client.meta.events
    events.register("response-received.s3.ListObjectsV2", check)


def _pay(client: "S3Client") -> None:
    """Let a client declare in each request that the requester pays for it."""

    def declare(params: Any, **_: object) -> None:
        params["headers"]["x-amz-request-payer"] = "requester"

    events: Any = client.meta.events
    events.register("before-call.s3", declare)


@contextmanager
def _signed_regions(client: "S3Client") -> Iterator[list[str]]:
    """Collect the regions for which a client signs its requests, the last one last."""
    regions = [DEFAULT_REGION]

    def remember(request: Any, **_: object) -> None:
        # A credential is key/date/region/s3/aws4_request.
        signature = request.headers.get("Authorization", b"")
        text = signature.decode() if isinstance(signature, bytes) else str(signature)
        match = re.search(r"Credential=[^,]*/([^/,]+)/s3/aws4_request", text)
        regions.extend([match[1]] if match else [])

    events: Any = client.meta.events
    events.register("before-send.s3", remember)
    try:
        yield regions
    finally:
        events.unregister("before-send.s3", remember)

"""A bucket that has answered, with the clients to read it by.

boto3 finds credentials, region and endpoint as it does for everyone (environment, profiles,
instance roles), and lists; obstore moves the bytes, several times as fast. So that obstore goes
where boto3 goes, its address is read off a URL that boto3 makes.
"""

import datetime
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from autofocus.common.errors import StoreError, need
from autofocus.store.problems import REGION_HEADER, Place, plain_errors

if TYPE_CHECKING:
    import boto3
    import botocore.session
    from mypy_boto3_s3 import S3Client
    from obstore.store import ClientConfig, S3Config, S3Store

DEFAULT_REGION = "us-east-1"
CONNECT_TIMEOUT_S = 5
# Of silence, not of a whole transfer: slow lines are fine.
READ_TIMEOUT_S = 60
WHOLE_TIMEOUT_S = 24 * 3600
# How long obstore may take credentials for fresh; it asks for new ones 5 minutes before the end.
# boto3 hands out temporary ones only while they are good for 10 minutes more.
CREDENTIALS_TTL = datetime.timedelta(minutes=10)


@dataclass(frozen=True)
class Bucket:
    """A bucket that has answered.

    Attributes:
        place: its name and server, for messages.
        client: for listings, and for what obstore can't do.
        objects: for the bytes.
    """

    place: Place
    client: "S3Client"
    objects: "S3Store"


@contextmanager
def open_bucket(
    name: str,
    *,
    prefix: str = "",
    endpoint_url: str | None = None,
    no_sign_request: bool = False,
    connections: int = 1,
) -> Iterator[Bucket]:
    """Find a bucket, check that it can be listed, and close the connections in the end.

    Args:
        name: the bucket's name.
        prefix: with what the keys begin that are to be listed, as some may list no others.
        endpoint_url: the server's address, where it isn't boto3's choice (`AWS_ENDPOINT_URL`, a
            profile, else Amazon).
        no_sign_request: use no credentials; for public buckets.
        connections: how many requests there will be at once.

    Raises:
        CredentialsError: no, wrong or expired credentials, or they don't suffice.
        BucketNotFoundError: no such bucket, or not in this region.
        SettingError: the bucket's name or the address can't be one.
        StoreError: the server is out of reach, ailing, or no S3 server.
        MissingDependencyError: boto3 or obstore isn't installed.
    """
    need("boto3", "download")
    need("obstore", "download")
    access = Access(name, endpoint_url, no_sign_request, connections)
    with ExitStack() as stack:
        client = stack.enter_context(access.client())
        region = access.find_region(client, prefix)
        if region != client.meta.region_name:
            client = stack.enter_context(access.client(region))
        place = access.place_of(client)
        with plain_errors(place):
            objects = access.objects(client, region)
        yield Bucket(place, client, objects)


@dataclass(frozen=True)
class Access:
    """How a bucket is to be reached; the attributes are the arguments of `open_bucket`."""

    bucket: str
    endpoint_url: str | None = None
    unsigned: bool = False
    connections: int = 1

    @cached_property
    def _core(self) -> "botocore.session.Session":
        import botocore.session

        return botocore.session.Session()

    @cached_property
    def _session(self) -> "boto3.Session":
        import boto3

        return boto3.Session(botocore_session=self._core)

    @contextmanager
    def client(self, region: str | None = None) -> "Iterator[S3Client]":
        """Make a client of boto3, and close its connections in the end."""
        with plain_errors(Place(self.bucket, self.endpoint_url or "", self.unsigned)):
            client = self._session.client(
                "s3",
                region_name=region,
                endpoint_url=self.endpoint_url,
                config=self._config(),
            )
        with closing(client):
            yield client

    def _config(self) -> Any:
        import botocore
        from botocore.config import Config

        return Config(
            signature_version=botocore.UNSIGNED if self.unsigned else "s3v4",
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            retries={"mode": "standard", "total_max_attempts": 3},
            max_pool_connections=max(10, self.connections),
            # Servers other than Amazon's don't know the newer checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )

    def place_of(self, client: "S3Client") -> Place:
        """Return where a client looks for the bucket, for messages."""
        endpoint = client.meta.endpoint_url
        host = urlsplit(endpoint).hostname or ""
        is_amazon = host.endswith((".amazonaws.com", ".amazonaws.com.cn"))
        return Place(self.bucket, "" if is_amazon else endpoint, self.unsigned)

    def find_region(self, client: "S3Client", prefix: str = "") -> str:
        """List one object, following redirects, and return the region that answered."""
        place = self.place_of(client)
        with plain_errors(place), _signed_regions(client) as regions:
            answer: Mapping[str, Any] = client.list_objects_v2(
                Bucket=self.bucket, Prefix=prefix, MaxKeys=1
            )
        if "KeyCount" not in answer and "IsTruncated" not in answer:
            raise StoreError(
                f"What answers at {place.server} is no S3 server: check --endpoint-url."
            )
        headers = answer["ResponseMetadata"]["HTTPHeaders"]
        return str(headers.get(REGION_HEADER) or regions[-1])

    def objects(self, client: "S3Client", region: str) -> "S3Store":
        """Make obstore's counterpart of a client of boto3."""
        from obstore.auth.boto3 import Boto3CredentialProvider
        from obstore.store import S3Store

        endpoint, is_virtual = self._address(client)
        config: S3Config = {
            "region": region,
            # Both, and all the rest in full: what is left out obstore takes from the environment,
            # which by now may mean something else.
            "endpoint": endpoint,
            "aws_endpoint_url_s3": endpoint,
            "virtual_hosted_style_request": is_virtual,
            "skip_signature": self.unsigned,
        }
        return S3Store(
            self.bucket,
            config=config,
            client_options=self._client_options(endpoint),
            retry_config={
                "max_retries": 3,
                "retry_timeout": datetime.timedelta(seconds=READ_TIMEOUT_S),
            },
            credential_provider=None
            if self.unsigned
            else Boto3CredentialProvider(self._core, ttl=CREDENTIALS_TTL),
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


@contextmanager
def _signed_regions(client: "S3Client") -> Iterator[list[str]]:
    """Collect the regions for which a client signs its requests, the last one last."""
    regions = [DEFAULT_REGION]

    def remember(request: Any, **_: object) -> None:
        # A credential is key/date/region/s3/aws4_request.
        signature = request.headers.get("Authorization", b"")
        text = signature.decode() if isinstance(signature, bytes) else str(signature)
        found = re.search(r"Credential=[^,]*/([^/,]+)/s3/aws4_request", text)
        regions.extend([found[1]] if found else [])

    # The types know nothing of botocore's events.
    events: Any = client.meta.events
    events.register("before-send.s3", remember)
    try:
        yield regions
    finally:
        events.unregister("before-send.s3", remember)

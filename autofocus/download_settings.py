"""The settings of `download_images`."""

import re
from dataclasses import dataclass

from autofocus.options.settings import (
    CONNECTION,
    LIMITS,
    endpoint_option,
    option,
    patience_option,
    request_payer_option,
    require,
    require_not_negative,
    require_share,
)
from autofocus.redaction import public_address
from autofocus.runs.sharding import Shards
from autofocus.runs.wording import shown
from autofocus.store.listing import (
    DEFAULT_OUTPUT_PREFIX,
    check_output_prefix,
)

# A manifest with this prefix names a state of the bucket and is not compared.
UNCHECKED = "unchecked-"


@dataclass(frozen=True)
class DownloadSettings:
    """The options of `download_images`."""

    prefix: str = option(
        "",
        "download only objects whose keys begin with P",
        metavar="P",
        group="objects to download",
    )
    output_prefix: str = option(
        DEFAULT_OUTPUT_PREFIX,
        "prefix of the keys of Autofocus' own outputs, which are never downloaded; empty: none",
        metavar="P",
        group="objects to download",
    )
    download_tar: bool = option(
        False, "download tar files (.tar, .tar.gz, .tgz), too", group="objects to download"
    )
    sample: int = option(
        0,
        "download all tables, but only N images, spread evenly over the folders; 0: all images",
        metavar="N",
        group="objects to download",
    )
    shard: str | None = option(
        None,
        "download only the I-th of N shards of the images, counted from 0, or several such as "
        "0-49/2000; the images of a folder stay together, so shards may be uneven; all other "
        "files are in shard 0",
        metavar="I/N",
        group="objects to download",
    )
    only_new: bool = option(
        False,
        "download only images that no run of the pipeline label has labelled yet, or that were "
        "replaced since, by the record below --output-prefix",
        group="objects to download",
    )
    min_age: float = option(
        0.0,
        "with --only-new, leave all images of a folder to the next run if one of them was stored "
        "less than this many minutes ago, as in an upload that is in progress",
        metavar="MINUTES",
        group="objects to download",
    )
    manifest: str | None = option(
        None,
        "fail unless the bucket is unchanged since --dry-run printed this digest; a text that "
        "begins with unchecked- is not compared",
        affects_output=False,
        metavar="DIGEST",
        group="objects to download",
    )
    endpoint_url: str | None = endpoint_option()
    no_sign_request: bool = option(
        False,
        "send no credentials, as for a public bucket",
        affects_output=False,
        group=CONNECTION,
    )
    request_payer: bool = request_payer_option()
    dry_run: bool = option(
        False,
        "report what there is to do, and write nothing",
        affects_output=False,
        group="objects to download",
    )
    patience: float = patience_option()
    jobs: int = option(
        32, "number of concurrent transfers", affects_output=False, metavar="N", group=LIMITS
    )
    max_rejected: float = option(
        0.1,
        "largest share of objects, 0 to 1, that may be rejected, as their keys can't become files "
        "or the server refuses them for good",
        affects_output=False,
        metavar="SHARE",
        group=LIMITS,
    )

    def __post_init__(self) -> None:
        require_not_negative(self, "sample", "patience", "min_age")
        require(self.only_new or not self.min_age, "min_age has no effect without only_new.")
        self._check_prefixes()
        require(self.jobs >= 1, f"jobs must be at least 1, not {self.jobs}.")
        require_share("max_rejected", self.max_rejected)
        address = public_address(self.endpoint_url or "")
        require(
            self.endpoint_url is None or self.endpoint_url.startswith(("http://", "https://")),
            f"endpoint_url must begin with http:// or https://, unlike {shown(address)}.",
        )
        if self.shard is not None:
            Shards.parse(self.shard)
        require(
            self.manifest is None
            or self.manifest.startswith(UNCHECKED)
            or re.fullmatch("[0-9a-f]{64}", self.manifest) is not None,
            "manifest must be the digest that --dry-run prints, or begin with "
            f"{UNCHECKED}, unlike {self.manifest!r}.",
        )

    def _check_prefixes(self) -> None:
        check_output_prefix(self.output_prefix)
        require(
            bool(self.output_prefix) or not self.only_new,
            "only_new needs output_prefix, below which is recorded what is labelled.",
        )
        require(
            not (self.output_prefix and self.prefix.startswith(self.output_prefix)),
            f"prefix: nothing below {self.prefix} is downloaded, as the keys of Autofocus' own "
            f"outputs begin with {self.output_prefix}: change --prefix or --output-prefix.",
        )

    @property
    def part(self) -> Shards | None:
        """The shards to download."""
        return None if self.shard is None else Shards.parse(self.shard)

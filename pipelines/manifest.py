"""What a bucket holds, as a parameter of pipelines.

A cluster finds earlier results by a task's parameters, not by what lies in a bucket. So a pipeline
takes a digest of the bucket's listing: with the same one, earlier downloads and all that was made
of them are used again; with another one, nothing is. The download makes sure that it is true.
"""

import uuid
from collections.abc import Mapping

from autofocus.common.errors import StoreError
from autofocus.download_images import UNCHECKED
from autofocus.store.listing import list_objects, manifest_digest
from autofocus.store.session import open_bucket
from pipelines.interface import Given, Interface

MANIFEST = "manifest"


def find_manifest(interface: Interface, values: Mapping[str, Given]) -> Given | None:
    """List the bucket, where a pipeline asks for its manifest and nobody gave it.

    Args:
        interface: the pipeline.
        values: what was given.

    Returns:
        The manifest; None if there is no need of it, or no bucket was given.

    Raises:
        StoreError: the bucket can't be listed from here.
    """
    if MANIFEST not in interface.parameters or MANIFEST in values or "bucket" not in values:
        return None
    bucket, prefix, endpoint = (
        str(values[name].value) if name in values and values[name].value is not None else ""
        for name in ("bucket", "prefix", "endpoint_url")
    )
    with open_bucket(bucket, prefix=prefix, endpoint_url=endpoint or None) as opened:
        digest = manifest_digest(list_objects(opened, prefix))
    return Given(digest, f"the listing of {bucket}")


def manifest_or_word(
    interface: Interface, values: Mapping[str, Given]
) -> tuple[Given | None, str | None]:
    """Return the manifest, or a new word in its place where the bucket can't be listed from here.

    Args:
        interface: the pipeline.
        values: what was given.

    Returns:
        The value, if one is needed, and a sentence if it is only a word.
    """
    try:
        return find_manifest(interface, values), None
    except StoreError as error:
        word = Given(f"{UNCHECKED}{uuid.uuid4().hex}", "pipelines.submit")
        return word, f"nothing that earlier runs downloaded will be used again: {error}"

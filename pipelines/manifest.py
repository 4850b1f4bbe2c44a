"""A digest of a bucket's listing, as a parameter of pipelines.

A cluster reuses earlier results by a task's parameters, not by the content of a bucket. So a
pipeline takes a digest of the bucket's listing: with the same one, earlier downloads and all that
was made of them are reused; with another one, nothing is. The download checks that it is true.
"""

import os
import uuid
from collections.abc import Mapping
from typing import Any

from autofocus.download_settings import UNCHECKED
from autofocus.errors import SettingError, StoreError
from autofocus.options.settings import shown
from autofocus.store.listing import list_objects, manifest_digest, without_outputs
from autofocus.store.session import open_bucket
from pipelines.interface import ParameterValue, PipelineInterface

MANIFEST = "manifest"
ONLY_NEW = "only_new"
OUTPUT_PREFIX = "output_prefix"
# Where this computer reaches the object store, which pods may reach at another address.
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
# A manifest is of the objects that these parameters select.
_SELECTION = ("bucket", "prefix", OUTPUT_PREFIX)


def needs_manifest(interface: PipelineInterface, values: Mapping[str, ParameterValue]) -> bool:
    """Return whether a pipeline takes a manifest that wasn't given."""
    return MANIFEST in interface.parameters and MANIFEST not in values


def find_manifest(
    interface: PipelineInterface, values: Mapping[str, ParameterValue]
) -> ParameterValue | None:
    """List the bucket, where a pipeline takes a manifest that wasn't given.

    The bucket is listed at AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL if one is set; otherwise at
    the parameter `endpoint_url`, which is the address for pods.

    Args:
        interface: the pipeline.
        values: the given values by parameter.

    Returns:
        The manifest; a placeholder for a run of new images; None if there is no need of it, or no
        bucket was given.

    Raises:
        StoreError: the bucket can't be listed from here.
    """
    if not needs_manifest(interface, values) or "bucket" not in values:
        return None
    if _is_of_new(interface, values):
        # What is labelled is not in the listing: an earlier download may have what is no longer
        # new.
        return _placeholder()
    bucket, prefix = _text("bucket", interface, values), _text("prefix", interface, values)
    endpoint = None
    if not any(os.environ.get(name) for name in _ENDPOINTS):
        endpoint = _text("endpoint_url", interface, values) or None
    with open_bucket(bucket, prefix=prefix, endpoint_url=endpoint, patience=0) as opened:
        objects = list_objects(opened, prefix)
    inputs = without_outputs(objects, _text(OUTPUT_PREFIX, interface, values))
    return ParameterValue(manifest_digest(inputs), f"the listing of {bucket}")


def manifest_or_placeholder(
    interface: PipelineInterface, values: Mapping[str, ParameterValue]
) -> tuple[ParameterValue | None, str | None]:
    """Return the manifest, or a placeholder where the bucket can't be listed from here.

    Args:
        interface: the pipeline.
        values: the given values by parameter.

    Returns:
        The value, if one is needed, and a sentence if it is a placeholder that was not expected.
    """
    try:
        return find_manifest(interface, values), None
    except StoreError as error:
        return _placeholder(), (
            "nothing that earlier runs downloaded is reused, as the bucket can't be listed from "
            f"here ({str(error).rstrip('.')}): set {_ENDPOINTS[1]} to the object store's address "
            "for this computer, or reuse the downloads of an earlier run (--manifest-from RUN)."
        )


def _is_of_new(interface: PipelineInterface, values: Mapping[str, ParameterValue]) -> bool:
    given, parameter = values.get(ONLY_NEW), interface.parameters.get(ONLY_NEW)
    return bool(given and parameter and parameter.accept(given))


def with_placeholder(
    interface: PipelineInterface, values: Mapping[str, ParameterValue]
) -> Mapping[str, ParameterValue]:
    """Return the values of a run with a placeholder for a manifest that isn't known yet."""
    is_needed = needs_manifest(interface, values)
    return {**values, MANIFEST: _placeholder()} if is_needed else values


def _placeholder() -> ParameterValue:
    """Return a value in place of a manifest that no other run has."""
    return ParameterValue(f"{UNCHECKED}{uuid.uuid4().hex}", "pipelines.submit")


def check_manifest_from(
    interface: PipelineInterface, values: Mapping[str, ParameterValue]
) -> None:
    """Check that a pipeline can take another run's manifest.

    Args:
        interface: the pipeline.
        values: the given values of that pipeline.

    Raises:
        SettingError: it takes no manifest, or one was given.
    """
    if not needs_manifest(interface, values):
        reason = "manifest is given" if MANIFEST in values else f"{interface.name} takes none"
        raise SettingError(f"--manifest-from: {reason}, so that it can't be another run's.")


def manifest_of_run(
    run: str,
    parameters: Mapping[str, Any],
    interface: PipelineInterface,
    values: Mapping[str, ParameterValue],
) -> ParameterValue:
    """Return the manifest of an earlier run.

    Args:
        run: the earlier run, for messages.
        parameters: the values that it was started with.
        interface: the pipeline that is to take the manifest.
        values: the given values of that pipeline.

    Raises:
        SettingError: the run has no manifest, or it is of other objects.
    """
    manifest = parameters.get(MANIFEST)
    if not isinstance(manifest, str) or not manifest:
        raise SettingError(
            f"--manifest-from: the run {run} has no parameter manifest: name a run of the "
            "pipeline train or label."
        )
    for name in _SELECTION:
        earlier, now = parameters.get(name), _text(name, interface, values)
        if earlier is not None and earlier != now:
            raise SettingError(
                f"--manifest-from: the run {run} has {name} {shown(earlier)}, not {shown(now)}, "
                "and so the manifest of other objects."
            )
    return ParameterValue(manifest, f"the run {run}")


def _text(name: str, interface: PipelineInterface, values: Mapping[str, ParameterValue]) -> str:
    """Return a parameter's value, given or by default; empty if it has none."""
    if name in values and values[name].value is not None:
        return str(values[name].value)
    default = interface.parameters[name].default if name in interface.parameters else None
    return "" if default is None else str(default)

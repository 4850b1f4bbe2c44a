"""Every error that Autofocus raises on purpose.

Each carries one sentence for people: what is wrong, where, and what to do about it.

    AutofocusError
    ├── SettingError (ValueError)               an option or parameter can't be used
    ├── InputDataError (ValueError)             a given file can't be used
    ├── MissingInputError (FileNotFoundError)   a given file or folder isn't there, or is empty
    ├── OutputConflictError (FileExistsError)   the output place holds something else, or is in use
    ├── TooManyRejectedError (RuntimeError)     the run ended, but too many inputs were rejected
    ├── LeakError (AssertionError)              what is tested was seen while learning
    ├── MissingDependencyError (ImportError)    an optional package isn't installed
    ├── StoreError (ConnectionError)            the object store can't be used
    │   ├── StoreUnavailableError                   it does not answer; a retry may succeed
    │   ├── CredentialsError (PermissionError)      it wants other, or any, credentials
    │   └── BucketNotFoundError (LookupError)       it has no such bucket, or not in that region
    ├── ClusterError (ConnectionError)          the Kubeflow Pipelines server can't be used
    │   ├── ClusterUnreachableError                 it doesn't respond; a retry may succeed
    │   └── ClusterCredentialsError (PermissionError)   it requires another, or any, token
    └── RunError (RuntimeError)                 a run on a cluster failed or didn't end in time
"""

from types import ModuleType


class AutofocusError(Exception):
    """The root of all errors that Autofocus raises on purpose."""


class SettingError(AutofocusError, ValueError):
    """An option or parameter can't be used."""


class InputDataError(AutofocusError, ValueError):
    """A given file can't be used."""


class MissingInputError(AutofocusError, FileNotFoundError):
    """A given file or folder isn't there, or holds nothing that can be used."""


class OutputConflictError(AutofocusError, FileExistsError):
    """The output place holds something else, or another run is at work there."""


class TooManyRejectedError(AutofocusError, RuntimeError):
    """The stage ended and its outputs are whole, but too many inputs were rejected."""


class LeakError(AutofocusError, AssertionError):
    """What is to be tested was seen while learning."""


class MissingDependencyError(AutofocusError, ImportError):
    """An optional package isn't installed."""


class StoreError(AutofocusError, ConnectionError):
    """The object store can't be used."""


class StoreUnavailableError(StoreError):
    """The object store does not answer, or has too much to do; a retry may succeed."""


class CredentialsError(StoreError, PermissionError):
    """The object store wants other, or any, credentials."""


class BucketNotFoundError(StoreError, LookupError):
    """The object store has no such bucket, or not in that region."""


class ClusterError(AutofocusError, ConnectionError):
    """The Kubeflow Pipelines server can't be used."""


class ClusterUnreachableError(ClusterError):
    """The server doesn't respond now; a retry may succeed."""


class ClusterCredentialsError(ClusterError, PermissionError):
    """The server requires another, or any, token."""


class RunError(AutofocusError, RuntimeError):
    """A run on a cluster failed, was cancelled, or didn't end in time."""


def need(module: str, extra: str) -> ModuleType:
    """Import an optional package, or say in one sentence how to install it.

    Args:
        module: the name to import, such as ``boto3``.
        extra: the extra of this project that brings it, such as ``download``.

    Raises:
        MissingDependencyError: the package isn't installed.
    """
    import importlib

    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise
        raise MissingDependencyError(
            f"The package {error.name} is not installed: "
            f"install it with: pip install 'autofocus[{extra}]'."
        ) from None

"""Every error that Autofocus raises on purpose.

The message is one sentence or two for people: what is wrong, where, and what to do.

    AutofocusError
    ├── SettingError (ValueError)               an option or parameter can't be used
    ├── InputDataError (ValueError)             an input file can't be used
    ├── MissingInputError (FileNotFoundError)   an input does not exist, or is empty
    ├── OutputConflictError (FileExistsError)   the output is in use, or belongs to something else
    ├── RejectedImageError (ValueError)         an image can't be used; recorded in the ledger
    ├── TooManyRejectedError (RuntimeError)     the run finished, but rejected too many inputs
    ├── LeakError (AssertionError)              test images were used in training
    ├── MissingDependencyError (ImportError)    an optional package isn't installed
    ├── StoreError (ConnectionError)            the object store can't be used
    │   ├── StoreUnavailableError                   no response; a retry may succeed
    │   ├── CredentialsError (PermissionError)      credentials are missing or not accepted
    │   └── BucketNotFoundError (LookupError)       no such bucket, or not in that region
    ├── TransferError (ConnectionError)         an object did not arrive; recorded in the ledger
    │                                           (defined in `store.reading`, with the failure)
    ├── ClusterError (ConnectionError)          the Kubeflow Pipelines server can't be used
    │   ├── ClusterUnreachableError                 no response; a retry may succeed
    │   └── ClusterCredentialsError (PermissionError)   the token is missing or not accepted
    └── RunError (RuntimeError)                 a run on a cluster failed or did not finish in time
"""

from types import ModuleType


class AutofocusError(Exception):
    """The base class of all errors that Autofocus raises on purpose."""


class SettingError(AutofocusError, ValueError):
    """An option or parameter can't be used."""


class InputDataError(AutofocusError, ValueError):
    """An input file can't be used."""


class MissingInputError(AutofocusError, FileNotFoundError):
    """An input file or folder does not exist, or holds nothing that can be used."""


class OutputConflictError(AutofocusError, FileExistsError):
    """The output holds something else, was begun with other settings, or is in use."""


class RejectedImageError(AutofocusError, ValueError):
    """An image can't be used; a stage records this in its ledger and goes on.

    Attributes:
        reason: a word of the ledger's vocabulary, `runs.ledger.Reason`.
        detail: an explanation for people.
    """

    def __init__(self, reason: str, detail: str) -> None:
        # Plain text: formatted, a member of an enumeration may be its name.
        super().__init__(f"{str.__str__(reason)}: {detail}")
        self.reason = reason
        self.detail = detail


class TooManyRejectedError(AutofocusError, RuntimeError):
    """The stage finished and its outputs are complete, but too many inputs were rejected."""


class LeakError(AutofocusError, AssertionError):
    """Images that are used for testing, or their likes, were used in training."""


class MissingDependencyError(AutofocusError, ImportError):
    """An optional package isn't installed."""


class StoreError(AutofocusError, ConnectionError):
    """The object store can't be used."""


class StoreUnavailableError(StoreError):
    """The object store does not respond, or is overloaded; a retry may succeed."""


class CredentialsError(StoreError, PermissionError):
    """The object store's credentials are missing or not accepted."""


class BucketNotFoundError(StoreError, LookupError):
    """The bucket does not exist, or not in that region."""


class ClusterError(AutofocusError, ConnectionError):
    """The Kubeflow Pipelines server can't be used."""


class ClusterUnreachableError(ClusterError):
    """The Kubeflow Pipelines server does not respond; a retry may succeed."""


class ClusterCredentialsError(ClusterError, PermissionError):
    """The token of the Kubeflow Pipelines server is missing or not accepted."""


class RunError(AutofocusError, RuntimeError):
    """A run on a cluster failed, was stopped, or did not finish in time."""


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

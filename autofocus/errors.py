"""Every error that Autofocus raises on purpose.

The message is one sentence or two for people: what is wrong, where, and what to do.

    AutofocusError
    ├── SettingError (ValueError)               an option or parameter can't be used
    ├── InputDataError (ValueError)             an input file can't be used
    │   ├── AmbiguousDatesError                     several forms of dates fit a table
    │   │                                           (defined in `tables.date_choice`)
    │   └── NotPlainError                           a table is to be read row by row
    │                                               (defined in `tables.plain_csv`)
    ├── MissingInputError (FileNotFoundError)   an input does not exist, or is empty
    ├── OutputConflictError (FileExistsError)   the output is in use, or belongs to something else
    │   └── DamagedRecordError                      a stage's memory can't be read
    │                                               (defined in `runs.records`)
    ├── RejectedImageError (ValueError)         an image can't be used; recorded in the ledger
    ├── TooManyRejectedError (RuntimeError)     the run finished, but rejected too many inputs
    ├── LeakError (AssertionError)              test images were used in training
    ├── MissingDependencyError (ImportError)    an optional package isn't installed
    ├── MissingGpuError (RuntimeError)          a task was given a GPU that can't be used
    ├── StoreError (ConnectionError)            the object store can't be used
    │   ├── StoreUnavailableError                   no response; a retry may succeed
    │   ├── CredentialsError (PermissionError)      credentials are missing or not accepted
    │   └── BucketNotFoundError (LookupError)       no such bucket, or not in that region
    ├── ChangedFolderError                      files were changed while a task kept them
    │                                           (defined in `containers.tars`)
    ├── TransferError (ConnectionError)         an object did not arrive; recorded in the ledger
    │                                           (defined in `store.reading`, with the failure)
    ├── PackageIndexError (ConnectionError)     a package can't be fetched from the package index
    ├── ClusterError (ConnectionError)          the Kubeflow Pipelines server can't be used
    │   ├── ClusterUnreachableError                 no response; a retry may succeed
    │   └── ClusterCredentialsError (PermissionError)   the token is missing or not accepted
    └── RunError (RuntimeError)                 a run on a cluster failed or did not finish in time

Each has the exit status with which a command ends: `exit_status`, one of `ExitStatus`.
"""

from enum import IntEnum
from types import ModuleType

from autofocus.redaction import without_secrets


class ExitStatus(IntEnum):
    """The exit statuses of all commands; `autofocus --help` lists them."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> "ExitStatus":
        """Make a member of a number and its meaning."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    SUCCESS = 0, "success"
    FAILURE = (
        1,
        "a run on a cluster failed, or a fault in the program (see AUTOFOCUS_DEBUG)",
    )
    USAGE = 2, "an option or parameter can't be used"
    INPUT = 3, "an input is missing or can't be read, or an output is in the way"
    TOO_MANY_REJECTED = 4, "too many inputs were rejected; the outputs are complete"
    ENVIRONMENT = 5, "network, disk, rights, memory, credentials, a server or a missing package"
    HUNG_UP = 129, "the terminal was closed (SIGHUP); the same command continues"
    INTERRUPTED = 130, "interrupted (Ctrl-C); the same command continues"
    READER_GONE = 141, "the reader of the output has exited, as in `| head`; the work is done"
    STOPPED = 143, "stopped (SIGTERM); the same command continues"


class AutofocusError(Exception):
    """The base class of all errors that Autofocus raises on purpose.

    Attributes:
        exit_status: the exit status of a command that ends with it.
    """

    exit_status: ExitStatus = ExitStatus.FAILURE

    def __str__(self) -> str:
        """Return the message without secrets, as it may repeat an address or another's error."""
        return without_secrets(super().__str__())


class SettingError(AutofocusError, ValueError):
    """An option or parameter can't be used."""

    exit_status = ExitStatus.USAGE


class InputDataError(AutofocusError, ValueError):
    """An input file can't be used."""

    exit_status = ExitStatus.INPUT


class MissingInputError(AutofocusError, FileNotFoundError):
    """An input file or folder does not exist, or holds nothing that can be used."""

    exit_status = ExitStatus.INPUT


class OutputConflictError(AutofocusError, FileExistsError):
    """The output holds something else, was begun with other settings, or is in use."""

    exit_status = ExitStatus.INPUT


class RejectedImageError(AutofocusError, ValueError):
    """An image can't be used; a stage records this in its ledger and goes on.

    Attributes:
        reason: a word of the ledger's vocabulary, `runs.ledger.Reason`.
        detail: an explanation for people.
    """

    exit_status = ExitStatus.INPUT

    def __init__(self, reason: str, detail: str) -> None:
        # Plain text: formatted, a member of an enumeration may be its name.
        super().__init__(f"{str.__str__(reason)}: {detail}")
        self.reason = reason
        self.detail = detail


class TooManyRejectedError(AutofocusError, RuntimeError):
    """The stage finished and its outputs are complete, but too many inputs were rejected."""

    exit_status = ExitStatus.TOO_MANY_REJECTED


class LeakError(AutofocusError, AssertionError):
    """Images that are used for testing, or their likes, were used in training."""


class MissingDependencyError(AutofocusError, ImportError):
    """An optional package isn't installed."""

    exit_status = ExitStatus.ENVIRONMENT


class MissingGpuError(AutofocusError, RuntimeError):
    """A task was given a GPU, and TensorFlow can't use it."""

    exit_status = ExitStatus.ENVIRONMENT


class StoreError(AutofocusError, ConnectionError):
    """The object store can't be used."""

    exit_status = ExitStatus.ENVIRONMENT


class StoreUnavailableError(StoreError):
    """The object store does not respond, or is overloaded; a retry may succeed."""


class CredentialsError(StoreError, PermissionError):
    """The object store's credentials are missing or not accepted."""


class BucketNotFoundError(StoreError, LookupError):
    """The bucket does not exist, or not in that region."""


class PackageIndexError(AutofocusError, ConnectionError):
    """A package can't be fetched from the package index."""

    exit_status = ExitStatus.ENVIRONMENT


class ClusterError(AutofocusError, ConnectionError):
    """The Kubeflow Pipelines server can't be used."""

    exit_status = ExitStatus.ENVIRONMENT


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

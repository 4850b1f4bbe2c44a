"""Errors of MLflow and of what it stands on, in one sentence each."""

import errno
import re
from collections.abc import Iterator

from autofocus.redaction import without_secrets
from autofocus.runs.wording import shown

# The packages that bring a module which a store needs, where its name is another.
_PACKAGES = {
    "psycopg2": "psycopg2-binary",
    "psycopg": "psycopg[binary]",
    "MySQLdb": "mysqlclient",
    "pymysql": "pymysql",
    "pyodbc": "pyodbc",
    "pymssql": "pymssql",
    "boto3": "boto3",
    "google": "google-cloud-storage",
    "azure": "azure-storage-blob",
    "paramiko": "paramiko",
    "pysftp": "pysftp",
    "databricks": "databricks-sdk",
}
_FULL = {errno.ENOSPC, errno.EDQUOT}
_FULL_DATABASE = ("database or disk is full", "No space left on device", "could not extend file")
# Parts of MLflow's messages.
_OLD_STORE = "MLFLOW_ALLOW_FILE_STORE"
_HALF_MADE = "_alembic_tmp_"
_OLD_SCHEMA = "out-of-date database schema"
_NO_MODULE = re.compile(r"No module named '([\w.]+)'")
_STATUS = re.compile(r"failed with error code (\d{3})")
_HTML = re.compile(r"<(!doctype html|html|head|body)", re.IGNORECASE)
_NO_JSON = re.compile(r"(JSONDecodeError|Expecting value|not valid JSON|not a valid JSON)")
_UNAUTHORIZED, _FORBIDDEN, _FIRST_FAULT = 401, 403, 500
# In characters: whole sentences up to this length.
_LONGEST_REASON = 300


def sentence(error: BaseException, store: str, is_local: bool) -> str:
    """Return what is wrong with a tracking store, and what to do.

    Args:
        error: raised by MLflow, or by its libraries.
        store: its address, without secrets.
        is_local: whether it is on this machine.
    """
    name = f"The MLflow tracking store {store}"
    known = _known(error, name, store) or _of_server(error, name, store)
    if known:
        return without_secrets(known)
    advice = "check MLFLOW_TRACKING_URI" + ("" if is_local else " and that the server is up")
    return f"{name} can't be used ({_reason(error)}): {advice}."


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and its causes."""
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def status(error: BaseException) -> int:
    """Return the HTTP status of a response of MLflow's server; 0 without one."""
    if found := _STATUS.search(str(error)):
        return int(found[1])
    # Other errors of MLflow's client have a status of 500, too.
    is_answer = type(error).__name__ == "RestException"
    number = int(getattr(error, "get_http_status_code", int)())
    return number if is_answer or number != _FIRST_FAULT else 0


def package(error: BaseException) -> str:
    """Return the package that an error is of."""
    return type(error).__module__.partition(".")[0]


def _known(error: BaseException, name: str, store: str) -> str:
    """Return the sentence of a fault that has a remedy of its own; empty for others."""
    causes = list(chain(error))
    text = " ".join(map(str, causes))
    is_full = any(isinstance(one, OSError) and one.errno in _FULL for one in causes)
    if is_full or any(part in text for part in _FULL_DATABASE):
        return f"The disk of the MLflow tracking store is full ({store}): make room there."
    if missing := _missing_module(error):
        return (
            f"{name} needs the package {missing}, which is not installed: install it with: "
            f"pip install '{missing}'."
        )
    if _OLD_STORE in text:
        return (
            f"{name} is a folder of files, as earlier versions of MLflow wrote it, and MLflow no "
            "longer writes there: move the folder away; or convert it with mlflow "
            "migrate-filestore; or keep it and set MLFLOW_TRACKING_URI=sqlite:///mlflow.db."
        )
    if _HALF_MADE in text:
        return (
            f"{name} was left half made or half upgraded when MLflow was stopped: if it has no "
            "runs yet, delete the file; else restore it from a copy and start again."
        )
    if _OLD_SCHEMA in text:
        return (
            f"{name} was made by another version of MLflow: make a copy of the database, then run "
            "mlflow db upgrade with its address."
        )
    return ""


def _missing_module(error: BaseException) -> str:
    """Return the package to install, if a store's driver is missing; else an empty text."""
    direct = isinstance(error, ImportError) or package(error) in ("mlflow", "sqlalchemy")
    found = _NO_MODULE.search(str(error)) if direct else None
    if found is None:
        return ""
    module = found[1]
    return _PACKAGES.get(module.partition(".")[0], module)


def _of_server(error: BaseException, name: str, store: str) -> str:
    """Return the sentence of a server's refusal; empty for others."""
    numbers = [number for one in chain(error) if (number := status(one))]
    number = numbers[0] if numbers else 0
    if number == _UNAUTHORIZED:
        return (
            f"{name} accepts no access without the right credentials (401): check "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."
        )
    if number == _FORBIDDEN:
        return (
            f"{name} forbids this to the user of the credentials (403): ask for the right to "
            "write there, or use other credentials (MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN)."
        )
    text = str(error)
    if _HTML.search(text) or _NO_JSON.search(text):
        kind = f"a web page, status {number}" if number else "a web page or other text"
        return (
            f"What answers at {store} is no MLflow server ({kind}): check "
            "MLFLOW_TRACKING_URI, and that no login page or proxy stands before the server."
        )
    if any("SSLError" in type(one).__name__ for one in chain(error)):
        return (
            f"{name} has no certificate that is trusted here: give that of its authority in "
            "MLFLOW_TRACKING_SERVER_CERT_PATH, or set MLFLOW_TRACKING_INSECURE_TLS=true."
        )
    return ""


def _reason(error: BaseException) -> str:
    """Return the reason of a failure: whole sentences of one line, as far as they are short."""
    causes = list(chain(error))
    # MLflow's message about a failed request is long; its last cause says it best.
    cause = causes[-1] if any(package(one) == "requests" for one in causes) else error
    lines = str(cause).strip().splitlines()
    # SQLAlchemy's line of when it noticed comes before the line of what failed.
    reasons = [line for line in lines if not line.startswith("(raised as a result of")]
    reason = without_secrets(" ".join(next(iter(reasons), "").split()))
    while len(reason) > _LONGEST_REASON and ". " in reason:
        reason = reason.rpartition(". ")[0]
    return shown(reason, _LONGEST_REASON).rstrip(".") or type(cause).__name__

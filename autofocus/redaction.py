"""Texts without secrets: passwords in URLs, signatures in queries, tokens of the environment.

URLs are shown without user, password and query, wherever they are printed or stored. Errors of
libraries repeat URLs and headers, so all messages pass through `without_secrets`.
"""

import os
import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

HIDDEN = "***"
# Behind the first slash stand names of objects and files, which may have any characters.
_PLAIN_SCHEMES = {"file", "s3", "gs", "minio", "models", "runs", "mlflow-artifacts"}
# A scheme isn't looked for at each letter of a long word, which would take minutes.
_URL = re.compile(r"(?<![a-z0-9+.\-])([a-z][a-z0-9+.\-]*)://([^\s'\"<>`|\\]+)", re.IGNORECASE)
# What ends a sentence or a parenthesis around a URL is no part of it.
_TRAILING = re.compile(r"[.,:;)\]}]+$")
_PORT = re.compile(r"(?:[^:@]*|\[[^\]]*\])(?::\d*)?")
# Values of queries and forms, as they stand in messages that leave out the server's address.
_VALUE = re.compile(
    r"\b(x-amz-signature|x-amz-credential|x-amz-security-token|signature|awsaccesskeyid|"
    r"access_token|refresh_token|id_token|token|passwd|password|pwd|secret|api_?key|sig)"
    r"=[^&\s'\"<>)]+",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"(authorization['\"]?\s*[:=]\s*['\"]?)(?:(?:basic|bearer|negotiate)\s+)?[^\s'\",}]+",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(bearer\s+)[\w+/=.~\-]{12,}", re.IGNORECASE)
# Variables of the environment whose values are secrets, unless they name a file.
_SECRET_NAME = re.compile(
    r"(SECRET|PASSWORD|PASSWD|TOKEN|API_?KEY|ACCESS_KEY|CREDENTIAL|COOKIE)", re.IGNORECASE
)
_ADDRESS_NAME = re.compile(r"(UR[IL]S?|PROXY|HOST|ENDPOINT|SERVER)$", re.IGNORECASE)
_NO_SECRET_NAME = re.compile(r"(_FILE|_PATH|_DIR|_URI|_URL|_URLS|_HOST|_TTL)$", re.IGNORECASE)
# Shorter values may be parts of ordinary words.
_SHORTEST = 8


def public_url(url: str) -> str:
    """Return a URL without user, password, query and anchor, for people and files.

    What is no URL is returned as it is.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or not _URL.match(f"{scheme}://x"):
        return url
    if scheme.lower() in _PLAIN_SCHEMES:
        host, slash, name = rest.partition("/")
        return f"{scheme}://{host.rpartition('@')[2]}{slash}{name}"
    return f"{scheme}://{_public(rest)}"


def public_address(text: str) -> str:
    """Return what should be a URL without its secrets, even if its scheme was left out."""
    return public_url(text) if "://" in text else text.rpartition("@")[2]


def _public(rest: str) -> str:
    """Return what follows `://` without user, password and query."""
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in rest and not _PORT.fullmatch(host):
        # Up to the last one, as a password may have a slash that should have been written %2F.
        has_password = ":" in host
        rest = rest[(rest if has_password else host).rindex("@") + 1 :]
    # Behind `#/` stands the page of an application, such as a run of Kubeflow or MLflow.
    return re.split(r"\?|#(?!/)", rest, maxsplit=1)[0]


def without_secrets(text: str) -> str:
    """Return a message without what could be a secret in it.

    URLs lose user, password and query; values of signatures, tokens and passwords, and those of
    the environment's variables for them, become `***`.
    """
    text = _URL.sub(_shown_url, text)
    text = _VALUE.sub(rf"\1={HIDDEN}", text)
    text = _HEADER.sub(rf"\1{HIDDEN}", text)
    text = _BEARER.sub(rf"\1{HIDDEN}", text)
    for secret in sorted(set(_secrets(os.environ)), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _shown_url(match: re.Match[str]) -> str:
    whole = match[0]
    end = _TRAILING.search(whole)
    trailing = end[0] if end else ""
    return public_url(whole.removesuffix(trailing)) + trailing


def _secrets(variables: Mapping[str, str]) -> Iterator[str]:
    """Yield the secrets in variables of the environment, as they are and as they are decoded."""
    for name, value in variables.items():
        if "@" in value and (_ADDRESS_NAME.search(name) or "://" in value):
            password = _password(value)
        elif _SECRET_NAME.search(name) and not _NO_SECRET_NAME.search(name):
            password = value.strip()
        else:
            continue
        for form in (password, unquote(password)):
            if len(form) >= _SHORTEST:
                yield form


def _password(url: str) -> str:
    """Return the password in a URL; empty if it has none."""
    rest = url.partition("://")[2] or url
    return rest.rpartition("@")[0].partition(":")[2]

"""Planted secrets: no command prints or stores a password, key or token, failing ones included."""

import shutil
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.attack.attack import Attack, Scale, Trial
from tests.attack.commands import OUT, Line, World, world

PART = "Secrets"
# Every secret holds this word, by which it is found again.
_MARK = "canary"
_KEY, _TOKEN = f"AKIA{_MARK}KEYID00001", f"{_MARK}-token-0123456789abcdef"
_PASSWORDS = (f"pw-{_MARK}-1", f"pw%2F{_MARK}%40x", f"pw/{_MARK}", f"pw@{_MARK}", f"{_MARK}?x=1")
_SECRETS = {
    "AWS_ACCESS_KEY_ID": _KEY,
    "AWS_SECRET_ACCESS_KEY": f"{_MARK}/secret+key/0123456789",
    "AWS_SESSION_TOKEN": f"{_MARK}-session-0123456789==",
    # MLflow records the user with a run; it is no secret.
    "MLFLOW_TRACKING_USERNAME": "ranger",
    "MLFLOW_TRACKING_PASSWORD": f"password-{_MARK}",
    "KFP_TOKEN": _TOKEN,
    "LABEL_STUDIO_API_KEY": f"{_MARK}-label-studio",
}
# What a server says to a request, repeating what it was sent as some do.
_ANSWERS = (401, 403, 404, 500, 302, 200)


class _Echo(BaseHTTPRequestHandler):
    """Answers each request with a status, and its own path and headers as the reason."""

    status = 401

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = f"<html>{self.path} {dict(self.headers)}</html>".encode()
        self.send_response(self.status)
        if self.status == 302:
            self.send_header("Location", f"http://u:{_MARK}@127.0.0.1:1/login?token={_MARK}")
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - their names

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def _server(status: int) -> Iterator[int]:
    handler = type("Handler", (_Echo,), {"status": status})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def _problem(place: World, line: Line, out: Path, ends: Sequence[int] = ()) -> str:
    """Run a command, and return where one of the secrets is found afterwards."""
    shutil.rmtree(out, ignore_errors=True)
    done = place.run(line.at(out))
    if "Traceback" in done.stderr:
        return f"a traceback: {done.stderr.strip().splitlines()[-1][:150]}"
    if ends and done.returncode not in ends:
        return f"status {done.returncode}: {done.stderr.strip()[-150:]}"
    for name, text in (("stdout", done.stdout), ("stderr", done.stderr)):
        if _MARK in text:
            return f"{name}: {_around(text)}"
    return _problem_of_files(place.folder)


def _problem_of_files(folder: Path) -> str:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and _MARK.encode() in path.read_bytes():
            return f"in the file {path.relative_to(folder)}"
    return ""


def _around(text: str) -> str:
    place = text.index(_MARK)
    return text[max(0, place - 60) : place + 40]


def _line(name: str, *words: str, start: Sequence[str] = ()) -> Line:
    return Line(name, (sys.executable, *(start or ("-m", "autofocus", name)), *words))


def _download(url: str) -> Line:
    store = ("--bucket", "bucket", "--patience", "0", "--endpoint-url", url)
    return _line("download_images", "--local-folder", OUT, *store)


def _addresses(scale: Scale, folder: Path) -> Iterator[Trial]:
    """An address with a password in it, of a server that is wrong, refuses or can't be reached."""
    with world(folder) as place:
        place.environment |= _SECRETS
        passwords = _PASSWORDS if scale.full else _PASSWORDS[:2]
        for number, password in enumerate(passwords):
            for host in ("127.0.0.1:1", "no-such-host.invalid", f"127.0.0.1:1/?token={_MARK}"):
                url = f"http://user:{password}@{host}"
                yield Trial(
                    f"{number}: {url}",
                    _problem(place, _download(url), folder / "out", range(2, 6)),
                )
        for url in (f"user:{_MARK}@host", f"ftp://u:{_MARK}@host", f"http://u:{_MARK}@[::1"):
            yield Trial(url, _problem(place, _download(url), folder / "out", range(2, 6)))
        place.environment["AWS_ENDPOINT_URL"] = f"http://user:{_MARK}-12@127.0.0.1:1"
        init = _line("init", "s3://bucket/images", "--outpath", f"{OUT}/run.yaml")
        yield Trial("init of a bucket", _problem(place, init, folder / "out", range(2, 6)))


def _refusals(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Object stores and clusters that refuse, and repeat the request's headers in their answer."""
    with world(folder) as place:
        place.environment |= _SECRETS
        for status in _ANSWERS if scale.full else (401, 302):
            with _server(status) as port:
                url = f"http://user:{_MARK}-pass@127.0.0.1:{port}"
                plain = f"http://127.0.0.1:{port}"
                lines = (_download(url), _download(plain), *_submits(plain))
                for number, line in enumerate(lines):
                    problem = _problem(place, line, folder / "out", range(2, 6))
                    yield Trial(f"{status}: {line.name} {number}", problem)


def _submits(url: str) -> tuple[Line, Line]:
    start = ("-m", "pipelines.submit")
    follow = ("--allow-http", "--patience", "0", "--follow", "run-1")
    first = _line("pipelines.submit", "--host", url, *follow, start=start)
    with_name = url.replace("//", f"//u:{_MARK}@")
    return first, _line("pipelines.submit", "--host", with_name, *follow, start=start)


def _proxies(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Proxies with passwords, which can't be reached or refuse."""
    with world(folder) as place, _server(403) as port:
        place.environment |= _SECRETS
        place.environment.pop("NO_PROXY")
        hosts = (f"127.0.0.1:{port}", "127.0.0.1:1", "no-such-host.invalid:3128")
        for host in hosts if scale.full else hosts[:2]:
            for scheme in ("http://", ""):
                proxy = f"{scheme}me:{_MARK}-proxy@{host}"
                place.environment |= dict.fromkeys(
                    ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), proxy
                )
                for url in ("http://bucket.example:1", "https://bucket.example:1"):
                    problem = _problem(place, _download(url), folder / "out", range(2, 6))
                    yield Trial(f"{proxy} to {url}", problem)


def _tracking(scale: Scale, folder: Path) -> Iterator[Trial]:
    """MLflow's stores with passwords: refusing, absent, without a driver, and working ones."""
    with world(folder, with_model=True) as place, _server(401) as port:
        place.environment |= _SECRETS
        train = next(line for line in place.lines() if line.name == "retrain")
        # Without waiting for a server.
        train = Line(train.name, (*train.words, "--patience", "0"))
        uris = [
            f"http://u:{_MARK}-1@127.0.0.1:{port}",
            f"postgresql://u:{_MARK}-2@127.0.0.1:1/runs",
            f"mysql://u:{_MARK}%2F3@127.0.0.1/runs?password={_MARK}",
            f"nonsense://u:{_MARK}-4@host",
            f"http://u:{_MARK}-5@127.0.0.1:1/?token={_MARK}",
            f"u:{_MARK}-6@host:5000",
        ]
        for uri in uris if scale.full else uris[:1]:
            place.environment["MLFLOW_TRACKING_URI"] = uri
            yield Trial(uri, _problem(place, train, folder / "out", range(2, 6)))
        place.environment["MLFLOW_TRACKING_URI"] = "sqlite:///mlflow.db"
        yield Trial("a training", _problem(place, train, folder / "out", (0,)))


def _ordinary(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Every command that needs no server, with secrets in its environment."""
    with world(folder, with_model=scale.full) as place:
        place.environment |= _SECRETS
        for number, line in enumerate(place.lines()):
            problem = _problem(place, line, folder / "out", line.statuses)
            yield Trial(f"{number}: {line.name}", problem)


ATTACKS = (
    Attack("an address with a password can't be used", _addresses),
    Attack("an object store or cluster refuses, and repeats what it was sent", _refusals),
    Attack("a proxy with a password refuses or is absent", _proxies),
    Attack("a tracking store with a password refuses, is absent or lacks its driver", _tracking),
    Attack("a command runs with secrets in its environment", _ordinary),
)

"""Attacks on downloads: an S3 server, or what stands before it, that answers wrongly."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import boto3

from autofocus.errors import ExitStatus
from tests.attack.attack import Attack, Scale, Trial
from tests.attack.downloads import (
    BUCKET,
    Store,
    contents,
    download,
    find_idle_problem,
    find_lasting_problem,
    find_problem,
    remove,
    store,
)
from tests.attack.faulty_listings import LISTINGS, ListingFault, Pages
from tests.attack.faulty_s3 import LOGIN, Answer, Change, Fault, Request, refusal

PART = "S3"
KEY = "site1/IMG_0003.JPG"


def _flipped(answer: Answer) -> Answer:
    body = bytearray(answer.body)
    if body:
        body[len(body) // 2] ^= 1
    return replace(answer, body=bytes(body))


# What is answered instead of an object. None of it is the object, so it must not be taken for it.
WRONG: dict[str, Change] = {
    "a login page": lambda _: LOGIN,
    "a login page with the object's headers": lambda a: replace(LOGIN, headers=a.headers),
    "a login page of the object's size": lambda a: replace(
        LOGIN, body=LOGIN.body.ljust(len(a.body))
    ),
    "nothing (204)": lambda _: Answer(204),
    "nothing (200)": lambda a: replace(a, body=b""),
    "another status (201) with a page": lambda _: replace(LOGIN, status=201),
    "a part that was not asked for (206)": lambda a: replace(a.halved(), status=206),
    "a changed byte": _flipped,
    "a changed byte and no ETag": lambda a: _flipped(a).without("etag"),
    "a changed byte and an ETag of its own": lambda a: _flipped(a).having(ETag='"1234"'),
    "a changed byte and no Last-Modified": lambda a: _flipped(a).without("last-modified"),
    "half, with its length": Answer.halved,
    "half, with its length and no ETag": lambda a: a.halved().without("etag"),
    "half, and the connection ends": lambda a: replace(a, sent=len(a.body) // 2),
    "half, without a length": lambda a: replace(a.halved(), length=-1),
    "one byte less": lambda a: replace(a, body=a.body[:-1]),
    "one byte more": lambda a: replace(a, body=a.body + b"\0"),
    "twice": lambda a: replace(a, body=a.body * 2),
    "zeros": lambda a: replace(a, body=bytes(len(a.body))),
    "reversed": lambda a: replace(a, body=a.body[::-1]),
    "another object": lambda a: replace(a, body=b"\xff\xd8" + a.body[2:]).having(ETag='"abc"'),
    "bytes as text": lambda a: replace(a, body=a.body.decode("latin-1").encode()),
    "line feeds changed": lambda a: replace(a, body=b"\r\n" + a.body[2:]),
    "no bytes, and the connection ends": lambda a: replace(a, sent=0),
    "a time that is none": lambda a: _flipped(a).having(Last_Modified="yesterday"),
    "an ETag that is no text": lambda a: _flipped(a).having(ETag='"\xe9"'),
    "an S3 error with status 200": lambda _: replace(refusal(200, "InternalError")),
}
# Changes of headers alone: the bytes are the object's, and may be taken.
HARMLESS: dict[str, Change] = {
    "no ETag": lambda a: a.without("etag"),
    "a weak ETag": lambda a: a.having(ETag="W/" + a.headers.get("ETag", "")),
    "another ETag": lambda a: a.having(ETag='"1234"'),
    "no Last-Modified": lambda a: a.without("last-modified"),
    "another type": lambda a: a.having(Content_Type="text/html"),
}
# What a server refuses for good, and the reason in the ledger.
REFUSALS: dict[str, tuple[Answer, str]] = {
    "archived": (refusal(403, "InvalidObjectState"), "archived"),
    "denied": (refusal(403, "AccessDenied"), "refused"),
    "gone": (refusal(404, "NoSuchKey"), "refused"),
    "gone, as a page": (Answer(404, {}, b"<html>not found</html>"), "refused"),
    "a bad request": (refusal(400, "InvalidRequest"), "refused"),
    "a method not allowed": (refusal(405, "MethodNotAllowed"), "refused"),
    "a key that is too long": (refusal(400, "KeyTooLongError"), "refused"),
    "control characters": (refusal(403, "AccessDenied", "\x1b[2J&#27;[2J" * 99), "refused"),
}
# What passes, and what the last failure is about if it doesn't.
PASSING: dict[str, Answer] = {
    "SlowDown": refusal(503, "SlowDown"),
    "too many requests": Answer(429, {}, b"slow"),
    "a fault of the server": refusal(500, "InternalError"),
    "a bad gateway": Answer(502, {}, b"<html>bad gateway</html>"),
    "out of service": Answer(503, {"Retry-After": "1"}, b"<html>later</html>"),
    "a gateway's timeout": Answer(504, {}, b""),
    "a request timeout": refusal(400, "RequestTimeout"),
    "a reset": Answer(is_reset=True),
}


def always(answer: Answer) -> Change:
    """Return a change into a given answer."""
    return lambda _: answer


def _for_key(change: Change, key: str = KEY, first: int = 10**9) -> Fault:
    """Return a fault of the first answers for one object."""

    def fault(request: Request, real: Callable[[], Answer]) -> Answer:
        answer = real()
        is_meant = request.key == key and request.method == "GET" and request.number <= first
        return change(answer) if is_meant else answer

    return fault


def _for_all(change: Change) -> Fault:
    def fault(request: Request, real: Callable[[], Answer]) -> Answer:
        return change(real()) if request.key and request.method == "GET" else real()

    return fault


def _picked(names: Mapping[str, object], scale: Scale, short: int) -> list[str]:
    everything = sorted(names)
    return scale.random("S3").sample(everything, min(scale.count(short, 10**9), len(everything)))


def _wrong_objects(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Something else than the object is answered: for ever, twice, and for every object."""
    with store(folder, contents()) as bucket:
        for name in _picked(WRONG, scale, 5):
            lasting = _for_key(WRONG[name])
            yield Trial(f"{name}, lasting", _lost(bucket, folder / "data", lasting))
            remove(folder / "data")
            passing = _for_key(WRONG[name], first=2)
            yield Trial(f"{name}, passing", _whole(bucket, folder / "data", passing))
            remove(folder / "data")
        for name in _picked(WRONG, scale, 2):
            yield Trial(
                f"{name}, everywhere", _none(bucket, folder / "data", _for_all(WRONG[name]))
            )
            remove(folder / "data")
        for name in _picked(HARMLESS, scale, 1):
            yield Trial(name, _whole(bucket, folder / "data", _for_all(HARMLESS[name])))
            remove(folder / "data")


def _lost(bucket: Store, folder: Path, fault: Fault) -> str:
    """Download with one object that never arrives, and again without the fault."""
    result = download(bucket, folder, fault)
    problem = find_problem(result, folder, bucket.objects)
    if not problem and result.reasons() != {KEY: "download_failed"}:
        problem = f"rejected is {result.reasons()}, not the one object"
    if not problem and result.status != ExitStatus.ENVIRONMENT:
        problem = f"the exit status is {result.status}, though an object did not arrive"
    return problem or find_lasting_problem(bucket, folder)


def _none(bucket: Store, folder: Path, fault: Fault) -> str:
    """Download when no object with content arrives as it is."""
    result = download(bucket, folder, fault)
    problem = find_problem(result, folder, bucket.objects)
    arrived = [key for key in result.arrived() if key.endswith(".JPG")]
    if not problem and arrived:
        problem = f"{arrived} arrived, though none did"
    if not problem and result.status != ExitStatus.ENVIRONMENT:
        problem = f"the exit status is {result.status}, though nothing arrived"
    return problem or find_lasting_problem(bucket, folder)


def _whole(bucket: Store, folder: Path, fault: Fault) -> str:
    """Download with a fault in spite of which everything arrives."""
    result = download(bucket, folder, fault)
    problem = find_problem(result, folder, bucket.objects)
    if not problem and (result.status or result.reasons()):
        last = result.said.splitlines()[-1:]
        problem = f"not everything arrived: {result.status} {result.reasons()} {last}"
    unverified = [k for k, row in result.arrived().items() if row.detail != "verified: md5"]
    if not problem and unverified:
        problem = f"{unverified} were not verified"
    return problem or find_idle_problem(bucket, folder)


def _refused_objects(scale: Scale, folder: Path) -> Iterator[Trial]:
    """One object is refused for good: it is rejected, and all others arrive."""
    with store(folder, contents(14)) as bucket:
        for name in _picked(REFUSALS, scale, 3):
            answer, reason = REFUSALS[name]
            result = download(bucket, folder / "data", _for_key(always(answer)))
            problem = find_problem(result, folder / "data", bucket.objects)
            if not problem and (result.status, result.reasons()) != (0, {KEY: reason}):
                problem = f"the outcome is {result.status}, {result.reasons()}"
            if not problem and not result.rows[KEY].detail.isprintable():
                problem = "control characters are in the ledger"
            yield Trial(name, problem or find_lasting_problem(bucket, folder / "data"))
            remove(folder / "data")
            strict = download(
                bucket, folder / "data", _for_key(always(answer)), "--max-rejected", "0"
            )
            is_right = strict.status == ExitStatus.TOO_MANY_REJECTED and reason in strict.said
            yield Trial(f"{name}, not allowed", "" if is_right else f"{strict.status}")
            remove(folder / "data")
        denied = download(
            bucket, folder / "data", _for_all(lambda _: refusal(403, "AccessDenied"))
        )
        is_right = denied.status == ExitStatus.ENVIRONMENT and "Access denied" in denied.said
        yield Trial("all denied", "" if is_right else f"{denied.status}: {denied.said[-300:]}")


def _busy_server(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Answers that pass when the request is repeated, and a server that throttles."""
    with store(folder, contents()) as bucket:
        for name in _picked(PASSING, scale, 3):
            answer = PASSING[name]
            fault = _for_key(always(answer), first=3)
            yield Trial(f"{name}, three times", _whole(bucket, folder / "data", fault))
            remove(folder / "data")
            yield Trial(name, _none(bucket, folder / "data", _for_all(always(answer))))
            remove(folder / "data")
    with store(folder / "many", contents(scale.count(60, 200))) as bucket:
        for limit in (20, 60) if scale.full else (60,):
            throttle = Throttle(limit)
            problem = _throttled(bucket, folder / "data", throttle)
            yield Trial(f"at most {limit} requests per second", problem)
            remove(folder / "data")


class Throttle:
    """A server's limit of requests per second, with a bucket of tokens.

    Args:
        rate: the number of requests per second.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.refused = 0
        self._tokens = rate
        self._at = time.monotonic()
        self._lock = threading.Lock()

    def __call__(self, request: Request, real: Callable[[], Answer]) -> Answer:
        """Pass a request on, or refuse it."""
        if request.is_listing:
            return real()
        with self._lock:
            now = time.monotonic()
            self._tokens = min(self.rate, self._tokens + (now - self._at) * self.rate)
            self._at = now
            if self._tokens < 1:
                self.refused += 1
                return refusal(503, "SlowDown", "Please reduce your request rate")
            self._tokens -= 1
        return real()


def _throttled(bucket: Store, folder: Path, throttle: Throttle) -> str:
    began = time.monotonic()
    # The server's own second of patience is too little for a queue.
    result = download(bucket, folder, throttle, "--patience", "120", "--jobs", "32")
    seconds = time.monotonic() - began
    problem = find_problem(result, folder, bucket.objects)
    if not problem and (result.status or result.reasons()):
        return f"not everything arrived: {result.status} {result.reasons()}"
    enough = len(bucket.objects) / throttle.rate
    if not problem and seconds > 30 + 5 * enough:
        return f"it took {seconds:.0f} s where {enough:.0f} s suffice"
    # obstore repeats a refused request three times by itself.
    if not problem and throttle.refused > 4 * len(bucket.objects):
        return f"{throttle.refused} requests were refused for {len(bucket.objects)} objects"
    return problem


def _listings(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Listings that contradict themselves: an error, and nothing is downloaded."""
    with store(folder, contents()) as bucket:
        for name in _picked(LISTINGS, scale, 10):
            fault = LISTINGS[name]
            result = download(bucket, folder / "data", Pages(fault))
            problem = find_problem(result, folder / "data", bucket.objects)
            is_whole = fault.is_healed and not result.status
            if not problem and result.status not in (ExitStatus.ENVIRONMENT, 0):
                problem = f"the exit status is {result.status}: {result.said[-200:]}"
            if not problem and not result.status and not is_whole:
                problem = "a listing that contradicts itself is no error"
            yield Trial(name, problem or find_lasting_problem(bucket, folder / "data"))
            remove(folder / "data")
        yield Trial("a page twice", _repeated(bucket, folder / "data"))
        remove(folder / "data")
        yield Trial("replaced after the listing", _replaced(bucket, folder / "data"))
        remove(folder / "data")


def _repeated(bucket: Store, folder: Path) -> str:
    """Download when every page is the first one, with a token of its own each time."""
    numbers = iter(range(10**6))
    pages = Pages(ListingFault(lambda page, _: page))

    def again(request: Request, real: Callable[[], Answer]) -> Answer:
        first = replace(request, query={"list-type": "2"}) if request.is_listing else request
        token = f"<NextContinuationToken>{next(numbers)}<"
        return pages(first, real).edited("<NextContinuationToken>.*?<", token)

    def fault(request: Request, real: Callable[[], Answer]) -> Answer:
        return again(request, real) if request.is_listing else real()

    result = download(bucket, folder, fault)
    is_right = result.status == ExitStatus.ENVIRONMENT and "contradicts itself" in result.said
    return "" if is_right else f"{result.status}: {result.said[-200:]}"


def _replaced(bucket: Store, folder: Path) -> str:
    """Replace an object between the listing and its request: the new one is right."""
    new = b"another image, and longer" * 99
    bucket.objects[KEY] = new

    def fault(request: Request, real: Callable[[], Answer]) -> Answer:
        if request.key == KEY and request.number == 1:
            client = boto3.Session().client("s3")
            client.put_object(Bucket=BUCKET, Key=KEY, Body=new)
            client.close()
        return real()

    return _whole(bucket, folder, fault)


ATTACKS = (
    Attack("something else than the object is answered", _wrong_objects),
    Attack("an object is refused for good", _refused_objects),
    Attack("the server is busy, or throttles", _busy_server),
    Attack("a listing contradicts itself", _listings),
)

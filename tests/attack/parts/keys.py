"""Attacks on downloads by keys: those that lead elsewhere, share a name, or are odd."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from autofocus.errors import ExitStatus
from autofocus.runs.ledger import LEDGER_NAME
from tests.attack.attack import Attack, Scale, Trial
from tests.attack.downloads import BUCKET, Result, Store, download, files, remove, store
from tests.attack.faulty_s3 import Answer, Request

PART = "Keys"
PLAIN = "site/plain.JPG"

# Each becomes a file at this path; None: it is rejected.
ALONE: dict[str, str | None] = {
    **{
        f"{up}.JPG": None for up in ("../up", "../../up", "a/../../up", "a/../up", "./up", "a/./b")
    },
    **dict.fromkeys(["..", ".", "a/..", "../", "/../up.JPG", "a//../up.JPG", "//../../etc/x"]),
    **dict.fromkeys(["nul\0.JPG", "\0", "k" * 256, "é" * 128, "a/" + "k" * 300 + "/b", "/./x"]),
    **dict.fromkeys(
        [LEDGER_NAME, "/" + LEDGER_NAME, ".autofocus/x", "a/.autofocus/settings.json"]
    ),
    **dict.fromkeys([".autofocus", "//.autofocus//download_images/settings.json"]),
    "/etc/passwd": "etc/passwd",
    "//etc//shadow": "etc/shadow",
    "site//IMG.JPG": "site/IMG.JPG",
    "///a///b///c.JPG": "a/b/c.JPG",
    "~/x.JPG": "~/x.JPG",
    "C:/x.JPG": "C:/x.JPG",
    "C:\\x.JPG": "C:\\x.JPG",
    "..\\up.JPG": "..\\up.JPG",
    "...": "...",
    "..a/b": "..a/b",
    "-rf": "-rf",
    "--help": "--help",
    "a\nb.JPG": "a\nb.JPG",
    "a\rb.JPG": "a\rb.JPG",
    "a\tb.JPG": "a\tb.JPG",
    "\x1b[31mred.JPG": "\x1b[31mred.JPG",
    "\x7f.JPG": "\x7f.JPG",
    "\x01\x02.JPG": "\x01\x02.JPG",
    "\u202egpj.exe": "\u202egpj.exe",
    "\ufeffbom.JPG": "\ufeffbom.JPG",
    "zero\u200bwidth.JPG": "zero\u200bwidth.JPG",
    "no\u00a0break.JPG": "no\u00a0break.JPG",
    "e\u0301.JPG": "e\u0301.JPG",
    "\u00e9.JPG": "\u00e9.JPG",
    "日本/鹿.JPG": "日本/鹿.JPG",
    "😀.JPG": "😀.JPG",
    "k" * 255: "k" * 255,
    "deep/" * 100 + "x.JPG": "deep/" * 100 + "x.JPG",
    **{
        f"odd{letter}name.JPG": f"odd{letter}name.JPG"
        for letter in " !\"#$%&'()*+,:;<=>?@[\\]^`{|}~"
    },
    **{
        text: text
        for text in (" ", " lead.JPG", "trail.JPG ", "dot.", "%2e%2e/up.JPG", "a%2Fb", "%00", "%")
    },
    **{
        text: text
        for text in (
            "=1+1",
            "@SUM(1)",
            "a,b.JPG",
            'a"b"',
            "'",
            "NULL",
            "nan",
            "True",
            "con",
            "aux",
        )
    },
    **{
        text: text
        for text in ("null", "0", "1e9", "[a]", "*", "?", "**/x", "$(id)", "`id`", "a&b")
    },
    **{
        text: text
        for text in ("<script>", "{{x}}", "${HOME}/x", "a;rm", "a|b", ">x", "\\\\host\\x")
    },
}
# Keys that stand in each other's way, and the paths that are written all the same.
TOGETHER: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "a file and its folder": (("a", "a/b.JPG"), ("a/b.JPG",)),
    "a file and a marker": (("a", "a/"), ()),
    "a plain key and one with `//`": (("a/b", "a//b"), ("a/b",)),
    "two keys with `//`": (("a//b", "a///b"), ()),
    "a leading slash and none": (("b", "/b"), ("b",)),
    "two leading slashes": (("/b", "//b"), ()),
    "a file with `//` and a folder": (("a//b", "a/b/c"), ("a/b/c",)),
    "a folder with `//` and a file": (("a//b/c", "a/b"), ("a/b/c",)),
    "markers with `//`": (("a//", "/a/", "a/x"), ("a/x",)),
    "a marker of the root": (("/", "//", "x"), ("x",)),
    "case": (("x.JPG", "X.JPG"), ("x.JPG", "X.JPG")),
    "Unicode forms": (("e\u0301", "\u00e9"), ("e\u0301", "\u00e9")),
    "an escaped and a plain one": (("a b", "a%20b", "a+b"), ("a b", "a%20b", "a+b")),
    "a ledger in a folder": (("a/ledger.csv", "ledger.csv"), ("a/ledger.csv",)),
}


class Keys:
    """A server that lists keys that a real one would not take, and answers to them.

    Args:
        objects: what it holds.
    """

    def __init__(self, objects: dict[str, bytes]) -> None:
        self._objects = objects

    def __call__(self, request: Request, real: Callable[[], Answer]) -> Answer:
        """Answer for the server."""
        headers = {"Last-Modified": "Mon, 02 Mar 2020 10:00:00 GMT", "ETag": '"x"'}
        if not request.is_listing:
            content = self._objects.get(request.key)
            return real() if content is None else Answer(200, headers, content)
        prefix, after = request.query.get("prefix", ""), request.query.get("start-after", "")
        entries = "".join(
            f"<Contents><Key>{quote(key)}</Key><Size>{len(content)}</Size></Contents>"
            for key, content in sorted(self._objects.items())
            if key.startswith(prefix) and key > after
        )
        text = (
            f"<ListBucketResult><Name>{BUCKET}</Name><EncodingType>url</EncodingType>"
            f"<IsTruncated>false</IsTruncated>{entries}</ListBucketResult>"
        )
        return Answer(200, {"Content-Type": "application/xml"}, text.encode())


def _content(key: str) -> bytes:
    return b"" if key.endswith("/") else f"the object {key}".encode()


def _alone(scale: Scale, folder: Path) -> Iterator[Trial]:
    """A hostile key beside a plain one."""
    picked = scale.random("keys").sample(sorted(ALONE), scale.count(12, len(ALONE)))
    with store(folder, {}) as bucket:
        for key in picked:
            path = ALONE[key]
            expected = {PLAIN, *([path] if path else [])}
            yield Trial(ascii(key)[:60], _try(bucket, folder / "work", (key,), expected))


def _together(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Keys that would be one file, or a file and a folder."""
    picked = scale.random("keys").sample(sorted(TOGETHER), scale.count(4, len(TOGETHER)))
    with store(folder, {}) as bucket:
        for name in picked:
            keys, paths = TOGETHER[name]
            yield Trial(name, _try(bucket, folder / "work", keys, {PLAIN, *paths}))


def _try(bucket: Store, work: Path, keys: tuple[str, ...], expected: set[str]) -> str:
    """Download keys twice; nothing may be written but the expected files."""
    objects = {key: _content(key) for key in (PLAIN, *keys)}
    local = work / "deep" / "data"
    problem = ""
    for _ in range(2):
        result = download(bucket, local, Keys(objects), "--max-rejected", "1")
        problem = problem or _find_problem(result, local, objects, expected)
    around = [path for path in work.rglob("*") if not path.is_relative_to(local)]
    if not problem and around != [work / "deep"]:
        problem = f"{around} lie beside the folder"
    remove(work)
    return problem


def _find_problem(
    result: Result, local: Path, objects: dict[str, bytes], expected: set[str]
) -> str:
    if result.status != ExitStatus.SUCCESS or "Traceback" in result.said:
        return f"{result.status}: {result.said[-200:]}"
    there = files(local)
    if set(there) != expected:
        return f"there is {sorted(there)}, not {sorted(expected)}"
    if set(result.rows) != set(objects):
        return f"the rows are {sorted(result.rows)}"
    for key, row in result.arrived().items():
        if objects[key] and there.get(row.output) != objects[key]:
            return f"{key!r} is ok, and its file holds something else"
    controls = [c for c in result.said + result.printed if not c.isprintable() and c not in "\n\r"]
    return f"control characters in messages: {controls}" if controls else ""


ATTACKS = (
    Attack("a hostile key", _alone),
    Attack("keys that share a name", _together),
)

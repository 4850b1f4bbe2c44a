"""Tables, rules and label maps made by hand: each is wrong in a way that people met."""

import csv
from collections.abc import Sequence

from tests.attack.table_inputs import HEADER, Shot, to_csv

# What a table must come to: the labels of each image, or words of the error.
Expected = dict[str, set[str]] | str


def nasty_tables(shots: Sequence[Shot]) -> list[tuple[str, bytes, Expected]]:
    """Return a name, the content of a table, and what must come of it."""
    whole = {shot.path: {shot.label} for shot in shots}
    rest = {shot.path: {shot.label} for shot in shots[1:]}
    first = shots[0]

    def table(*rows: Sequence[str], header: Sequence[str] = HEADER, delimiter: str = ",") -> bytes:
        return to_csv([header, *rows], delimiter).encode()

    good = [shot.cells for shot in shots]

    def with_label(label: str) -> list[list[str]]:
        return [[*first.cells[:3], label], *good[1:]]

    def with_name(name: str) -> list[list[str]]:
        return [[first.cells[0], first.cells[1], name, first.label], *good[1:]]

    def labelled(label: str) -> dict[str, set[str]]:
        return {**rest, first.path: {label}}

    lines = table(*good).decode().splitlines(keepends=True)
    cases: list[tuple[str, bytes, Expected]] = [
        ("as it should be", table(*good), whole),
        ("carriage returns", table(*good).replace(b"\n", b"\r"), whole),
        ("blank lines", "\n\n".join(lines).encode(), whole),
        ("tabs in UTF-16", to_csv([HEADER, *good], "\t").encode("utf-16"), whole),
        ("UTF-16 without a mark", to_csv([HEADER, *good]).encode("utf-16-le"), whole),
        ("UTF-32", to_csv([HEADER, *good]).encode("utf-32"), whole),
        ("semicolons", table(*good, delimiter=";"), whole),
        ("bars", table(*good, delimiter="|"), whole),
        ("sep=", b"sep=;\n" + table(*good, delimiter=";"), whole),
        ("all in quotation marks", _quoted([HEADER, *good]), whole),
        ("a heading twice", table(*[[*row, "x"] for row in good], header=(*HEADER, "ShortName")),
         "twice"),
        ("headings that can't be told apart",
         table(*[[*row, "x"] for row in good], header=(*HEADER, "short name")), "only one"),
        ("a heading that pandas made",
         table(*[[*row, "x"] for row in good], header=(*HEADER, "ShortName.1")), "only one"),
        ("blanks around headings",
         table(*good, header=[f" {name}\u00a0" for name in HEADER]), whole),
        ("a mark in front of a heading",
         table(*good, header=["\ufeff" + HEADER[0], *HEADER[1:]]), whole),
        ("no rows", table(), "no rows"),
        ("nothing", b"", "is empty"),
        ("only zeros", b"\0" * 4096, "lacks"),
        ("a picture", bytes(range(256)) * 16, ""),
        ("zeros behind the rows", table(*good) + b"\0" * 512, whole),
        ("a line cut short", table(*good) + b"2016-01-01,Z:\\x", whole),
        ("a row with too many cells", table(*good) + b"2016-01-01,a,b,c,d,e\n", whole),
        ("a row with too few cells", table(*good) + b"2016-01-01,a\n", whole),
        ("empty cells beyond the header", table(*[[*row, "", ""] for row in good]), whole),
        ("a quotation mark that never closes",
         "".join(lines[:3]).encode() + b'2016-01-01,a,b,"deer\n' + "".join(lines[3:]).encode(),
         "quotation marks"),
        ("two quotation marks around rows",
         _around_rows(lines), "several rows are one cell"),
        ("text behind a quotation mark", _with_stray_mark(good, table(*good)), whole),
        ("a long comment",
         table(*[[*row, "y" * 200_000] for row in good], header=(*HEADER, "Note")), whole),
        ("a comment of several lines",
         table(*[[*row, "seen,\ntwice"] for row in good], header=(*HEADER, "Note")), whole),
        ("a header again, with a mark", table(*good) + b"\xef\xbb\xbf" + lines[0].encode(), whole),
        ("two encodings",
         table(*good) + "2016-01-01,Z:\\x,forêt.JPG,deer\n".encode("cp1252"), "not in UTF-8"),
        ("an index column of pandas",
         table(*[[str(n % 2), *row] for n, row in enumerate(good)],
               header=("Unnamed: 0", *HEADER)), whole),
        ("a zero in a label", table(*with_label("de\0er")), rest),
        ("an escape sequence in a label", table(*with_label("\x1b[2Jdeer")), rest),
        ("a failed formula for a label", table(*with_label("#REF!")), rest),
        ("a label of 600 letters", table(*with_label("x" * 600)), rest),
        ("no label", table(*with_label("")), rest),
        ("an invisible label", table(*with_label("\u200b\u00a0")), rest),
        ("a zero in a name", table(*with_name("IMG\0.JPG")), rest),
        ("no name", table(*with_name("")), rest),
        ("a name of 300 letters", table(*with_name("q" * 300)), rest),
        ("a name that leads out", table(*with_name("../../../etc/passwd")), rest),
        ("a line separator in a label", table(*with_label("red\u2028fox")), labelled("red fox")),
        ("a tab in a label", table(*with_label("red\tfox")), labelled("red fox")),
        ("a line break in a label", table(*with_label("red\nfox")), labelled("red fox")),
    ]  # fmt: skip
    words = (
        "nan",
        "NA",
        "null",
        "None",
        "1e5",
        "inf",
        "-inf",
        "007",
        "1,234",
        "=1+1",
        "@x",
        "TRUE",
        "0",
    )
    cases += [(f"the label {word}", table(*with_label(word)), labelled(word)) for word in words]
    dates = (
        "9999-12-31",
        "0000-00-00",
        "1e400",
        "nan",
        "12345678901234567890",
        "2016-02-30",
        "-1",
    )
    cases += [
        (f"the date {text}", table([text, *first.cells[1:]], *good[1:]), rest) for text in dates
    ]
    return cases


def _with_stray_mark(good: Sequence[Sequence[str]], content: bytes) -> bytes:
    """Return a table with a row of an image that has its label already, and another beside it."""
    return content + f'{",".join(good[0][:3])},"fo"x\n'.encode()


def _quoted(rows: Sequence[Sequence[str]]) -> bytes:
    cells = (",".join(f'"{cell}"' for cell in row) for row in rows)
    return "\r\n".join(cells).encode()


def _around_rows(lines: list[str]) -> bytes:
    """Return a table in which the label of one row begins a quotation that the next row ends."""
    *front, label = lines[2].split(",")
    third = f'{lines[3][:-1]}"\n'
    return "".join([*lines[:2], f'{",".join(front)},"{label}', third, *lines[4:]]).encode()


NASTY_RULES: list[tuple[str, bytes]] = [
    ("--label-priority-path", content)
    for content in (
        b"", b"\n\n", b"# nothing\n", b"a\n", b"a > b > c\n", b"> b\n", b"a >\n", b"* > *\n",
        b"deer > Deer\n", b"\0", b"deer \xe9> *\n", "deer > *\n".encode("utf-16"), b"\xff\xfed",
        "deer > *\r\n".encode("utf-8-sig"), b"deer > *\r", "hirsch\u00a0>\u00a0*".encode(),
        "deer \uff1e empty".encode(), b"deer > empty \n" * 2000, b"x" * 200_000,
        b"\x1b[2J > deer\n",
        "deer > *\n".encode("utf-32"), b"deer > \0\n",
    )
]  # fmt: skip


def nasty_maps() -> list[tuple[str, bytes]]:
    """Return label maps that can't be used, or only just."""
    contents = (
        b"", b"[]", b"3", b"null", b'"x"', b"{", b'{"a": 1}', b'{"a": ""}', b'{"a": null}',
        b'{"a": NaN}',
        b'{"a": "b", "a": "c"}', b'{"a": "b", "A": "c"}', b'{"": "x"}', b'{"a": "\\u0000"}',
        b'{"a": "\\ud800"}', b"[" * 100_000, b'{"a":' * 5000, b'{"a": "x"}\0', b"\xff\xfe{\0}\0",
        '{"raccoon": "w\u00e4schb\u00e4r"}'.encode("cp1252"), '{"deer": "x"}'.encode("utf-8-sig"),
        '{"deer": "x"}'.encode("utf-16"), b'{"deer": "' + b"x" * 5000 + b'"}', b'{"a": 1e400}',
        b'{"a": ' + b"9" * 5000 + b"}", b"deer: x\n", csv.__doc__.encode() if csv.__doc__ else b"",
    )  # fmt: skip
    return [("--labelmap-path", content) for content in contents]

"""Tables, rules, label maps, JSON files and workbooks that people and programs get wrong."""

import json
import unicodedata
import zipfile
from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from random import Random

from tests.attack.attack import Attack, Scale, Trial
from tests.attack.nasty_tables import NASTY_RULES, nasty_maps, nasty_tables
from tests.attack.table_inputs import (
    FOLDERS,
    FORMS,
    HEADER,
    LABELS,
    NASTY_VALUES,
    Cleaned,
    Shot,
    call,
    clean,
    count_records,
    fresh,
    make_coco,
    make_megadetector,
    make_shots,
    mutate,
    mutate_json,
    read_rows,
    to_csv,
    values_of,
    write_properties,
)

PART = "Tables"


def _prepare(folder: Path, shots: list[Shot], *, with_dates: bool = True) -> Path:
    """Return an empty folder of a trial with the properties of images."""
    trial = fresh(folder)
    write_properties(shots, trial / "images" / "image_properties.csv", with_dates=with_dates)
    return trial


def _decode(content: bytes) -> str:
    """Return the text of a table as it is certainly meant."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _check_truth(cleaned: Cleaned, shots: list[Shot], lines: list[str]) -> str:
    """Return which image has not the date and label of its line, though that is whole."""
    rejected = {row["output"] or row["detail"] for row in cleaned.of_table if row["reason"]}
    for shot in shots:
        line = to_csv([shot.cells]).strip("\n")
        if lines.count(line) != 1 or shot.path not in cleaned.days:
            continue
        if cleaned.days[shot.path] != shot.day.isoformat() and not rejected:
            return f"{shot.path} has the date {cleaned.days[shot.path]}, not {shot.day}"
        if shot.label.casefold() not in {one.casefold() for one in cleaned.labels[shot.path]}:
            return f"{shot.path} lacks the label {shot.label}"
    return ""


def _try_damaged_tables(scale: Scale, folder: Path) -> Iterator[Trial]:
    source = scale.random("tables")
    for number in range(scale.count(20, 450)):
        shots = make_shots(source)
        encoding = source.choice(("utf-8", "utf-8", "utf-8-sig", "cp1252", "utf-16"))
        ends = source.choice(("\n", "\n", "\r\n", "\r"))
        text = to_csv([HEADER, *[shot.cells for shot in shots]]).replace("\n", ends)
        content = mutate(text.encode(encoding), source)
        trial = _prepare(folder, shots)
        (trial / "t.csv").write_bytes(content)
        cleaned = clean(trial, trial / "t.csv")
        problem = cleaned.outcome.problem
        if not problem and cleaned.outcome.status != 3:
            decoded = _decode(content)
            rows = count_records(decoded) - 1
            if rows != len(cleaned.of_table):
                problem = f"{rows} rows, {len(cleaned.of_table)} in the ledger"
            lines = decoded.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            problem = problem or _check_truth(cleaned, shots, lines)
        yield Trial(
            f"{number}, {encoding}: {content[:400]!r}" if problem else str(number), problem
        )


def _try_nasty_tables(scale: Scale, folder: Path) -> Iterator[Trial]:
    shots = make_shots(scale.random("nasty"))
    for name, content, expected in nasty_tables(shots)[:: scale.count(2, 1)]:
        trial = _prepare(folder, shots)
        (trial / "t.csv").write_bytes(content)
        cleaned = clean(trial, trial / "t.csv")
        problem = cleaned.outcome.problem
        if not problem and isinstance(expected, str):
            if cleaned.outcome.status != 3 or expected not in cleaned.outcome.printed:
                problem = f"not {expected!r}: {cleaned.outcome}"
        elif not problem and cleaned.labels != expected:
            problem = f"{cleaned.labels or cleaned.outcome.printed}, not {expected}"
        yield Trial(name, problem)


# Without the images, these are read as the usual form of which they look.
_RARE = ("%y-%b-%d", "Excel on a Mac", "%Y-%d-%m")


def _dated(source: Random) -> list[Shot]:
    """Return images of one to a few years."""
    start, spread = date(source.randrange(2001, 2020), 1, 1), source.choice((40, 300, 900))
    return [
        Shot(shot.folder, shot.name, start + timedelta(days=source.randrange(spread)), shot.label)
        for shot in make_shots(source, source.choice((2, 4, 12, 40)))
    ]


def _try_dates(scale: Scale, folder: Path) -> Iterator[Trial]:
    source = scale.random("dates")
    for number in range(scale.count(1, 8)):
        for form, write in FORMS.items():
            has_own = form in _RARE or source.random() < 0.6
            shots = _dated(source)
            trial = _prepare(folder, shots, with_dates=has_own)
            rows = [[write(shot.day), *shot.cells[1:]] for shot in shots]
            (trial / "t.csv").write_text(to_csv([HEADER, *rows]), encoding="utf-8")
            cleaned = clean(trial, trial / "t.csv")
            problem = cleaned.outcome.problem
            wrong = [shot for shot in shots if cleaned.days.get(shot.path) != shot.day.isoformat()]
            is_told = (
                "--date-format" in cleaned.outcome.printed or "one form" in cleaned.outcome.printed
            )
            if wrong and (has_own or cleaned.outcome.status != 3 or not is_told):
                read = cleaned.days.get(wrong[0].path, cleaned.outcome.printed)
                problem = problem or f"{wrong[0].day}, written {write(wrong[0].day)}: {read}"
            yield Trial(f"{form} {number}, own dates: {has_own}, {len(shots)} images", problem)


def _try_mixed_dates(scale: Scale, folder: Path) -> Iterator[Trial]:
    source = scale.random("mixed")
    pairs = [("%d/%m/%Y", "%m/%d/%Y"), ("%d-%m-%y", "%m-%d-%y"), ("%d-%m-%y", "%y-%m-%d")]
    for number in range(scale.count(2, 20)):
        for first, second in pairs:
            shots = _dated(source)
            # Without the images' own dates, only a column with days above 12 shows what it is.
            has_own = len(shots) < 40 or source.random() < 0.5
            trial = _prepare(folder, shots, with_dates=has_own)
            forms = [(first, second)[place % 2] for place in range(len(shots))]
            rows = [
                [shot.day.strftime(form), *shot.cells[1:]]
                for shot, form in zip(shots, forms, strict=True)
            ]
            (trial / "t.csv").write_text(to_csv([HEADER, *rows]), encoding="utf-8")
            cleaned = clean(trial, trial / "t.csv")
            wrong = [
                shot
                for shot in shots
                if shot.path in cleaned.days and cleaned.days[shot.path] != shot.day.isoformat()
            ]
            yield Trial(
                f"{first} and {second} {number}",
                cleaned.outcome.problem or (f"{wrong[0]} is {cleaned.days}" if wrong else ""),
            )


def _respell(text: str, source: Random, *, is_label: bool = False) -> str:
    way = source.randrange(5)
    if way == 0:
        return unicodedata.normalize("NFD", text)
    if way == 1:
        return text.upper() if source.random() < 0.5 else text.lower()
    if way == 2:
        return text.replace(" ", source.choice(("\u00a0", "  ", "\u3000", "\u2009")))
    if way == 3:
        return f"{source.choice(chr(0x200B) + chr(0xFEFF))}{text}"
    return text + source.choice((" ", "\u00a0", "\u200b")) if is_label else text.swapcase()


def _try_spellings(scale: Scale, folder: Path) -> Iterator[Trial]:
    source = scale.random("spellings")
    for number in range(scale.count(4, 120)):
        shots = make_shots(source)
        trial = _prepare(folder, shots)
        rows = [
            [
                shot.day.isoformat(),
                f"Z:\\Traps\\{_respell(shot.folder, source)}",
                _respell(shot.name, source),
                _respell(shot.label, source, is_label=True),
            ]
            for shot in shots
        ]
        header = [_respell(name, source) for name in HEADER]
        (trial / "t.csv").write_text(to_csv([header, *rows]), encoding="utf-8")
        cleaned = clean(trial, trial / "t.csv")
        problem = cleaned.outcome.problem
        found = {
            path: {one.casefold() for one in labels} for path, labels in cleaned.labels.items()
        }
        truth = {shot.path: {shot.label.casefold()} for shot in shots}
        if not problem and found != truth:
            problem = f"{found} instead of {truth}: {cleaned.outcome.printed[:300]}"
        yield Trial(str(number), problem)


def _try_json(scale: Scale, folder: Path) -> Iterator[Trial]:
    source = scale.random("json")
    for number in range(scale.count(6, 200)):
        shots = make_shots(source)
        make, true = source.choice(((make_megadetector, {"animal"}), (make_coco, set(LABELS))))
        changed = mutate_json(make(shots), source)
        content = json.dumps(changed).encode()
        # The name of a category may have become another label.
        known = true | {"empty"} | {str(value) for value in values_of(changed)}
        if is_damaged := source.random() < 0.2:
            content = mutate(content, source)
        trial = _prepare(folder, shots)
        (trial / "t.json").write_bytes(content)
        cleaned = clean(trial, trial / "t.json", "--strip-components", "0")
        problem = cleaned.outcome.problem
        accounted = {row["input"] for row in cleaned.of_table}
        if not problem and cleaned.outcome.status != 3 and len(accounted) < len(shots) - 1:
            problem = f"{len(accounted)} rows of {len(shots)} detections"
        wrong = [path for path, labels in cleaned.labels.items() if not labels <= known]
        if wrong and not is_damaged:
            problem = problem or f"{wrong} have labels that the file has not"
        yield Trial(f"{number}: {content[:300]!r}" if problem else str(number), problem)


def _try_detector(scale: Scale, folder: Path) -> Iterator[Trial]:
    """One part of one image can't be: that image is rejected, or counts as what it surely is."""
    source = scale.random("detector")
    values = [json.dumps(value) for value in NASTY_VALUES if value != 1e400][:: scale.count(6, 1)]
    for field in ("category", "conf", "bbox", "detections", "file", "datetime"):
        for value in [*values, "1e400"]:
            shots = make_shots(source)
            content = make_megadetector(shots)
            image = content["images"][0]
            (image if field in image else image["detections"][0])[field] = "here"
            trial = _prepare(folder, shots)
            text = json.dumps(content).replace('"here"', value)
            (trial / "t.json").write_text(text, encoding="utf-8")
            cleaned = clean(trial, trial / "t.json", "--strip-components", "0")
            rest = {shot.path: {"animal"} for shot in shots[1:]}
            found = {path: cleaned.labels.get(path) for path in rest}
            problem = cleaned.outcome.problem
            if not problem and found != rest:
                problem = f"{found}: {cleaned.outcome.printed[:200]}"
            if not problem and len({row["input"] for row in cleaned.of_table}) != len(shots):
                problem = f"{len(cleaned.of_table)} rows of {len(shots)} images"
            yield Trial(f"{field}: {value[:100]}", problem)


def _try_workbooks(scale: Scale, folder: Path) -> Iterator[Trial]:
    import openpyxl

    source = scale.random("workbooks")
    for number in range(scale.count(3, 60)):
        shots = make_shots(source)
        book, memory = openpyxl.Workbook(), BytesIO()
        sheet = book.create_sheet(index=0)
        for cells in ([*HEADER], *[shot.cells for shot in shots]):
            sheet.append(cells)
        book.save(memory)
        trial, content = _prepare(folder, shots), memory.getvalue()
        if source.random() < 0.5:
            parts = BytesIO()
            with zipfile.ZipFile(memory) as before, zipfile.ZipFile(parts, "w") as after:
                names = before.namelist()
                damaged = source.choice(names)
                for name in names:
                    part = before.read(name)
                    after.writestr(name, mutate(part, source) if name == damaged else part)
            content = parts.getvalue()
        else:
            content = mutate(content, source)
        (trial / "t.xlsx").write_bytes(content)
        cleaned = clean(trial, trial / "t.xlsx")
        yield Trial(str(number), cleaned.outcome.problem)


def _try_properties(scale: Scale, folder: Path) -> Iterator[Trial]:
    source = scale.random("properties")
    for number in range(scale.count(5, 100)):
        shots = make_shots(source)
        trial = _prepare(folder, shots)
        path = trial / "images" / "image_properties.csv"
        path.write_bytes(mutate(path.read_bytes(), source))
        (trial / "t.csv").write_text(to_csv([HEADER, *[shot.cells for shot in shots]]))
        cleaned = clean(trial, trial / "t.csv")
        problem = cleaned.outcome.problem
        if not problem and cleaned.outcome.status != 3 and len(cleaned.of_table) != len(shots):
            problem = f"{len(cleaned.of_table)} rows of {len(shots)}"
        yield Trial(str(number), problem or _check_truth(cleaned, shots, []))


def _link(trial: Path, *words: object) -> tuple[str, list[dict[str, str]]]:
    """Link the images of a table, and return what went wrong, and the rows of the ledger."""
    outcome = call(
        "link_images_by_label", "--detections-path", trial / "t.csv", "--outdir", trial / "links",
        "--max-rejected", "1", *words,
    )  # fmt: skip
    ledger = trial / "links" / "ledger.csv"
    rows = read_rows(ledger) if ledger.is_file() else []
    if outcome.problem or outcome.status == 3:
        return outcome.problem, rows
    for link in (trial / "links").rglob("*.JPG"):
        if not link.resolve().is_file():
            return f"{link} leads nowhere", rows
    return "", rows


def _write_images(trial: Path, shots: list[Shot]) -> None:
    for shot in shots:
        (trial / shot.folder).mkdir(exist_ok=True)
        (trial / shot.path).touch()


def _try_rules_and_maps(scale: Scale, folder: Path) -> Iterator[Trial]:
    source = scale.random("rules")
    shots = make_shots(source, 6)
    texts = [*NASTY_RULES, *nasty_maps()][:: scale.count(5, 1)]
    for _ in range(scale.count(4, 130)):
        text = "# règles\nraccoon > empty\n* > empty\r\nhuman > *\n"
        encoding = source.choice(("utf-8", "utf-8-sig", "cp1252", "utf-16"))
        texts.append(("--label-priority-path", mutate(text.encode(encoding), source)))
        labelmap = json.dumps({"raccoon": "racoon", "Rotkehlchen": "vögel", "deer": "deer"})
        texts.append(("--labelmap-path", mutate(labelmap.encode(), source)))
    for number, (option, content) in enumerate(texts):
        trial = fresh(folder)
        _write_images(trial, shots)
        rows = [[shot.path, shot.label] for shot in shots]
        (trial / "t.csv").write_text(to_csv([["filepath", "label"], *rows]), encoding="utf-8")
        (trial / "given").write_bytes(content)
        problem, ledger = _link(trial, option, trial / "given")
        if not problem and ledger and len(ledger) != len(shots):
            problem = f"{len(ledger)} rows of {len(shots)}"
        yield Trial(f"{option} {number}: {content[:200]!r}", problem)


def _try_label_tables(scale: Scale, folder: Path) -> Iterator[Trial]:
    source = scale.random("labels")
    hostile = (
        "links.csv", "ledger.csv", "preparation.json", "..", ".", "/", "a/b", "CON", "nul.txt",
        "x" * 300,
        "trailing.", "trailing ", ".autofocus", "%", "%2E", "-", "~", "\u202e", "a\nb", "=1+1",
        "'",
    )  # fmt: skip
    for number in range(scale.count(5, 120)):
        shots = make_shots(source)
        trial = fresh(folder)
        _write_images(trial, shots)
        labels = [source.choice((shot.label, source.choice(hostile))) for shot in shots]
        names = [*(shot.path for shot in shots)]
        names[source.randrange(len(names))] = source.choice(
            ("q" * 300, "", "../" * 3 + "x.JPG", "a\0b", "/dev/null", "nowhere.JPG", "x/" * 3000)
        )
        rows = [list(pair) for pair in zip(names, labels, strict=True)]
        content = to_csv([["filepath", "label"], *rows]).encode()
        is_damaged = source.random() < 0.5
        (trial / "t.csv").write_bytes(mutate(content, source) if is_damaged else content)
        problem, ledger = _link(trial)
        if not problem and not is_damaged and len(ledger) != len(set(names)):
            problem = f"{len(ledger)} rows of {len(set(names))}"
        outside = [
            path for path in trial.iterdir() if path.name not in (*FOLDERS, "t.csv", "links")
        ]
        yield Trial(f"{number}: {rows}", problem or (f"{outside} was written" if outside else ""))


ATTACKS = (
    Attack("a table of detections is damaged", _try_damaged_tables),
    Attack("a table has what no table should", _try_nasty_tables),
    Attack("dates are written in any form", _try_dates),
    Attack("dates of several forms are in one column", _try_mixed_dates),
    Attack("names are spelled in another way", _try_spellings),
    Attack("a JSON file has parts that can't be", _try_json),
    Attack("an image of a detector has what can't be", _try_detector),
    Attack("a workbook is damaged", _try_workbooks),
    Attack("a table of properties is damaged", _try_properties),
    Attack("rules or a label map are damaged", _try_rules_and_maps),
    Attack("a table of labels has hostile names", _try_label_tables),
)

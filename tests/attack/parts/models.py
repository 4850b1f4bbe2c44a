"""Models, their descriptions, caches of embeddings and archives that were edited or damaged."""

import io
import json
import os
import random
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from autofocus.containers.archive import MANIFEST, pack, read_manifest, unpack
from autofocus.errors import InputDataError, MissingInputError
from autofocus.features.embedding_cache import EmbeddingCache
from autofocus.model.description import Description
from autofocus.model.saved_model import MODEL_FILES, TrainedClassifier
from autofocus.runs import files
from tests.attack.attack import Attack, Scale, Trial
from tests.predicting.models import SIZE, make_backbone, make_model

PART = "Models, caches and archives"
_IMAGES = np.random.default_rng(0).random((3, SIZE, SIZE, 3), np.float32)
Edit = Callable[[Path, random.Random], None]


def _cut(path: Path, chance: random.Random) -> None:
    os.truncate(path, chance.randrange(path.stat().st_size))


def _flip(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def _zero(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    # Not where there are zeros already, which would change nothing.
    place = chance.choice([place for place, byte in enumerate(content) if byte])
    content[place : place + 64] = bytes(len(content[place : place + 64]))
    path.write_bytes(content)


def _replace(path: Path, chance: random.Random) -> None:
    path.write_bytes(chance.randbytes(chance.randrange(1, 4000)))


def _empty(path: Path, _: random.Random) -> None:
    path.write_bytes(b"")


def _remove(path: Path, _: random.Random) -> None:
    path.unlink()


def _pipe(path: Path, _: random.Random) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path, _: random.Random) -> None:
    path.unlink()
    path.mkdir()


_EDITS: tuple[Edit, ...] = (_flip, _cut, _zero, _replace, _empty, _remove, _pipe, _folder)


def _problem(work: Callable[[], Any]) -> str:
    """Return what is wrong unless an error of this project is raised, in a sentence."""
    try:
        work()
    except (InputDataError, MissingInputError) as error:
        text = str(error)
        is_sentence = "\n" not in text and len(text) < 600 and ": " in text
        return "" if is_sentence else f"not a sentence with advice: {text[:200]}"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    return "taken for sound"


def _load_problem(model: Path) -> str:
    return _problem(lambda: TrainedClassifier(model))


def _copy(model: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(model, folder)
    return folder


def _damaged_models(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Every file of a model in every way: it is never loaded, and never crashes TensorFlow."""
    model, chance = make_model(folder), scale.random("damaged models")
    for number in range(scale.count(48, 400)):
        name = MODEL_FILES[number // len(_EDITS) % len(MODEL_FILES)]
        edit = _EDITS[number % len(_EDITS)]
        if number >= len(MODEL_FILES) * len(_EDITS):
            name, edit = chance.choice(MODEL_FILES), chance.choice(_EDITS)
        if name == "checksums.json" and edit is _remove:
            # That is a model of an earlier version.
            continue
        copy = _copy(model, folder / "copy")
        edit(copy / name, chance)
        problem = _load_problem(copy)
        yield Trial(f"{number}: {edit.__name__} {name}", problem)


def _mixed_models(_: Scale, folder: Path) -> Iterator[Trial]:
    """Files of two models together are no model, and a sound one loads and predicts."""
    means = make_backbone(folder)
    first = make_model(folder / "first", means=means)
    second = make_model(folder / "second", sharpness=30.0, means=means)
    for name in MODEL_FILES:
        if (first / name).read_bytes() == (second / name).read_bytes():
            continue
        copy = _copy(first, folder / "copy")
        shutil.copyfile(second / name, copy / name)
        yield Trial(f"{name} of another model", _load_problem(copy))
    expected = TrainedClassifier(first).probabilities(_IMAGES)
    for kind in ("copied", "without checksums, as of an earlier version"):
        copy = _copy(first, folder / "copy")
        if kind != "copied":
            (copy / "checksums.json").unlink()
        is_same = np.array_equal(TrainedClassifier(copy).probabilities(_IMAGES), expected)
        yield Trial(kind, "" if is_same else "it predicts other probabilities")


_WRONG: tuple[Any, ...] = (
    None, True, -1, 0, 1e999, "x", "", [], {}, [None], [[1]], {"x": None}, {"x": {}}, [1, 2, 3],
    "\0", [-1, 3], ["a", "a"], 10**9, {"cat": "high"},
)  # fmt: skip


def _descriptions(scale: Scale, _: Path) -> Iterator[Trial]:
    """Descriptions with values of any type are read as what they say, or not at all."""
    values = json.loads(_description().to_json())
    chance = scale.random("descriptions")
    for number in range(scale.count(150, 1500)):
        edited = json.loads(json.dumps(values))
        name = chance.choice(list(edited))
        edited[name] = chance.choice(_WRONG)
        yield Trial(f"{number}: {name} = {edited[name]!r}", _description_problem(edited))
    deep = "[" * 100_000 + "]" * 100_000
    for text in ("", "null", "[]", "{}", deep, '{"labels": ' + deep + "}", "\0", '"x"', "NaN"):
        yield Trial(text[:30], _text_problem(text))


def _description() -> Description:
    return Description(("cat", "dog"), (32, 32), "b", "d", "final", None, thresholds={"cat": 0.5})


def _description_problem(edited: dict[str, Any]) -> str:
    """Return what is wrong if a value is taken that can't be used."""
    try:
        read = Description.from_json(json.dumps(edited))
    except ValueError:
        return ""
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    try:
        scores = np.full((1, len(read.labels)), 0.5)
        read.decision_rule.accepted(scores)
        read.sequence_rule  # noqa: B018 - it must be possible
        [side + 1 for side in read.image_size]
        again = Description.from_json(read.to_json())
    except Exception as error:
        return f"taken, and then {type(error).__name__}: {error}"
    return "" if again == read else "not read as it was written"


def _text_problem(text: str) -> str:
    try:
        Description.from_json(text)
    except (ValueError, RecursionError):
        return ""
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "taken for a description"


_SIZE, _ROWS = 64, 40


def _caches(scale: Scale, folder: Path) -> Iterator[Trial]:
    """A damaged cache gives what was stored, or nothing, and never another vector."""
    vectors = np.random.default_rng(1).random((_ROWS, _SIZE), np.float32)
    keys = [f"{number:064x}" for number in range(_ROWS)]
    with _cache(folder / "whole") as cache:
        cache.put(keys, vectors)
        cache.put_notes({key: f"note {key}" for key in keys})
    chance = scale.random("caches")
    for number in range(scale.count(120, 1500)):
        edit = _EDITS[number % len(_EDITS)] if number < 2 * len(_EDITS) else _flip
        copy = _copy(folder / "whole", folder / "copy")
        edit(_cache(copy).path, chance)
        yield Trial(f"{number}: {edit.__name__}", _cache_problem(copy, keys, vectors))
    yield from _rows_of_caches(folder, keys, vectors)


def _rows_of_caches(folder: Path, keys: list[str], vectors: Any) -> Iterator[Trial]:
    """Rows that are cut or hold another type are computed anew; the others are kept."""
    for name, value in (("cut", b"abc"), ("text", "x"), ("number", 3), ("other", bytes(256))):
        copy = _copy(folder / "whole", folder / "copy")
        with closing(sqlite3.connect(_cache(copy).path)) as database, database:
            database.execute(
                "UPDATE bottlenecks SET features = ? WHERE digest = ?", (value, keys[3])
            )
            database.execute("UPDATE notes SET text = ? WHERE key = ?", ("other", keys[4]))
        problem = _cache_problem(copy, keys, vectors)
        with _cache(copy) as cache:
            if cache.known != set(keys) - {keys[3]} or keys[4] in cache.notes:
                problem = problem or "the wrong rows are known"
            cache.put([keys[3]], vectors[3:4])
            if not np.array_equal(cache.get(keys), vectors):
                problem = problem or "the row was not made anew"
        yield Trial(f"a row of {name}", problem)


def _cache(folder: Path) -> EmbeddingCache:
    return EmbeddingCache(folder, "backbone", "a" * 64, _SIZE)


def _cache_problem(folder: Path, keys: list[str], vectors: Any) -> str:
    try:
        with _cache(folder) as cache:
            known = [number for number, key in enumerate(keys) if key in cache.known]
            got = cache.get([keys[number] for number in known])
            notes = {key: text for key, text in cache.notes.items() if key in keys}
    except InputDataError as error:
        return "" if "delete it" in str(error) else f"no advice: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if not np.array_equal(got, vectors[known]):
        return "another vector than was stored"
    return "" if all(text == f"note {key}" for key, text in notes.items()) else "another note"


def _archives(scale: Scale, folder: Path) -> Iterator[Trial]:
    """Damaged archives are never unpacked without an error."""
    whole = _pack(folder)
    (tar,) = (tar.name for tar in read_manifest(whole))
    chance = scale.random("archives")
    for number in range(scale.count(120, 1000)):
        name, edit = (tar, MANIFEST)[number % 2], _EDITS[number // 2 % len(_EDITS)]
        copy = _copy(whole, folder / "copy")
        edit(copy / name, chance)
        problem = _unpack_problem(copy, folder)
        yield Trial(f"{number}: {edit.__name__} {name}", problem)


def _pack(folder: Path) -> Path:
    source = folder / "source"
    for number in range(5):
        path = source / f"a/{number}.JPG"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes([number]) * 900)
    pack(source, [f"a/{number}.JPG" for number in range(5)], folder / "whole")
    return folder / "whole"


def _unpack_problem(archive: Path, folder: Path) -> str:
    outdir = folder / "out"
    shutil.rmtree(outdir, ignore_errors=True)
    problem = _problem(lambda: unpack([archive], outdir))
    if problem == "taken for sound" and _is_all(outdir):
        # Such as a blank in the manifest that was another kind of blank.
        return ""
    return problem


def _is_all(outdir: Path) -> bool:
    names = {path.relative_to(outdir).as_posix() for path in outdir.rglob("*.JPG")}
    if names != {f"a/{number}.JPG" for number in range(5)}:
        return False
    return all(
        (outdir / f"a/{number}.JPG").read_bytes() == bytes([number]) * 900 for number in range(5)
    )


def _member(name: str, kind: bytes = tarfile.REGTYPE, size: int = 3, **more: Any) -> Any:
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    for key, value in more.items():
        setattr(member, key, value)
    return member


# Where an absolute path would lead; nothing else writes there.
_ABSOLUTE = Path("/var/tmp/file-of-a-hostile-archive")  # noqa: S108
_HOSTILE: tuple[tuple[str, Any], ...] = (
    ("up", _member("../x")),
    ("far up", _member("a/../../../x")),
    ("absolute", _member(str(_ABSOLUTE))),
    ("two slashes", _member("//x")),
    ("link", _member("x", tarfile.SYMTYPE, 0, linkname="/etc/passwd")),
    ("hard link", _member("x", tarfile.LNKTYPE, 0, linkname="/etc/passwd")),
    ("pipe", _member("x", tarfile.FIFOTYPE, 0)),
    ("device", _member("x", tarfile.CHRTYPE, 0)),
    ("block device", _member("x", tarfile.BLKTYPE, 0)),
    ("folder", _member("x", tarfile.DIRTYPE, 0)),
    ("long name", _member("x" * 5000)),
    ("long part", _member("x/" + "y" * 300)),
    ("holes", _member("x", tarfile.GNUTYPE_SPARSE, 3)),
    ("dot", _member(".")),
    ("controls", _member("..\n\x1b[31m/../x")),
)


def _hostile_members(_: Scale, folder: Path) -> Iterator[Trial]:
    """Members that lead elsewhere, or are no files, are refused, and nothing lies outside."""
    for name, member in _HOSTILE:
        archive = folder / name
        archive.mkdir()
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w") as tar:
            tar.addfile(member, io.BytesIO(b"abc") if member.size else None)
        (archive / "part-0.tar").write_bytes(content.getvalue())
        digest = files.digest_file(archive / "part-0.tar")
        manifest = {"tars": [{"name": "part-0.tar", "files": 1, "sha256": digest}]}
        (archive / MANIFEST).write_text(json.dumps(manifest))
        problem = _unpack_problem(archive, folder)
        outside = [folder / "x", folder.parent / "x", _ABSOLUTE]
        if any(path.exists() for path in outside):
            problem = "it wrote outside of its folder"
        yield Trial(name, problem)
    for bad in ({"name": "../part"}, {"name": ""}, {"files": "1"}, {"sha256": None}, {"name": 3}):
        archive = folder / f"manifest {bad}".replace("/", "_")
        _copy(folder / "dot", archive)
        value = asdict(read_manifest(folder / "dot")[0]) | bad
        (archive / MANIFEST).write_text(json.dumps({"tars": [value]}))
        yield Trial(f"manifest: {bad}", _unpack_problem(archive, folder))


ATTACKS = (
    Attack("a file of a model is damaged, missing or no plain file", _damaged_models),
    Attack("files of two models are mixed", _mixed_models),
    Attack("a model's description has values of any type", _descriptions),
    Attack("a cache of embeddings is damaged", _caches),
    Attack("an archive of images is damaged", _archives),
    Attack("an archive of images is hostile", _hostile_members),
)

"""Claims about the stage link_images_by_label."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autofocus.errors import (
    InputDataError,
    MissingInputError,
    OutputConflictError,
    SettingError,
    TooManyRejectedError,
)
from autofocus.labels.folders import folder_to_label
from autofocus.link_images_by_label import LinkResult, link_images_by_label
from autofocus.link_settings import LinkSettings
from tests.linking import again, ledger, link, links

GOLDEN = Path(__file__).parent / "golden" / "link_images_by_label"


def test_the_golden_input_gives_the_expected_files(tmp_path: Path) -> None:
    """Links and ledger equal those that were written by hand, byte for byte."""
    shutil.copytree(GOLDEN / "input", tmp_path, dirs_exist_ok=True)
    settings = LinkSettings(tmp_path / "labelmap.json", tmp_path / "rules.txt")
    outdir = tmp_path / "links"
    link_images_by_label(tmp_path / "detections_clean.csv", outdir, settings)
    for name in ("links.csv", "ledger.csv"):
        assert (outdir / name).read_bytes() == (GOLDEN / "expected" / name).read_bytes()
    with (outdir / "links.csv").open(newline="") as file:
        expected = {row["link"]: row["filepath"] for row in csv.DictReader(file)}
    real = {
        path.relative_to(outdir).as_posix(): os.path.relpath(path.resolve(), outdir)
        for path in outdir.rglob("*")
        if path.is_symlink()
    }
    assert real == expected


def test_equal_names_of_two_cameras_both_stay(tmp_path: Path) -> None:
    """Two IMG_0001.JPG of one label are two links, each to its own photograph."""
    link(tmp_path, ("cam1/IMG_0001.JPG", "cat"), ("cam2/IMG_0001.JPG", "cat"))
    made = links(tmp_path / "links")
    assert sorted(made.values()) == ["cam1/IMG_0001.JPG", "cam2/IMG_0001.JPG"]


def test_links_are_relative_so_that_all_can_be_moved(tmp_path: Path) -> None:
    """A folder that holds photographs and links still works after it was moved."""
    link(tmp_path / "one", ("cam/1.JPG", "cat"))
    (tmp_path / "one").rename(tmp_path / "two")
    assert list(links(tmp_path / "two" / "links").values()) == ["cam/1.JPG"]


@pytest.mark.parametrize("label", ["../../cat", "/cat", "..", "a/b", "..\\cat", ".autofocus"])
def test_no_label_leads_out(tmp_path: Path, label: str) -> None:
    """Whatever a label is called, its links stay in a folder of their own inside the output."""
    link(tmp_path / "in", ("1.JPG", label))
    (made,) = links(tmp_path / "in" / "links")
    assert len(Path(made).parts) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]
    assert sorted(p.name for p in (tmp_path / "in").iterdir()) == ["1.JPG", "labels.csv", "links"]


def test_a_label_folder_that_is_a_link_is_not_written_into(tmp_path: Path) -> None:
    """A label's folder that leads elsewhere is refused."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "cat").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputConflictError, match="is a link to another folder"):
        link(tmp_path, ("1.JPG", "cat"))
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_several_labels_are_left_out_or_kept_as_asked(tmp_path: Path) -> None:
    """Without a rule, two labels are a conflict; with keep_unresolved each gets a link."""
    given = (("1.JPG", "cat"), ("1.JPG", "dog"), ("2.JPG", "cat"))
    link(tmp_path / "a", *given)
    assert [row["reason"] for row in ledger(tmp_path / "a")] == ["conflicting_labels", ""]
    link(tmp_path / "b", *given, keep_unresolved=True)
    assert sorted(Path(name).parts[0] for name in links(tmp_path / "b" / "links")) == [
        "cat",
        "cat",
        "dog",
    ]


def test_rules_really_apply(tmp_path: Path) -> None:
    """A rule changes what is linked, and the ledger names it."""
    rules = tmp_path / "rules.txt"
    rules.write_text("dog > cat\n")
    link(tmp_path / "a", ("1.JPG", "cat"), ("1.JPG", "dog"), label_priority_path=rules)
    (row,) = ledger(tmp_path / "a")
    assert row["detail"] == "decided by dog > cat"
    assert row["output"].startswith("dog/")


def test_copies_are_files_of_their_own(tmp_path: Path) -> None:
    """With copy, what stands in the label's folder is no link and has the same content."""
    link(tmp_path, ("1.JPG", "cat"), copy=True)
    (made,) = (tmp_path / "links" / "cat").iterdir()
    assert not made.is_symlink()
    assert made.read_text() == "1.JPG"


def test_a_photograph_that_is_not_there_gets_no_dangling_link(tmp_path: Path) -> None:
    """A missing file is told in the ledger, and no link is made."""
    link(tmp_path, ("1.JPG", "cat"), ("2.JPG", "cat"))
    (tmp_path / "1.JPG").unlink()
    again(tmp_path)
    assert [row["reason"] for row in ledger(tmp_path)] == ["image_missing", ""]
    assert list(links(tmp_path / "links").values()) == ["2.JPG"]


def test_links_of_an_earlier_table_go(tmp_path: Path) -> None:
    """After a label was changed only the new link stands; files that aren't ours stay."""
    link(tmp_path, ("1.JPG", "cat"), ("2.JPG", "dog"))
    (tmp_path / "links" / "cat" / "note.txt").write_text("mine")
    link(tmp_path, ("1.JPG", "dog"), ("2.JPG", "dog"))
    assert {Path(name).parts[0] for name in links(tmp_path / "links")} == {"dog"}
    assert [p.name for p in (tmp_path / "links" / "cat").iterdir()] == ["note.txt"]


def test_other_rules_on_the_same_output_are_refused(tmp_path: Path) -> None:
    """What the rules say counts, not where they stand."""
    (tmp_path / "one.txt").write_text("a > b\n")
    (tmp_path / "same.txt").write_text("a > b  # as before\n")
    (tmp_path / "other.txt").write_text("b > a\n")
    link(tmp_path, ("1.JPG", "cat"), label_priority_path=tmp_path / "one.txt")
    again(tmp_path, label_priority_path=tmp_path / "same.txt")
    with pytest.raises(OutputConflictError, match="rules"):
        again(tmp_path, label_priority_path=tmp_path / "other.txt")


def test_the_preparation_goes_along(tmp_path: Path) -> None:
    """Where all photographs were preprocessed alike, how is written beside the links."""
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "preparation.json").write_text("{}")
    link(tmp_path, ("images/a/1.JPG", "cat"), ("images/b/2.JPG", "cat"))
    assert (tmp_path / "links" / "preparation.json").read_text() == "{}"


def test_photographs_that_were_preprocessed_differently_carry_none(tmp_path: Path) -> None:
    """Two ways of preprocessing can't be told as one, and a note says so."""
    for name, text in (("a", "{}"), ("b", "[]")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "preparation.json").write_text(text)
    result = link(tmp_path, ("a/1.JPG", "cat"), ("b/2.JPG", "cat"))
    assert not (tmp_path / "links" / "preparation.json").exists()
    assert any("not all preprocessed alike" in note for note in result.notes)


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        ("filepath\n1.JPG\n", InputDataError, "must have the column filepath"),
        ("filepath,contains_cat\n1.JPG,2\n", InputDataError, "row 2: contains_cat must be 0 or 1"),
        ("filepath,label\n", MissingInputError, "no rows"),
        ("filepath,label\n1.JPG,cat\n", InputDataError, "No image could be linked"),
    ],
)
def test_a_table_that_can_t_be_linked_is_told(
    tmp_path: Path, text: str, error: type[Exception], told: str
) -> None:
    """What is wrong with a table is one clear error."""
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(error, match=told):
        again(tmp_path)


def test_too_many_left_out_are_an_error(tmp_path: Path) -> None:
    """Above the share that is allowed the run fails, and the others are linked."""
    with pytest.raises(TooManyRejectedError, match="conflicting_labels 1"):
        link(tmp_path, ("1.JPG", "cat"), ("1.JPG", "dog"), ("2.JPG", "cat"), max_rejected=0.4)
    assert len(links(tmp_path / "links")) == 1


def test_the_command_line_of_old_works(tmp_path: Path) -> None:
    """As a script, with underscores, it makes the links and prints the account."""
    link(tmp_path, ("1.JPG", "cat"))
    script = Path(__file__).parents[1] / "autofocus" / "link_images_by_label.py"
    words = ["--detections_path", "labels.csv", "--outdir", "more", "--keep_unresolved"]
    done = subprocess.run(
        [sys.executable, str(script), *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "1 input = 1 ok + 0 reused + 0 rejected" in done.stdout


def test_links_alone_are_those_of_the_real_linking(tmp_path: Path) -> None:
    """Without a photograph at hand, table and ledger are the same, byte for byte."""
    given = (
        ("cam1/IMG_1.JPG", "cat"),
        ("cam1/IMG_1.JPG", "dog"),
        ("cam2/IMG_1.JPG", "bird"),
        ("cam2/IMG_1.JPG", "cat"),
        ("cam2/IMG_2.JPG", "../fox"),
        ("süß 狐.JPG", "cat"),
    )
    rules = tmp_path / "rules.txt"
    rules.write_text("dog > cat\n")
    real = link(tmp_path / "real", *given, label_priority_path=rules)
    (tmp_path / "bare").mkdir()
    shutil.copy(tmp_path / "real" / "labels.csv", tmp_path / "bare")
    bare = again(tmp_path / "bare", label_priority_path=rules, links_only=True)
    assert bare.links.read_bytes() == real.links.read_bytes()
    assert bare.ledger.read_bytes() == real.ledger.read_bytes()
    assert {row["reason"] for row in ledger(tmp_path / "bare")} == {"", "conflicting_labels"}
    assert bare.notes == real.notes[:1]
    visible = {path.name for path in (tmp_path / "bare" / "links").iterdir()} - {".autofocus"}
    assert visible == {"links.csv", "ledger.csv"}


def test_links_alone_are_written_again_as_they_were(tmp_path: Path) -> None:
    """Started a second time, all is reused and the table stays."""
    link(tmp_path, ("1.JPG", "cat"), ("2.JPG", "dog"), links_only=True)
    before = (tmp_path / "links" / "links.csv").read_bytes()
    assert again(tmp_path, links_only=True).counts.reused == 2
    assert (tmp_path / "links" / "links.csv").read_bytes() == before


def test_copies_and_links_alone_contradict_each_other() -> None:
    """Both at once can't be asked for."""
    with pytest.raises(SettingError, match="copy and links_only contradict"):
        LinkSettings(copy=True, links_only=True)


def with_locations(folder: Path, *rows: tuple[str, str, str], **options: object) -> LinkResult:
    """Link photographs given as path, label and location."""
    lines = ["filepath,label,location\n", *(f"{','.join(row)}\n" for row in rows)]
    for name, _, _ in rows:
        (folder / name).write_text(name)
    (folder / "labels.csv").write_text("".join(lines))
    return again(folder, **options)


def table_of_links(folder: Path) -> list[dict[str, str]]:
    with (folder / "links" / "links.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_locations_go_into_the_table_of_links(tmp_path: Path) -> None:
    """Where the input tells locations, each link has its photograph's as a last column."""
    given = (("1.JPG", "cat", "mill"), ("1.JPG", "dog", ""), ("2.JPG", "cat", ""))
    with_locations(tmp_path, *given, keep_unresolved=True)
    found = table_of_links(tmp_path)
    assert list(found[0]) == ["filepath", "label", "link", "location"]
    assert [(row["filepath"], row["label"], row["location"]) for row in found] == [
        ("../1.JPG", "cat", "mill"),
        ("../1.JPG", "dog", "mill"),
        ("../2.JPG", "cat", ""),
    ]
    assert len(links(tmp_path / "links")) == 3


def test_locations_without_a_value_are_a_column_too(tmp_path: Path) -> None:
    """The columns follow from the input's, not from what stands in them."""
    with_locations(tmp_path, ("1.JPG", "cat", ""))
    assert [row["location"] for row in table_of_links(tmp_path)] == [""]


def test_a_location_that_was_corrected_is_written_anew(tmp_path: Path) -> None:
    """Started again after a change of the location alone, the table has the new one."""
    with_locations(tmp_path, ("1.JPG", "cat", "mill"), ("2.JPG", "cat", "mill"))
    result = with_locations(tmp_path, ("1.JPG", "cat", "lake"), ("2.JPG", "cat", "mill"))
    assert [row["location"] for row in table_of_links(tmp_path)] == ["lake", "mill"]
    assert (result.counts.ok, result.counts.reused) == (1, 1)


def test_the_column_comes_and_goes_with_the_input_s(tmp_path: Path) -> None:
    """A table without locations after one with them gives the three columns of old, and back."""
    with_locations(tmp_path, ("1.JPG", "cat", "mill"))
    link(tmp_path, ("1.JPG", "cat"))
    assert list(table_of_links(tmp_path)[0]) == ["filepath", "label", "link"]
    with_locations(tmp_path, ("1.JPG", "cat", "mill"))
    assert [row["location"] for row in table_of_links(tmp_path)] == ["mill"]


def test_spellings_of_a_label_are_one_label(tmp_path: Path) -> None:
    """Labels, map and rules match whatever their case and blanks, and a note names the merge."""
    (tmp_path / "rules.txt").write_text("HUMAN > *\n")
    images = [("a.JPG", "Deer"), ("b.JPG", "deer "), ("c.JPG", "Human"), ("c.JPG", "DEER")]
    result = link(tmp_path, *images, label_priority_path=tmp_path / "rules.txt")
    assert {path.name for path in (tmp_path / "links").iterdir() if path.is_dir()} == {
        ".autofocus",
        "DEER",
        "Human",
    }
    assert result.counts.ok == 3
    assert any("are one label, DEER" in note for note in result.notes)


def test_notes_on_a_label_map_and_rules(tmp_path: Path) -> None:
    """What map and rules don't match, what the map leaves, and two labels in a cell are noted."""
    (tmp_path / "map.json").write_text('{"coyote": "animal", "wolf": "animal"}')
    (tmp_path / "rules.txt").write_text("human > *\n")
    result = link(
        tmp_path,
        *[("a.JPG", "coyote"), ("b.JPG", "deer"), ("c.JPG", "deer; coyote")],
        labelmap_path=tmp_path / "map.json",
        label_priority_path=tmp_path / "rules.txt",
    )
    notes = "\n".join(result.notes)
    assert "'deer; coyote' is a class of its own" in notes
    assert "does not name, so that they stay as they are: deer, deer; coyote." in notes
    assert "The label map names labels that no image has: wolf." in notes
    assert "Rules name labels that no image has: human." in notes


def test_what_the_table_tells_goes_into_the_table_of_links(tmp_path: Path) -> None:
    """Sequence, count, source and box of an image stand beside each of its links."""
    header = "filepath,label,box_left,location,source,sequence,count,remark\n"
    (tmp_path / "labels.csv").write_text(f"{header}1.JPG,cat,0.25,mill,human,s1,2,wet\n")
    (tmp_path / "1.JPG").touch()
    again(tmp_path)
    (row,) = table_of_links(tmp_path)
    assert list(row)[3:] == ["location", "sequence", "count", "source", "box_left"]
    assert list(row.values())[3:] == ["mill", "s1", "2", "human", "0.25"]


def test_bad_rows_of_the_table_are_rows_of_the_ledger(tmp_path: Path) -> None:
    """A name that no disk can have, none at all, or a label that can't be cost one image each."""
    link(tmp_path, ("a.JPG", "x"), ("b.JPG", "y"))
    with (tmp_path / "labels.csv").open("a") as file:
        file.write("q" * 300 + ",x\n,x\nc.JPG,#REF!\n")
    counts = again(tmp_path).counts
    assert (counts.ok + counts.reused, dict(counts.reasons)) == (2, {"missing_field": 3})


def test_labels_called_like_files_of_the_stage_have_folders(tmp_path: Path) -> None:
    """`links.csv` is a label like any other, and its folder tells it."""
    link(tmp_path, ("a.JPG", "links.csv"), ("b.JPG", "Ledger.CSV"))
    folders = {path.parent.name for path in (tmp_path / "links").rglob("*") if path.is_symlink()}
    assert {folder_to_label(folder) for folder in folders} == {"links.csv", "Ledger.CSV"}
    assert (tmp_path / "links" / "links.csv").is_file()


def test_an_image_is_found_in_another_spelling(tmp_path: Path) -> None:
    """Case and Unicode form of a path in the table need not be those of the disk."""
    link(tmp_path, ("Forêt/a.JPG", "x"), ("b.JPG", "y"))
    (tmp_path / "labels.csv").write_text("filepath,label\nFORE\u0302T/A.jpg,x\nb.JPG,y\n")
    assert again(tmp_path).counts.rejected == 0

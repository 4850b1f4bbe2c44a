"""Claims about the spelling of labels."""

from pathlib import Path

import pytest

from autofocus.runs.spelling import (
    clean_name,
    describe_merges,
    find_spelled,
    fold_name,
    index_folded,
    merge_spellings,
)

SPELLINGS = ["striped skunk", "striped  skunk", "Striped\u00a0skunk ", "STRIPED SKUNK\u200b"]


@pytest.mark.parametrize("label", SPELLINGS)
def test_case_and_blanks_of_all_kinds_make_no_label_of_their_own(label: str) -> None:
    """A second, no-break or zero-width blank and capitals give the same key."""
    assert fold_name(label) == "striped skunk"


def test_both_unicode_forms_of_an_accent_are_one_label() -> None:
    """A Mac's `e` with a combining accent and Windows' `é` give the same label."""
    assert clean_name("vaci\u0301a") == clean_name("vac\u00eda") == "vac\u00eda"


def test_the_first_spelling_stays() -> None:
    """It is kept as it is written, but for the blanks and the form of its accents."""
    assert merge_spellings(["Red  fox", "red fox", "RED FOX", "deer"]) == {
        "Red  fox": "Red fox", "red fox": "Red fox", "RED FOX": "Red fox", "deer": "deer",
    }  # fmt: skip


def test_underscores_and_hyphens_stay_different() -> None:
    """Only what can't be meant is merged: a label may be a word of another list."""
    labels = ["red_fox", "red fox", "red-fox"]
    assert len(set(merge_spellings(labels).values())) == 3


def test_each_merge_is_a_sentence_that_makes_the_difference_visible() -> None:
    """Spellings and their counts are named; labels without variants are not."""
    counts = {"raccoon": 2, "Raccoon": 1, "raccoon\u200b": 3, "deer": 9}
    (sentence,) = describe_merges(merge_spellings(counts), counts)
    assert sentence == (
        "'Raccoon' (1), 'raccoon\\u200b' (3) and 'raccoon' differ only in case, blanks or Unicode "
        "form: they are one label, raccoon"
    )


def test_wide_letters_and_marks_of_direction_make_no_other_name() -> None:
    """What a Japanese keyboard or a dialog of Windows adds is no difference; a superscript is."""
    assert fold_name("\u202a\uff24\uff45\uff45\uff52") == "deer"
    assert fold_name("deer²") != "deer2"


def test_paths_of_several_files_stay_exact() -> None:
    """Where two names have the same key, neither is found by it."""
    assert index_folded(["a/b.JPG", "A/B.jpg", "c.JPG"]) == {"c.jpg": "c.JPG"}


def test_a_file_is_found_in_another_spelling(tmp_path: Path) -> None:
    """Each component may be spelled in another way; of two that fit, none is taken."""
    (tmp_path / "Forêt").mkdir()
    for name in ("a b.JPG", "C.JPG", "c.jpg"):
        (tmp_path / "Forêt" / name).touch()
    spelled = find_spelled(tmp_path, "FORE\u0302T/A\u00a0B.jpg")
    assert spelled == tmp_path / "Forêt" / "a b.JPG"
    assert find_spelled(tmp_path, "Forêt/C.jpg") is None

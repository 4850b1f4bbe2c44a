"""Claims about the command audit."""

from pathlib import Path

import pytest

from autofocus.audit import audit
from autofocus.errors import InputDataError, MissingInputError
from autofocus.runs.ledger import LEDGER_NAME
from autofocus.runs.workspace import Workspace

HEADER = "stage,input,status,reason,detail,output\n"


def ledger(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEADER + text)


def test_all_ledgers_of_a_run_are_counted(tmp_path: Path) -> None:
    """Ledgers in stages' folders and beside stages' files are all found and counted."""
    ledger(tmp_path / "data" / "ledger.csv", "download_images,a,ok,,,a\n")
    ledger(tmp_path / "t.ledger.csv", "clean_detections,a,rejected,duplicate,,\n")
    summary = audit(tmp_path)
    assert [(stage.stage, stage.counts.inputs) for stage in summary.stages] == [
        ("download_images", 1),
        ("clean_detections", 1),
    ]
    assert "clean_detections rejected: duplicate 1" in str(summary)


def test_stages_are_listed_in_their_order(tmp_path: Path) -> None:
    """A stage that was started again, last of all, keeps its place; unknown ones come last."""
    ledger(tmp_path / "z.ledger.csv", "another_stage,a,ok,,,\n")
    names = ("predict", "link_images_by_label", "download_images")
    for name in names:
        ledger(tmp_path / name / "ledger.csv", f"{name},a,ok,,,\n")
    for stage in ("retrain", "clean_detections.table.csv"):
        hidden = tmp_path / ".autofocus" / stage
        hidden.mkdir(parents=True)
        (hidden / "journal.new.jsonl").touch()
    summary = audit(tmp_path)
    assert [one.stage for one in summary.stages] == [*reversed(names), "another_stage"]
    assert summary.unfinished == ("clean_detections.table.csv", "retrain")


def test_ledgers_among_downloaded_files_are_not_taken_for_the_run_s(tmp_path: Path) -> None:
    """What somebody's bucket holds deeper down is not counted."""
    ledger(tmp_path / "data" / "ledger.csv", "download_images,a,ok,,,a\n")
    ledger(tmp_path / "data" / "old" / "ledger.csv", "predict,b,ok,,,b\n")
    assert len(audit(tmp_path).stages) == 1


def test_an_input_that_is_named_twice_is_an_error(tmp_path: Path) -> None:
    """A ledger names each input once, or it is an error."""
    ledger(tmp_path / "ledger.csv", "predict,a,ok,,,\n" * 2)
    with pytest.raises(InputDataError, match="names a twice"):
        audit(tmp_path)


def test_a_stage_that_was_stopped_is_told(tmp_path: Path) -> None:
    """A journal that was not closed says which stage is to be started again."""
    hidden = tmp_path / "data" / ".autofocus" / "download_images"
    hidden.mkdir(parents=True)
    (hidden / "journal.new.jsonl").touch()
    assert "download_images is not finished" in str(audit(tmp_path))


def test_a_folder_without_ledgers_is_told(tmp_path: Path) -> None:
    """Where no stage has been, an error says so."""
    with pytest.raises(MissingInputError, match="no stage has ended"):
        audit(tmp_path)
    with pytest.raises(MissingInputError, match="no folder"):
        audit(tmp_path / "none")


def test_a_table_of_another_origin_is_no_ledger(tmp_path: Path) -> None:
    """A file that has the name of a ledger alone is skipped with a note, and the rest counts."""
    with Workspace(tmp_path / "one", "x", {}) as workspace:
        workspace.claim([tmp_path / "one" / LEDGER_NAME], tmp_path / "one" / LEDGER_NAME)
    ledger(tmp_path / "one" / LEDGER_NAME, "x,a,ok,,,\n")
    for name, text in [("two", "my,own\n1,2\n"), ("three", ""), ("@eaDir", "my,own\n")]:
        (tmp_path / name).mkdir()
        (tmp_path / name / LEDGER_NAME).write_text(text)
    result = audit(tmp_path)
    assert [one.stage for one in result.stages] == ["x"]
    assert {path.parent.name for path in result.skipped} == {"two", "three"}
    assert f"note: {tmp_path / 'two' / LEDGER_NAME} is no stage's ledger" in str(result)
    (tmp_path / "one" / LEDGER_NAME).write_text("")
    with pytest.raises(InputDataError):
        audit(tmp_path)

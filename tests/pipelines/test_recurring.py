"""Claims about recurring runs, on a stand-in for the server."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.submit import COMMAND
from tests.pipelines.fake_api import TINY, Answer, FakeApi, write_tiny
from tests.pipelines.submitting import Submit, one_sentence

NIGHTLY = ("--every", "0 3 * * *")
# As label has them.
NEW = TINY.replace(
    "      shards: {", "      only_new: {parameterType: BOOLEAN, isOptional: true}\n"
    "      manifest: {parameterType: STRING}\n      shards: {", 1,
)  # fmt: skip


def test_a_recurring_run_is_created_with_all_that_it_needs(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is named after the pipeline, starts one run at a time, and is not cached."""
    assert submit(*NIGHTLY) == 0
    (run,) = api.recurring.values()
    assert run["display_name"] == "autofocus-tiny"
    assert run["trigger"] == {"cron_schedule": {"cron": "0 0 3 * * *"}}
    assert (run["max_concurrency"], run["no_catchup"], run["mode"]) == ("1", True, "ENABLE")
    assert run["runtime_config"]["parameters"] == {
        "bucket": "photographs",
        "shards": ["0/2", "1/2"],
    }
    (version,) = api.versions.values()
    assert "enableCache" not in str(version["pipeline_spec"])
    assert not api.runs
    out = capsys.readouterr().out
    assert f"recurring run autofocus-tiny: {api.host}/#/recurringrun/details/recurring-1\n" in out
    assert "next runs (UTC): 20" in out
    assert out.count(" 03:00") == 3


def test_the_same_name_is_replaced_without_a_gap(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """The new one is there before the old ones go, and others stay, on whatever page they are."""
    assert submit(*NIGHTLY, "--run-name", "other") == submit(*NIGHTLY) == 0
    api.recurring["twin"] = {**api.recurring["recurring-2"], "recurring_run_id": "twin"}
    assert submit("--every", "@hourly") == 0
    assert sorted(api.deleted) == ["recurring-2", "twin"]
    assert [one["display_name"] for one in api.recurring.values()] == ["other", "autofocus-tiny"]
    changes = [said for said in api.said if "recurringruns" in said and "GET" not in said]
    assert changes[-3].startswith("POST ")
    assert 'deleted: autofocus-tiny ("0 0 3 * * *", since 2026-11-02)' in capsys.readouterr().out


def test_a_replacement_that_fails_halfway_is_completed_by_the_same_command(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the old one can't be deleted, both are there, which is said; then one is."""
    assert submit(*NIGHTLY) == 0
    path = "DELETE /apis/v2beta1/recurringruns/recurring-1"
    api.instead[path] = Answer(500, {"message": "the database is gone."})
    capsys.readouterr()
    assert submit(*NIGHTLY) == 5
    sentence = one_sentence(capsys)
    assert "The new recurring run autofocus-tiny is there" in sentence
    assert "an earlier one still is" in sentence
    assert "the database is gone" in sentence
    del api.instead[path]
    assert submit(*NIGHTLY) == 0
    assert list(api.recurring) == ["recurring-3"]


def test_off_ends_it_and_list_shows_all(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name that isn't there is said with those that are; a dry run deletes nothing."""

    def call(*more: str) -> int:
        return COMMAND.main(["--host", api.host, *more])

    assert call("--every", "list") == 0
    assert "There is no recurring run at" in capsys.readouterr().out
    assert submit(*NIGHTLY) == submit("--every", "*/5 * * * *", "--run-name", "fast") == 0
    periodic = {"display_name": "by hand", "recurring_run_id": "r", "mode": "DISABLE"}
    api.recurring["r"] = {**periodic, "trigger": {"periodic_schedule": {"interval_second": "60"}}}
    capsys.readouterr()
    assert call("--every", "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(": http")[0] for line in lines] == [
        'autofocus-tiny ("0 0 3 * * *", since 2026-11-01)',
        "by hand (every 60 s, disabled, since an unknown day)",
        'fast ("0 */5 * * * *", since 2026-11-02)',
    ]
    assert call("--every", "off", "--run-name", "slow") == 2
    assert "no recurring run 'slow'" in (sentence := one_sentence(capsys))
    assert "known are 'autofocus-tiny', 'by hand', 'fast'" in sentence
    assert call("--every", "off") == 2
    assert "name the recurring run (--run-name)" in one_sentence(capsys)
    assert call("--every", "off", "--run-name", "fast", "--dry-run") == 0
    assert 'would be deleted: fast ("0 */5 * * * *"' in capsys.readouterr().out
    assert api.deleted == []
    assert submit("--every", "off") == call("--every", "off", "--run-name", "fast") == 0
    assert list(api.recurring) == ["r"]


def test_a_dry_run_shows_it_and_creates_nothing(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """The plan has the next times, and what would be replaced."""
    assert submit(*NIGHTLY, "--dry-run") == 0
    assert api.made() == len(api.recurring) == 0
    assert "recurring run autofocus-tiny: would be created\nnext runs" in capsys.readouterr().out
    assert submit(*NIGHTLY) == submit("--every", "0 4 * * *", "--dry-run") == 0
    assert 'in place of autofocus-tiny ("0 0 3 * * *"' in capsys.readouterr().out
    assert len(api.recurring) == 1


def test_each_run_takes_what_is_new(
    api: FakeApi, submit: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unless told otherwise; and its manifest is compared with nothing."""
    write_tiny(tmp_path, NEW)
    given = ("--set", "bucket=photographs", "shards=2")
    assert submit(*NIGHTLY, least=given) == 0
    assert "note: only_new=true: each run takes" in capsys.readouterr().err
    assert submit(*NIGHTLY, least=(*given, "only_new=false")) == 0
    assert "note:" not in capsys.readouterr().err

    def parameters(key: str) -> Any:
        return run["runtime_config"]["parameters"] if (run := api.recurring.get(key)) else None

    assert api.deleted == ["recurring-1"]
    assert parameters("recurring-2")["only_new"] is False
    assert parameters("recurring-2")["manifest"].startswith("unchecked-")
    assert submit(*NIGHTLY, least=(*given, "manifest=" + "0" * 64)) == 2
    assert "leave it out with --every" in one_sentence(capsys)


def test_a_run_of_what_is_new_reuses_no_download(
    api: FakeApi, submit: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An earlier one may have what is labelled since; so the bucket isn't even listed."""
    write_tiny(tmp_path, NEW)
    given = ("--set", "bucket=photographs", "shards=2", "only_new=true")
    assert submit(least=given) == submit(least=given) == 0
    manifests = {run["runtime_config"]["parameters"]["manifest"] for run in api.runs.values()}
    assert len(manifests) == 2
    assert all(manifest.startswith("unchecked-") for manifest in manifests)
    assert "note:" not in capsys.readouterr().err


def test_its_link_is_no_run_s(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever cancels a recurring run by its link is told how to end it."""
    link = f"{api.host}/#/recurringrun/details/recurring-1"
    assert COMMAND.main(["--host", api.host, "--cancel", link]) == 2
    assert "--every off and its --run-name end it" in one_sentence(capsys)
    assert api.said == []


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--every", "3 o'clock"), "give the five fields of cron"),
        ((*NIGHTLY, "--wait"), "leave --wait out"),
        ((*NIGHTLY, "--manifest-from", "run-1"), "leave --manifest-from out"),
        ((*NIGHTLY, "--follow", "run-1"), "leave --follow out"),
    ],
)
def test_what_does_not_go_together_is_said_before_the_server_is_asked(
    more: tuple[str, ...],
    told: str,
    api: FakeApi,
    submit: Submit,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One sentence, and not a single request."""
    assert submit(*more) == 2
    assert told in one_sentence(capsys)
    assert api.said == []


def test_a_list_without_an_end_is_no_list(
    api: FakeApi, submit: Submit, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server whose pages lead to each other forever is left."""
    api.instead["GET /apis/v2beta1/recurringruns"] = Answer(200, {"next_page_token": "1"})
    assert submit(*NIGHTLY) == 5
    assert "returned a list without an end" in one_sentence(capsys)
    assert not api.recurring

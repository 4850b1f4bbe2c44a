"""Claims about the options of submissions that are about runs: of others, and of their loops."""

from pathlib import Path

import pytest
import yaml

from pipelines.submit import COMMAND
from tests.pipelines.fake_api import LEAST, TINY, Answer, FakeApi, write_tiny
from tests.pipelines.submitting import Submit, one_sentence, run

WITH_MANIFEST = TINY.replace(
    "shards: {parameterType: LIST}",
    "shards: {parameterType: LIST}\n      manifest: {parameterType: STRING}",
)
WITH_LOOP = TINY.replace(
    "        taskInfo: {name: for-loop-1}",
    "        parameterIterator: {itemInput: shard, items: {inputParameter: shards}}\n"
    "        taskInfo: {name: for-loop-1}",
)


@pytest.mark.parametrize(
    "name", ["run-9", "{host}/#/runs/details/run-9", " {host}/details/run-9/?x=1"]
)
def test_a_run_is_followed_by_id_or_link(
    name: str, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """--follow takes what the link ends in, or the link, and starts nothing."""
    api.runs["run-9"] = {}
    api.story = [run("SUCCEEDED")]
    assert COMMAND.main(["--host", api.host, "--follow", name.format(host=api.host)]) == 0
    assert capsys.readouterr().out == f"The run succeeded: {api.host}/#/runs/details/run-9\n"
    assert {said.partition(" ")[0] for said in api.said} == {"GET"}


def test_a_run_is_ended_by_link(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    """--cancel terminates the run, and nothing else; the server's refusal is said."""
    api.runs["run-9"] = {}
    link = f"{api.host}/#/runs/details/run-9"
    assert COMMAND.main(["--host", api.host, "--cancel", link]) == 0
    assert capsys.readouterr().out == f"The run is being cancelled: {link}\n"
    assert api.said == ["POST /apis/v2beta1/runs/run-9:terminate"]
    assert api.terminated == ["run-9"]
    assert COMMAND.main(["--host", api.host, "--cancel", "run-8"]) == 5
    assert "(404): Run run-8 not found." in one_sentence(capsys)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "Give the compiled pipeline (--pipeline), or a run to follow or end (--follow"),
        (["--follow", "a", "--cancel", "b"], "Give either --follow or --cancel, not both."),
        (
            ["--follow", "a", "--pipeline", "x.yaml"],
            ("--follow takes a run that was started before: leave --pipeline out."),
        ),
        (["--cancel", "a", "--params", "x.yaml"], "leave --params out."),
        (["--cancel", "a", "--set", "x=1"], "leave --set out."),
        (["--cancel", "a", "--dry-run"], "leave --dry-run out."),
        (["--follow", ""], "Give a run by its id or its link, not as ''."),
        (["--cancel", "../pipelines"], "Give a run by its id or its link, not as '../pipelines'."),
    ],
)
def test_options_that_don_t_go_together_are_one_sentence(
    words: list[str], sentence: str, api: FakeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    """What starts a run can't be given with a run, and nothing is sent to the server."""
    assert COMMAND.main(["--host", api.host, *words]) == 2
    assert sentence in one_sentence(capsys)
    assert api.said == []


def test_a_manifest_is_taken_from_an_earlier_run(
    api: FakeApi, submit: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --manifest-from no bucket is listed; a run without a manifest is one sentence."""
    write_tiny(tmp_path, WITH_MANIFEST)
    earlier = {"bucket": "photographs", "manifest": "unchecked-1"}
    api.runs["run-9"] = {"runtime_config": {"parameters": earlier}}
    api.runs["run-8"] = {}
    link = f"{api.host}/#/runs/details/run-9"
    assert submit("--manifest-from", link) == 0
    assert capsys.readouterr().err == ""
    *_, started = api.runs.values()
    assert started["runtime_config"]["parameters"]["manifest"] == "unchecked-1"
    assert submit("--manifest-from", "run-8") == 2
    assert "the run run-8 has no parameter manifest" in one_sentence(capsys)


@pytest.mark.parametrize(
    ("text", "more", "sentence"),
    [
        (TINY, (), "--manifest-from: autofocus-tiny takes none"),
        (WITH_MANIFEST, ("--set", "manifest=unchecked-m"), "--manifest-from: manifest is given"),
    ],
)
def test_a_manifest_that_isn_t_needed_is_not_taken(
    text: str,
    more: tuple[str, ...],
    sentence: str,
    api: FakeApi,
    submit: Submit,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """--manifest-from is an error for a pipeline without one, and beside one that is given."""
    write_tiny(tmp_path, text)
    assert submit("--manifest-from", "run-9", *more) == 2
    assert sentence in one_sentence(capsys)
    assert api.said == []


def test_values_are_checked_before_a_manifest_is_looked_for(
    api: FakeApi, submit: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong value is reported before the server is asked and before a bucket is listed."""
    write_tiny(tmp_path, WITH_MANIFEST)
    wrong = (*LEAST, "--set", "trim_bottom=much")
    for more in ((), ("--manifest-from", "run-9")):
        assert submit(*more, least=wrong) == 2
        assert "must be a whole number" in one_sentence(capsys)
    assert api.said == []


@pytest.mark.parametrize("cache", [(), ("--no-cache",)])
def test_parallelism_limits_every_loop(
    cache: tuple[str, ...], api: FakeApi, submit: Submit, tmp_path: Path
) -> None:
    """--parallelism is written into the loops of a version of its own, with the cache or not."""
    path = write_tiny(tmp_path, WITH_LOOP)
    assert submit(*cache) == submit(*cache, "--parallelism", "3") == 0
    plain, limited = (version["pipeline_spec"] for version in api.versions.values())
    assert "iteratorPolicy" not in str(plain)
    assert limited["root"]["dag"]["tasks"]["for-loop-1"].pop("iteratorPolicy") == {
        "parallelismLimit": 3
    }
    assert limited == plain
    assert ("enableCache" in str(limited)) == (not cache)
    assert path.read_text() == WITH_LOOP
    assert len(list(yaml.safe_load_all(path.read_text()))) == 2


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [("3", "autofocus-tiny has no loop over shards"), ("-1", "parallelism must not be negative")],
)
def test_a_limit_that_can_t_be_is_one_sentence(
    limit: str,
    sentence: str,
    api: FakeApi,
    submit: Submit,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without a loop there is nothing to limit, and no loop runs less than nothing at once."""
    assert submit("--parallelism", limit) == 2
    assert sentence in one_sentence(capsys)
    assert api.said == []


def test_a_refusal_of_the_earlier_run_makes_nothing(
    api: FakeApi, submit: Submit, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that isn't there, or may not be seen, ends the submission before it begins."""
    write_tiny(tmp_path, WITH_MANIFEST)
    api.instead["GET /apis/v2beta1/runs/run-9"] = Answer(403, {"message": "not yours"})
    assert submit("--manifest-from", "run-9") == 5
    assert "allows no access (403)" in one_sentence(capsys)
    assert api.made() == 0

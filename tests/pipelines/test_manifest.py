"""Tests of the manifest that a submission takes of its bucket."""

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from autofocus.download_images import download_images
from autofocus.download_settings import DownloadSettings
from autofocus.errors import SettingError, StoreError
from pipelines.interface import ParameterValue, PipelineInterface, PipelineParameter
from pipelines.manifest import find_manifest, manifest_of_run, manifest_or_placeholder
from pipelines.submit import COMMAND
from tests.conftest import S3
from tests.pipelines.fake_api import serving

ROOT = Path(__file__).parents[2]


def interface(**defaults: str) -> PipelineInterface:
    """Return what a pipeline takes: a manifest, and text with these defaults."""
    return PipelineInterface(
        name="zoo",
        path=Path("zoo.yaml"),
        description="",
        sdk_version="",
        stages=frozenset(),
        parameters={
            "manifest": PipelineParameter("manifest", "STRING", required=True),
            **{
                name: PipelineParameter(name, "STRING", default)
                for name, default in defaults.items()
            },
        },
    )


INTERFACE = interface()


def given(**values: str) -> dict[str, ParameterValue]:
    return {name: ParameterValue(value, "a test") for name, value in values.items()}


def test_it_is_the_one_that_the_download_checks(s3: S3, tmp_path: Path) -> None:
    """With the manifest of the submission, the download of the same prefix goes on."""
    s3.put("a/1.JPG", b"1")
    s3.put("b/1.JPG", b"2")
    found = find_manifest(INTERFACE, given(bucket=s3.bucket, prefix="a/"))
    assert found is not None
    settings = DownloadSettings(prefix="a/", manifest=found.value)
    assert download_images(tmp_path, s3.bucket, settings).counts.ok == 1


def test_it_changes_with_the_bucket(s3: S3) -> None:
    """Another object, or another content of one, makes another manifest."""

    def now() -> str:
        found = find_manifest(INTERFACE, given(bucket=s3.bucket))
        assert found is not None
        return str(found.value)

    s3.put("1.JPG", b"1")
    one = now()
    assert now() == one
    s3.put("2.JPG", b"2")
    two = now()
    s3.put("2.JPG", b"3")
    assert len({one, two, now()}) == 3


@pytest.mark.parametrize("values", [{}, {"bucket": "zoo", "manifest": "unchecked-1"}])
def test_nothing_is_asked_where_nothing_is_needed(values: dict[str, str]) -> None:
    """Without a bucket, or with a manifest at hand, no server is asked."""
    assert find_manifest(INTERFACE, given(**values)) is None


def test_a_bucket_out_of_reach_gets_a_word(some_port: str) -> None:
    """What can't be listed from here gets a new word each time; a note names two ways out."""
    values = given(bucket="zoo", endpoint_url=some_port)
    with pytest.raises(StoreError):
        find_manifest(INTERFACE, values)
    words = [manifest_or_placeholder(INTERFACE, values) for _ in range(2)]
    texts = {str(word.value) for word, _ in words if word is not None}
    assert len(texts) == 2
    assert all(re.fullmatch("unchecked-[0-9a-f]{32}", text) for text in texts)
    sentence = str(words[0][1])
    assert sentence.startswith("nothing that earlier runs downloaded is reused, as the bucket")
    assert "set AWS_ENDPOINT_URL to" in sentence
    assert "(--manifest-from RUN)" in sentence


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_pods_and_this_computer_may_reach_the_store_at_different_addresses(
    name: str, s3: S3, some_port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable of AWS's prevails here over endpoint_url, which is the address for pods."""
    for variable in s3.environment:
        if variable.startswith("AWS_ENDPOINT_URL"):
            monkeypatch.delenv(variable)
    with pytest.raises(StoreError):
        find_manifest(INTERFACE, given(bucket=s3.bucket, endpoint_url=some_port))
    access = {key: s3.environment[key] for key in s3.environment if "ENDPOINT" not in key}
    for variable, value in access.items():
        monkeypatch.setenv(variable, value)
    here = find_manifest(INTERFACE, given(bucket=s3.bucket, endpoint_url=s3.endpoint_url))
    monkeypatch.setenv(name, s3.endpoint_url)
    assert find_manifest(INTERFACE, given(bucket=s3.bucket, endpoint_url=some_port)) == here


def test_own_outputs_are_no_part_of_it(s3: S3) -> None:
    """What a pipeline itself writes below its output_prefix doesn't make another manifest."""

    def now(pipeline: PipelineInterface, **values: str) -> str:
        found = find_manifest(pipeline, given(bucket=s3.bucket, **values))
        assert found is not None
        return str(found.value)

    pipeline = interface(output_prefix="autofocus/")
    s3.put("1.JPG", b"1")
    before = now(pipeline)
    s3.put("autofocus/labels.csv", b"1")
    assert now(pipeline) == before
    assert now(pipeline, output_prefix="other/") != before
    assert now(INTERFACE) != before
    s3.put("other/labels.csv", b"1")
    assert now(pipeline) != before


def test_it_is_that_of_an_earlier_run() -> None:
    """Where the objects are the same by their parameters, the earlier run's manifest is taken."""
    earlier = {"manifest": "unchecked-1", "bucket": "zoo", "prefix": "a/"}
    found = manifest_of_run("run-9", earlier, INTERFACE, given(bucket="zoo", prefix="a/"))
    assert found == ParameterValue("unchecked-1", "the run run-9")
    pipeline = interface(output_prefix="autofocus/")
    earlier["output_prefix"] = "autofocus/"
    assert manifest_of_run("run-9", earlier, pipeline, given(bucket="zoo", prefix="a/")) == found


@pytest.mark.parametrize(
    ("earlier", "values", "sentence"),
    [
        ({}, {}, "the run run-9 has no parameter manifest"),
        ({"manifest": 1}, {}, "the run run-9 has no parameter manifest"),
        (
            {"manifest": "m", "bucket": "ark"},
            {"bucket": "zoo"},
            "the run run-9 has bucket 'ark', not 'zoo', and so the manifest of other objects",
        ),
        ({"manifest": "m", "prefix": "a/"}, {}, "the run run-9 has prefix 'a/', not ''"),
    ],
)
def test_an_earlier_run_that_can_t_give_it_is_an_error(
    earlier: dict[str, object], values: dict[str, str], sentence: str
) -> None:
    """It has no manifest, or that of other objects."""
    with pytest.raises(SettingError, match=re.escape(sentence)):
        manifest_of_run("run-9", earlier, INTERFACE, given(**values))


@pytest.fixture
def some_port(monkeypatch: pytest.MonkeyPatch) -> str:
    """An address where nobody listens, and credentials for it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    return "http://127.0.0.1:9"


def test_a_submission_fills_it_in(
    s3: S3, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The training pipeline gets the bucket's manifest, with the parameter file as it is."""
    compiled = tmp_path / "train.yaml"
    words = [sys.executable, "-m", "pipelines.compile", "--outdir", str(tmp_path)]
    subprocess.run(words, check=True, env=os.environ | {"AUTOFOCUS_TAG": "1.2.3"})
    s3.put("lpz_data/1.JPG", b"1")
    found = find_manifest(INTERFACE, given(bucket=s3.bucket))
    assert found is not None
    with serving() as api:
        status = COMMAND.main(
            [
                *("--host", api.host, "--pipeline", str(compiled)),
                *("--params", str(ROOT / "sample_data" / "run.yaml")),
                *("--set", f"bucket={s3.bucket}", "shards=2"),
            ]
        )
        assert status == 0, capsys.readouterr().err
        (run,) = api.runs.values()
    parameters = run["runtime_config"]["parameters"]
    assert parameters["manifest"] == found.value
    assert parameters["shards"] == ["0/2", "1/2"]
    assert parameters["labelmap"]["opossum"] == "not_raccoon"


def test_runs_of_new_images_share_no_manifest() -> None:
    """Neither on a cluster nor on one machine do they take an earlier run's downloads."""
    known = {**INTERFACE.parameters, "only_new": PipelineParameter("only_new", "BOOLEAN")}
    pipeline = dataclasses.replace(INTERFACE, parameters=known)
    values = given(bucket="b") | {"only_new": ParameterValue(True, "a test")}
    found = [find_manifest(pipeline, values) for _ in range(2)]
    assert all(one is not None and one.value.startswith("unchecked-") for one in found)
    assert found[0] != found[1]

"""Claims about what a run on a cluster costs."""

from pathlib import Path

import pytest

from benchmarks.cost import Estimate, Model, main, most_images
from benchmarks.cost_assumptions import Assumptions
from benchmarks.rates import Rates, Usage, read_rates

STAGES = (
    *("download", "preprocess", "embed", "predict", "clean", "link", "publish"),
    *("choose", "fit"),
)


def rates() -> Rates:
    """Round numbers: a tenth of a second and 100 bytes each."""
    given = Rates("a machine", "3", "1", 0.0)
    for stage in STAGES:
        given.seconds[stage], given.start[stage] = 0.1, 0.0
    given.sizes = dict.fromkeys(
        ("original", "prepared", "embeddings", "tables", "predictions"), 100.0
    )
    given.memory = {"listing": 100.0, "clean": 1000.0, "link": 0.0, "publish": 100.0}
    return given


def estimate(images: int, **more: float) -> Estimate:
    model = Model(rates(), Assumptions(page=0.0, **more))  # type: ignore[arg-type]
    return Estimate(images, model.works("label", images), model.given)


def test_the_hours_of_a_run_are_those_of_its_longest_way() -> None:
    """Pods work side by side, stages one after the other, and each step takes its time."""
    one = estimate(160_000, step=0.0, transfer=1e12)
    # 4,000 images on 4 cores each, 0.2 s for ingest and 0.1 s for predict; then 160,000 rows.
    assert one.hours * 3600 == pytest.approx(200 + 100 + 16_000)
    assert one.core_hours * 3600 == pytest.approx(160_000 * 0.4)
    assert estimate(160_000, step=6.0, transfer=1e12).hours - one.hours == pytest.approx(12 / 600)
    assert one.pods == 1 + 40 + 40 + 1
    assert estimate(160_000, pods=10).pods == 1 + 10 + 10 + 1


def test_dollars_are_nodes_requests_and_storage() -> None:
    """On spot nodes only the work of many pods is cheaper."""
    free = {"node": 0.0, "spot": 0.0, "large": 0.0, "get": 0.0, "put": 0.0, "storage": 0.0}
    nothing = estimate(160_000, **free)
    assert nothing.dollars(0.0) == 0
    stored = estimate(160_000, **{**free, "storage": 1.0})
    # Prepared images and tables, labels, and three copies of the table.
    assert stored.dollars(0.0) == pytest.approx(160_000 * 600 / 1e9)
    nodes = estimate(160_000, **{**free, "step": 0.0, "transfer": 1e12})
    assert nodes.dollars(3.6) == pytest.approx(40 * 300 / 3600 * 3.6)


def test_what_exceeds_the_resources_is_said() -> None:
    """The first limit that is reached is that of the most images."""
    model = Model(rates(), Assumptions())
    model.rates.seconds["link"] = 0.01
    most = most_images(model, "train")
    assert Estimate(most, model.works("train", most), model.given).problems() == []
    problems = Estimate(0, model.works("train", 2 * most), model.given).problems()
    assert len(problems) == 1
    assert problems[0].startswith("clean: time ")
    far = Estimate(0, model.works("train", 10**9), model.given).problems()
    assert "ingest: memory 100 of 9 GB" in far


def test_the_start_of_a_command_is_no_rate() -> None:
    """What few and many inputs have in common is not counted per input."""
    given = Rates("a machine", "3", "1", 0.0)
    given.add("embed", [Usage(10, 6.0, 500.0), Usage(110, 26.0, 1500.0)])
    assert given.seconds["embed"] == pytest.approx(0.2)
    assert given.start["embed"] == pytest.approx(4.0)
    assert given.memory["embed"] == pytest.approx(10.0)


def test_the_measured_rates_give_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """The file of rates has what the costs need, for all numbers of images."""
    assert main([]) == 0
    out = capsys.readouterr().out
    assert set(STAGES) <= set(read_rates().seconds)
    for number in ("100,000", "10,000,000", "1,000,000,000"):
        assert out.count(f"\n| {number} |") == 2
    assert out.count("Within all limits") == 2


def test_the_page_on_scaling_has_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line of the tables of docs/scaling.md, and of the limits, is the command's own."""
    assert main([]) == 0
    page = (Path(__file__).parents[2] / "docs" / "scaling.md").read_text().splitlines()
    printed = capsys.readouterr().out.splitlines()
    told = [line for line in printed if line.startswith(("|", "Within"))]
    assert len(told) > 10
    assert [line for line in told if line not in page] == []


@pytest.mark.parametrize(
    "words", [["--images", "0"], ["--pods", "0"], ["--node", "nan"], ["--transfer", "0"]]
)
def test_a_number_that_makes_no_sense_is_an_error(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence names the option."""
    with pytest.raises(SystemExit):
        main(words)
    assert f"error: {words[0]}: must be" in capsys.readouterr().err

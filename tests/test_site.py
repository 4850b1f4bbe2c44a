"""Tests of the documentation: the site that `make docs` builds, and links of Markdown pages."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("docs", "benchmarks", "components/*", "deploy", ".github")
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", *(f"{folder}/*.md" for folder in FOLDERS))
    for path in ROOT.glob(pattern)
)
# Elements that make a browser fetch something, and the attribute that says what.
FETCHING = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src"}


class _Resources(HTMLParser):
    """Collects what a page makes a browser fetch from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.external: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an address that isn't relative."""
        address = dict(attrs).get(FETCHING.get(tag, "")) or ""
        if re.match(r"(https?:)?//", address):
            self.external.append(address)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert not built.returncode, built.stdout + built.stderr
    return folder


def test_the_site_has_every_page(site: Path) -> None:
    """All Markdown pages are on the site, and none gives a warning: no link leads nowhere."""
    names = {path.stem for path in site.rglob("*.html")}
    assert {path.stem for path in (ROOT / "docs").glob("*.md")} <= names
    assert {"index", "api", "changelog", "contributing"} <= names


def test_the_site_needs_no_other_server(site: Path) -> None:
    """No page makes a browser fetch fonts, scripts or images from elsewhere."""
    for page in site.rglob("*.html"):
        resources = _Resources()
        resources.feed(page.read_text(encoding="utf-8"))
        assert not resources.external, page


def test_the_reference_describes_every_stage(site: Path) -> None:
    """The API page has each stage's function, settings with their help texts, and errors."""
    text = (site / "api.html").read_text(encoding="utf-8")
    for name in ("download_images", "preprocess_images", "clean_detections", "retrain", "predict"):
        assert f'id="autofocus.{name}.{name}"' in text, name
    for setting in (
        "trim_bottom",
        "strip_components",
        "labelmap_path",
        "split_by",
        "output_prefix",
    ):
        assert f"<code>{setting}</code>" in text, setting
    assert "OutputConflictError" in text


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as they are made where it is browsed."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


@pytest.mark.parametrize("page", PAGES)
def test_links_of_a_page_lead_to_files(page: str) -> None:
    """Every relative link of a Markdown page leads to a file of the repository, or its heading."""
    path = ROOT / page
    text = re.sub(
        r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    for target, anchor in re.findall(r"\]\((?![a-z]+:)([^)#\s]*)(?:#([^)\s]*))?\)", text):
        to = path.parent / target if target else path
        assert to.exists(), f"{page}: {target}"
        assert not anchor or anchor in _anchors(to), f"{page}: {target}#{anchor}"

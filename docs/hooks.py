"""Hooks of MkDocs: pages from elsewhere in the repository, their links, and tables of settings.

Links in the Markdown files are those of the repository, so that they work where it is browsed.
Here they become links of the site; what isn't on the site is named without a link.
"""

import dataclasses
import html
import importlib
import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]

# Pages from outside of docs/, by their paths in the repository.
_PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CODE_OF_CONDUCT.md": "conduct.md",
    "deploy/README.md": "deploy.md",
} | {
    path.relative_to(ROOT).as_posix(): path.parent.name + "/" + path.name
    for path in sorted((ROOT / "benchmarks").glob("*.md"))
} | {
    path.relative_to(ROOT).as_posix(): f"components/{path.parent.name}.md"
    for path in sorted((ROOT / "components").glob("*/README.md"))
}  # fmt: skip
_SOURCES = {page: source for source, page in _PAGES.items()}

_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)#\s]+)(#[^)\s]*)?\)")
# A pattern of Python's (?<!...) in code, which MkDocs takes for the start of a declaration.
_DECLARATION = re.compile(r"`([^`\n]*<![^`\n]*)`")
_SETTINGS = re.compile(r"^\{\{ settings ([\w.]+)\.(\w+) \}\}$", re.MULTILINE)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside of docs/."""
    for source, page in _PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Turn links of the repository into links of the site, and fill in tables of settings."""
    uri = page.file.src_uri
    folder = posixpath.dirname(_SOURCES.get(uri, f"docs/{uri}"))

    def link(match: re.Match[str]) -> str:
        mark, text, target, anchor = match.groups()
        path = posixpath.normpath(posixpath.join(folder, target))
        here = _PAGES.get(path) or path.removeprefix("docs/")
        if path not in _PAGES and not path.startswith("docs/"):
            return text if text.startswith("`") else f"`{path}`"
        return f"{mark}[{text}]({posixpath.relpath(here, posixpath.dirname(uri))}{anchor or ''})"

    linked = _SETTINGS.sub(_settings_table, _LINK.sub(link, markdown))
    return _DECLARATION.sub(lambda code: f"<code>{html.escape(code[1])}</code>", linked)


def _settings_table(match: re.Match[str]) -> str:
    settings = getattr(importlib.import_module(match[1]), match[2])
    rows = [
        f"| `{field.name}` | `{_plain(field.default)}` | {_cell(field.metadata['help'])} |"
        for field in dataclasses.fields(settings)
    ]
    return "\n".join(["| setting | default | |", "|---|---|---|", *rows])


def _plain(value: object) -> str:
    return f'"{value}"' if isinstance(value, Path) else repr(value).replace("'", '"')


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")

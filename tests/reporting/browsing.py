"""A headless Chromium that looks at reports."""

import html
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# A window can't be made narrower than 500 pixels, but a frame in it can: it is the phone.
_PAGE = """<!doctype html>
<html><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<style>body {{ margin: 0 }} iframe {{ border: 0; display: block; height: {height}px }}</style>
</head><body>
{frames}
<pre id="found"></pre>
<script>
{probe}
window.onload = () => {{
  const found = [...document.querySelectorAll("iframe")].map(
    (frame) => probe(frame.contentWindow, frame.contentDocument));
  document.getElementById("found").textContent = JSON.stringify(found);
}};
</script></body></html>
"""
_PROBE = (Path(__file__).parent / "probe.js").read_text(encoding="utf-8")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    "--virtual-time-budget=5000",
)


@dataclass(frozen=True)
class Browser:
    """A headless Chromium.

    Attributes:
        folder: for its profile and pages.
    """

    folder: Path

    def probe(self, report: str, widths: list[int], *, dark: bool = False) -> list[dict[str, Any]]:
        """Return what probe.js finds in a report, at each width in pixels."""
        frames = "\n".join(
            f'<iframe style="width: {width}px" srcdoc="{html.escape(report)}"></iframe>'
            for width in widths
        )
        page = self._write(_PAGE.format(height=900, frames=frames, probe=_PROBE))
        dumped = self._run(dark, "--window-size=1400,900", "--dump-dom", page.as_uri()).stdout
        text = re.search(r'<pre id="found">(.+?)</pre>', dumped, re.DOTALL)
        assert text, dumped[-2000:]
        found: list[dict[str, Any]] = json.loads(html.unescape(text[1]))
        return found

    def look(self, report: str, *, dark: bool = False) -> tuple[Path, list[str]]:
        """Return a screenshot of a report as a file, and what was written to the console."""
        picture = self.folder / "screenshot.png"
        page = self._write(report)
        told = self._run(
            dark, "--window-size=1280,1000", f"--screenshot={picture}", page.as_uri()
        ).stderr
        return picture, [line for line in told.splitlines() if "CONSOLE" in line]

    def _write(self, text: str) -> Path:
        page = self.folder / "page.html"
        page.write_text(text, encoding="utf-8")
        return page

    def _run(self, dark: bool, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                "chromium",
                *_FLAGS,
                f"--user-data-dir={self.folder / 'profile'}",
                # 0 is dark, 1 is light.
                f"--blink-settings=preferredColorScheme={0 if dark else 1}",
                *arguments,
            ],
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        )

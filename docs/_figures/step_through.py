"""The picture of a page to step through, for the README. Needs the extra `browser` and Pillow.

``python docs/_figures/step_through.py`` writes docs/step_through.png.
"""

import os
import runpy
import shutil
import sys
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

DOCS = Path(__file__).parents[1]


def main(folder: Path) -> None:
    """One step of the chapter's deep network, at dW2."""
    trace = runpy.run_path(str(DOCS / "_pages" / "any_depth.py"))["trace"]
    browser = os.environ.get("SKBACKPROP_BROWSER") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        page = Path(made) / "page.html"
        trace.to_html(page)
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        tab = chromium.new_page(viewport={"width": 1400, "height": 872})
        tab.goto(page.as_uri())
        tab.click("#chips button:text-is('dW2')")
        shot = Image.open(BytesIO(tab.screenshot())).convert("RGB")
        chromium.close()
    few = shot.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(folder / "step_through.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS)

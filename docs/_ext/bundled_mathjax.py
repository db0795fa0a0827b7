"""MathJax, which draws the formulas, comes with the pages: they need no network.

The build fetches the pinned package from the npm registry, checks it, and keeps the files that they
need in docs/_build/vendor. Where the registry can't be reached, MathJax's usual address stands in,
with a warning: such pages need a network.
"""

import base64
import hashlib
import io
import os
import tarfile
import urllib.request
from http.client import HTTPException
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

VERSION = "4.1.3"
#: MathJax, and its font's rarer letters: package, checksum as `npm view PACKAGE dist.integrity`
#: prints it, and for each file or folder in it the place it gets. The file whose presence is asked
#: for comes last.
PACKAGES = [
    (
        "@mathjax/mathjax-newcm-font",
        "gzAB3dFHilHX1l5x2xUqRL+1jDQt3Fyza1DkEMVXWC4E8SvsGdlgEza47HYi2WhVcgfkvf4zgUGzuhbq3Pjlew==",
        {"svg/dynamic/": "fonts/mathjax-newcm-font/svg/dynamic/"},
    ),
    (
        "mathjax",
        "BN/8Pkgn7G1pIDYJqd9md+JHsE/jydSYbyOZnSdSA0WziuVO8mRxdYiWFumkVVly/8U+hm9DpIIoWuvySverzw==",
        {name: name for name in ("LICENSE", "a11y/assistive-mml.js", "tex-svg.js")},
    ),
]
REGISTRY = os.environ.get("npm_config_registry", "https://registry.npmjs.org").rstrip("/")  # noqa: SIM112
ELSEWHERE = f"https://cdn.jsdelivr.net/npm/mathjax@{VERSION}/tex-svg.js"
#: A folder for html_static_path.
VENDOR = Path(__file__).parents[1] / "_build" / "vendor" / f"mathjax-{VERSION}"

#: Wide formulas are broken where that's possible. Screen readers get MathML; what speaks by itself
#: would need many more files, and so is off.
SETTINGS = {
    "loader": {"load": ["a11y/assistive-mml"], "paths": {"fonts": "[mathjax]/fonts"}},
    "options": {
        "enableSpeech": False,
        "enableBraille": False,
        "menuOptions": {
            "settings": {"speech": False, "braille": False, "enrich": False, "assistiveMml": True}
        },
    },
    "svg": {"displayOverflow": "linebreak", "linebreaks": {"inline": True}},
}


def fetch(folder: Path) -> None:
    """Write the packages' files into the folder."""
    for package, digest, places in PACKAGES:
        address = f"{REGISTRY}/{package}/-/{package.split('/')[-1]}-{VERSION}.tgz"
        with urllib.request.urlopen(address, timeout=60) as answer:
            content = answer.read()
        if base64.b64encode(hashlib.sha512(content).digest()).decode() != digest:
            raise ValueError(f"{address} isn't the package whose checksum is known")
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            members = {m.name.removeprefix("package/"): m for m in archive if m.isfile()}
            for source, place in places.items():
                for name in [name for name in members if name.startswith(source)]:
                    target = folder / name.replace(source, place, 1)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(archive.extractfile(members[name]).read())


def bundle(app: Sphinx, config: Config) -> None:
    """Let the pages load the bundled file."""
    folder = VENDOR / "mathjax"
    config.mathjax3_config = SETTINGS  # versions 3 and 4 read the same object
    config.mathjax_path = "mathjax/tex-svg.js"
    try:
        if not (folder / "tex-svg.js").exists():
            fetch(folder)
        config.html_static_path = [*config.html_static_path, str(VENDOR)]
    except (OSError, HTTPException) as error:
        config.mathjax_path = ELSEWHERE
        del SETTINGS["loader"]["paths"]
        message = f"MathJax isn't bundled, and formulas will need a network ({error}): "
        message += f"bundled_mathjax.py says which files of npm's mathjax belong into {folder}"
        logging.getLogger(__name__).warning(message, type="mathjax", subtype="fetch")


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.connect("config-inited", bundle)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

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
#: As `npm view mathjax@4.1.3 dist.integrity` prints it.
SHA512 = "BN/8Pkgn7G1pIDYJqd9md+JHsE/jydSYbyOZnSdSA0WziuVO8mRxdYiWFumkVVly/8U+hm9DpIIoWuvySverzw=="
REGISTRY = os.environ.get("npm_config_registry", "https://registry.npmjs.org").rstrip("/")  # noqa: SIM112
FILES = ["tex-svg.js", "a11y/assistive-mml.js", "LICENSE"]
ELSEWHERE = f"https://cdn.jsdelivr.net/npm/mathjax@{VERSION}/tex-svg.js"
#: A folder for html_static_path.
VENDOR = Path(__file__).parents[1] / "_build" / "vendor" / f"mathjax-{VERSION}"

#: Wide formulas are broken where that's possible. Screen readers get MathML; what speaks by itself
#: would need many more files, and so is off.
SETTINGS = {
    "loader": {"load": ["a11y/assistive-mml"]},
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
    """Write the package's files into the folder; all or none."""
    address = f"{REGISTRY}/mathjax/-/mathjax-{VERSION}.tgz"
    with urllib.request.urlopen(address, timeout=60) as answer:
        package = answer.read()
    if base64.b64encode(hashlib.sha512(package).digest()).decode() != SHA512:
        raise ValueError(f"{address} isn't the package whose checksum is known")
    with tarfile.open(fileobj=io.BytesIO(package)) as archive:
        for name in reversed(FILES):  # tex-svg.js, which is asked for, comes last
            content = archive.extractfile(f"package/{name}")
            assert content is not None
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = target.with_suffix(".part")
            temporary.write_bytes(content.read())
            temporary.replace(target)


def bundle(app: Sphinx, config: Config) -> None:
    """Let the pages load the bundled file."""
    folder = VENDOR / "mathjax"
    config.mathjax3_config = SETTINGS  # versions 3 and 4 read the same object
    config.mathjax_path = "mathjax/tex-svg.js"
    try:
        if not (folder / FILES[0]).exists():
            fetch(folder)
        config.html_static_path = [*config.html_static_path, str(VENDOR)]
    except (OSError, HTTPException) as error:
        config.mathjax_path = ELSEWHERE
        message = "MathJax isn't bundled, and formulas will need a network (%s): put %s from npm's "
        message += "mathjax %s into %s"
        logging.getLogger(__name__).warning(
            message, error, ", ".join(FILES), VERSION, folder, type="mathjax", subtype="fetch"
        )


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.connect("config-inited", bundle)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

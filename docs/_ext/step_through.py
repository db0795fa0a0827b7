"""The directive `step-through`: a pass of a network that the reader can walk through.

``.. step-through:: hidden_layer`` runs ``docs/_pages/hidden_layer.py`` when the documentation is
built, and embeds the page of its variable ``trace``. The option ``:height:`` is in pixels, and the
content of the directive is the text below the frame.
"""

import html
import runpy
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

SCRIPTS = Path(__file__).parents[1] / "_pages"
#: Where the pages are in the built documentation.
FOLDER = "_step_through"


class StepThrough(SphinxDirective):
    """``.. step-through:: hidden_layer``."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {"height": directives.nonnegative_int}

    def run(self) -> list[nodes.Node]:
        """Make the page, and a frame with it where the directive stands."""
        name = self.arguments[0]
        script = SCRIPTS / f"{name}.py"
        if not script.exists():
            raise self.error(f"There is no docs/_pages/{name}.py.")
        self.env.note_dependency(str(script))
        folder = Path(self.env.app.outdir) / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        runpy.run_path(str(script))["trace"].to_html(folder / f"{name}.html")
        address = "../" * self.env.docname.count("/") + f"{FOLDER}/{name}.html"
        words = html.escape(" ".join(self.content)) or "Step through it: the arrow keys work, too."
        frame = (
            f'<figure class="step-through"><iframe src="{address}" loading="lazy"'
            f' title="Backpropagation, step by step" height="{self.options.get("height", 860)}">'
            f'</iframe><figcaption>{words} <a href="{address}" target="_blank">Open the full'
            " page</a></figcaption></figure>"
        )
        return [nodes.raw("", frame, format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.add_directive("step-through", StepThrough)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

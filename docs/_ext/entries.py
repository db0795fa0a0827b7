"""The directive `entries`: pages, each with a picture, its title and a sentence.

::

   .. entries::

      install
         Versions, extras, and how to build it yourself.

The picture is docs/_static/entries/<name>.svg, where the name is the page's with "-" for "/", as
docs/_figures/entries.py draws it, or the image whose address stands in brackets after the page:
`install [/history.png]`.
"""

import re
from itertools import pairwise

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ENTRY = re.compile(r"(?P<page>\S+)(?: \[(?P<image>\S+)\])?$")


class Entries(SphinxDirective):
    """A grid of pages."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """A container of containers: picture, link, sentence."""
        grid = nodes.container(classes=["entries"])
        starts = [i for i, line in enumerate(self.content) if line and not line[0].isspace()]
        for start, end in pairwise([*starts, len(self.content)]):
            match = ENTRY.match(self.content[start])
            if match is None:
                raise self.error(f"entries: {self.content[start]!r} isn't a page")
            name = match["page"].strip("/").replace("/", "-")
            image = match["image"] or f"/_static/entries/{name}.svg"
            head = (
                f".. image:: {image}\n   :alt:\n   :class: dark-light\n\n:doc:`{match['page']}`\n"
            )
            entry = nodes.container(classes=["entry"])
            self.state.nested_parse(StringList(head.splitlines(), "entries"), 0, entry)
            sentence = self.content[start + 1 : end]
            sentence.trim_left(3)
            self.state.nested_parse(sentence, self.content_offset + start + 1, entry)
            grid += entry
        return [grid]


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.add_directive("entries", Entries)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

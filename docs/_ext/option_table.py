"""The directive `option-table`: the strings that a parameter takes, read from their registry."""

import inspect
from importlib import import_module

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


def option_table(registry: dict[str, type], module: str) -> str:
    """A list-table in reStructuredText: string, class, first paragraph of the docstring.

    The classes are linked by the name that the registry's module gives them.
    """
    rows = [("String", "Class", "What it is")]
    for name, option in registry.items():
        doc = " ".join(inspect.getdoc(option).split("\n\n")[0].split())
        rows.append((f'``"{name}"``', f":class:`~{module}.{option.__name__}`", doc))
    head = [".. list-table::", "   :header-rows: 1", "   :widths: 20 20 60", ""]
    return "\n".join(head + ["   * - " + "\n     - ".join(row) for row in rows])


class OptionTable(SphinxDirective):
    """``.. option-table:: skbackprop.activations.ACTIVATIONS``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Parse the table where the directive stands."""
        module, registry = self.arguments[0].rsplit(".", 1)
        return self.parse_text_to_nodes(
            option_table(getattr(import_module(module), registry), module)
        )


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.add_directive("option-table", OptionTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""The directives `option-table` and `parameter-table`, see `tables`."""

from importlib import import_module
from typing import Any

from docutils import nodes
from option_plots import draw, legend
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from tables import option_table, parameter_table


class Generated(SphinxDirective):
    """Made from an object, which is named in full."""

    required_arguments = 1

    def named(self) -> tuple[str, Any]:
        """The name of its module, and the object."""
        module, name = self.arguments[0].rsplit(".", 1)
        return module, getattr(import_module(module), name)


class OptionTable(Generated):
    """``.. option-table:: skbackprop.activations.ACTIVATIONS``."""

    def run(self) -> list[nodes.Node]:
        """Parse the table where the directive stands."""
        module, registry = self.named()
        text = f"{option_table(registry, module, draw)}\n\n{legend(next(iter(registry.values())))}"
        return self.parse_text_to_nodes(text)


class ParameterTable(Generated):
    """``.. parameter-table:: skbackprop.BackpropClassifier``."""

    def run(self) -> list[nodes.Node]:
        """Parse the tables where the directive stands."""
        _, estimator = self.named()
        return self.parse_text_to_nodes(parameter_table(estimator))


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.add_directive("option-table", OptionTable)
    app.add_directive("parameter-table", ParameterTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

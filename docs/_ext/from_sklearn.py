"""Docstrings that come from scikit-learn: their references lead into its pages."""

import re

from sphinx.application import Sphinx

#: :ref:`User Guide <metadata_routing>`, :term:`meta-estimator`
ROLE = re.compile(r":(?:ref|term):`([^`<]+?)(?:\s*<[^`>]+>)?`")


def plain_references(app: Sphinx, what: str, name: str, obj: object, *rest: object) -> None:
    """Overwrites the docstring's lines: a reference becomes its text."""
    lines = rest[-1]
    if getattr(obj, "__module__", "").startswith("sklearn."):
        text = "\n".join(lines)
        lines[:] = ROLE.sub(r"\1", text).splitlines()


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.connect("autodoc-process-docstring", plain_references, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

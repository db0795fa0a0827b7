"""Where the documentation of a class is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

#: Where the documentation is; pyproject.toml names the same address.
DOCUMENTATION = "https://skbackprop.readthedocs.io/en/latest/"

Class = TypeVar("Class", bound=type[Any])


def documented_in(package: str) -> Callable[[Class], Class]:
    """Let scikit-learn's HTML representation link a class, its parameters and its attributes.

    docs/api/ generates the page that is linked. Subclasses elsewhere have no link.
    """

    def link(cls: Class) -> Class:
        cls._doc_link_module = "skbackprop"
        cls._doc_link_template = f"{DOCUMENTATION}generated/{package}.{{estimator_name}}.html"
        return cls

    return link

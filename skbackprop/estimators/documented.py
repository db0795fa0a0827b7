"""Fills the docstrings of the estimators.

Lists of strings come from the registries, like the tables in the documentation.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import fields
from inspect import cleandoc, getdoc
from typing import Any, TypeVar

from skbackprop.estimators.choices import CHOICES
from skbackprop.estimators.parameters import Parameters
from skbackprop.estimators.texts import ATTRIBUTES, LOSS, PARAMETERS
from skbackprop.optimizers import OPTIMIZERS
from skbackprop.schedules import SCHEDULES, Schedule

AnyClass = TypeVar("AnyClass", bound=type[Parameters])


def documented(**words: str) -> Callable[[AnyClass], AnyClass]:
    """Fill the docstring of an estimator: {parameters}, {loss} and {attributes}.

    `words` fill the placeholders that are specific to this estimator.
    """

    def decorate(cls: AnyClass) -> AnyClass:
        if cls.__doc__:  # not under python -OO
            blanks = {**_lists(cls), **words}
            parts = {"parameters": PARAMETERS, "loss": LOSS, "attributes": ATTRIBUTES}
            doc = cleandoc(cls.__doc__)  # indented or, since Python 3.13, not
            for name, part in parts.items():
                doc = doc.replace(f"{{{name}}}\n", _wrapped(part.format(**blanks)))
            cls.__doc__ = doc
        return cls

    return decorate


def _lists(cls: type[Parameters]) -> dict[str, str]:
    """Lists made from the registries: strings, the readers of each flat parameter, losses."""
    registries: dict[str, Mapping[str, type[Any]]] = {
        name: choice.registry for name, choice in CHOICES.items()
    }
    registries["loss"] = cls._losses
    lists = {name: f"{{{', '.join(map(_quoted, r))}}}" for name, r in registries.items()}
    readers: dict[str, list[str]] = {}
    for name, registry in registries.items():
        flat: dict[str, None] = {}
        for string, option in registry.items():
            for f in fields(option):
                if f.metadata.get("flat"):
                    readers.setdefault(f.name, []).append(_quoted(string))
                    flat[f"`{f.name}`"] = None
        lists[f"flat_{name}"] = _joined(list(flat))
    lists |= {name: _joined(strings) for name, strings in readers.items()}
    lists["full_batch"] = _joined([_quoted(k) for k, o in OPTIMIZERS.items() if not o.stochastic])
    on_plateau = [k for k, s in SCHEDULES.items() if s.on_plateau is not Schedule.on_plateau]
    lists["on_plateau"] = _joined([_quoted(k) for k in on_plateau])
    lists["losses"] = "\n".join(
        f'    - "{string}": {(getdoc(option) or "").partition(chr(10))[0]}'
        for string, option in cls._losses.items()
    )
    return lists


def _wrapped(text: str) -> str:
    """Rewrap the descriptions, now that the placeholders are filled."""
    units = [""]  # each a head, a paragraph or an item
    for line in text.splitlines():
        goes_on = line.startswith("    ") and units[-1].startswith("    ")
        if goes_on and not line.startswith("    - "):
            units[-1] += " " + line.strip()
        else:
            units.append(line)
    hanging = {"    - ": " " * 6}
    return (
        "\n".join(
            textwrap.fill(unit, 96, subsequent_indent=hanging.get(unit[:6], " " * 4))
            if unit.startswith("    ")
            else unit
            for unit in units[1:]
        )
        + "\n"
    )


def _quoted(string: str) -> str:
    return f'"{string}"'


def _joined(words: list[str]) -> str:
    """a, b and c."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))

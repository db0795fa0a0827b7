"""Tables in reStructuredText, made from the registries and from an estimator's own docstring."""

import inspect
import re
from collections.abc import Callable
from dataclasses import fields

from formulas import FORMULAS

#: A reference names a year, or the estimator that a rule was taken over from.
SOURCE = re.compile(r"\(\d{4}\)|scikit-learn's MLPClassifier")
EQUATION = re.compile(r" (=|<-) ")
#: "et al. (2016)" and "eq. 5" don't end a sentence: no capital letter follows.
SENTENCE_END = re.compile(r'(?<=\.)\s+(?=["`(]?[A-Z])')
PARAMETER = re.compile(r"^(\w+(?:, \w+)*) : .+$", re.M)


def list_table(rows: list[tuple[str, ...]], widths: str, kind: str) -> str:
    """A list-table whose first row is the head."""
    head = [".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", f"   :class: {kind}"]
    head.append("")
    return "\n".join(head + ["   * - " + "\n     - ".join(row) for row in rows])


def formula_and_source(option: type) -> tuple[str, str]:
    """The docstring's first paragraph with the equations after it; the sentences that cite."""
    text = re.split(r"\n\w+\n-{3,}\n", inspect.getdoc(option) or "")[0]
    paragraphs = [SENTENCE_END.split(" ".join(p.split())) for p in text.strip().split("\n\n")]
    equations = [s for p in paragraphs[1:] for s in p if EQUATION.search(s)]
    formula = [s for s in paragraphs[0] + equations if not SOURCE.search(s)]
    source = [s for p in paragraphs for s in p if SOURCE.search(s)]
    return " ".join(formula), " ".join(source)


def hyperparameters(option: type) -> str:
    """``slope=0.01, warmup=0.0``, as the object's constructor has them."""
    return ", ".join(f"{f.name}={_short(f.default)}" for f in fields(option))


def option_table(
    registry: dict[str, type], module: str, draw: Callable[[type], str | None] = lambda _: None
) -> str:
    """For each option its string, class, hyperparameters and picture; its formulas and source.

    The classes are linked by the name that the registry's module gives them. `draw` returns the
    address of a picture.
    """
    rows = [("Option", "Formula")]
    for name, option in registry.items():
        left = [f'``"{name}"``', f":class:`~{module}.{option.__name__}`"]
        if arguments := hyperparameters(option):
            left.append(f"``{arguments}``")
        if picture := draw(option):
            left.append(f".. image:: {picture}\n   :class: dark-light\n   :alt: {_alt(name)}")
        latex, words = FORMULAS[name]
        latex = latex.replace(r", \quad f'", "\nf'").replace(r"\\", r"\cr")  # f' below f
        right = [f".. math:: {line}" for line in latex.splitlines()]
        right += [words, ".. rst-class:: source", _plain(formula_and_source(option)[1])]
        rows.append((_cell(left), _cell(right)))
    return list_table(rows, "34 66", "options")


def _cell(blocks: list[str]) -> str:
    """Blocks one below the other, as a cell of a list-table."""
    return "\n\n".join(block for block in blocks if block).replace("\n", "\n       ")


def _alt(name: str) -> str:
    return f"The curve of {name}; where there are two, the orange one is the derivative."


def parameter_groups(estimator: type) -> dict[str, list[tuple[str, str, str]]]:
    """Name, default and first sentence of each constructor parameter, by group.

    The order is the signature's, the groups are those of `skbackprop.estimators.parameters`.
    """
    sentences = first_sentences(estimator)
    groups: dict[str, list[tuple[str, str, str]]] = {}
    heading = {f.name: f.metadata["group"] for f in fields(estimator)}
    group = ""
    for name, parameter in inspect.signature(estimator).parameters.items():
        group = heading[name] or group
        groups.setdefault(group, []).append((name, _short(parameter.default), sentences[name]))
    return groups


def parameter_table(estimator: type) -> str:
    """One list-table for each group of parameters, under its name."""
    parts = []
    for group, parameters in parameter_groups(estimator).items():
        rows = [("Parameter", "Default", "What it is")]
        rows += [(f"``{name}``", f"``{default}``", text) for name, default, text in parameters]
        parts += [f".. rubric:: {group}", list_table(rows, "22 16 62", "parameters")]
    return "\n\n".join(parts) + "\n"


def first_sentences(estimator: type) -> dict[str, str]:
    """From the parameters' section of a numpydoc docstring."""
    sections = re.split(r"^(\w[\w ]*)\n-{3,}\n", inspect.getdoc(estimator) or "", flags=re.M)
    text = sections[sections.index("Parameters") + 1]
    _, *pairs = PARAMETER.split(text)
    sentences = {}
    for names, body in zip(pairs[::2], pairs[1::2], strict=True):
        # a blank line ends a sentence, too; ``max(x.y)`` doesn't
        sentence = re.split(r"(?<=\.)\s", " ".join(body.strip().split("\n\n")[0].split()) + " ")[0]
        for name in names.split(", "):
            sentences[name] = sentence
    return sentences


def _short(value: object) -> str:
    """A default as it's written in code, with three digits where it has more."""
    if isinstance(value, str):
        return f'"{value}"'
    if value == 1 / 3:
        return "1/3"
    return f"{value:.3g}" if isinstance(value, float) and len(repr(value)) > 6 else repr(value)


def _plain(text: str) -> str:
    """Formulas are no markup; `code` stays."""
    return text.replace("*", r"\*").replace("|", r"\|")

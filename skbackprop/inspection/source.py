"""Lines of the package's own source, found by what they say."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: At most this many lines are shown of a function.
MOST_LINES = 16


def excerpt(function: Callable[..., Any], fragment: str = "") -> dict[str, Any] | None:
    """The lines of a function that hold a fragment, or its body without the docstring.

    None where Python can't find the source, as for functions typed into a shell.
    """
    try:
        lines, first = inspect.getsourcelines(function)
        path = Path(inspect.getsourcefile(function) or "")
    except (OSError, TypeError):
        return None
    start = _body(lines)
    found = [i for i in range(start, len(lines)) if fragment and fragment in lines[i]]
    if found:
        shown = [lines[i] for i in found]
        start = found[0]
    else:
        shown = lines[start:]
    code = textwrap.dedent("".join(shown)).rstrip().splitlines()
    if len(code) > MOST_LINES:
        code = [*code[: MOST_LINES - 1], "…"]
    parts = path.parts
    package = "skbackprop"
    name = (
        "/".join(parts[len(parts) - 1 - parts[::-1].index(package) :])
        if package in parts
        else path.name
    )
    return {
        "file": name,
        "line": first + start,
        "name": getattr(function, "__qualname__", ""),
        "code": "\n".join(code),
    }


def _body(lines: list[str]) -> int:
    """Where a function's body begins: after the signature and the docstring."""
    i = next((k for k, line in enumerate(lines) if line.rstrip().endswith(":")), -1) + 1
    if i < len(lines) and lines[i].strip().startswith('"""'):
        if lines[i].strip().count('"""') < 2:
            i = next(k for k in range(i + 1, len(lines)) if '"""' in lines[k])
        i += 1
    return i if i < len(lines) else 0

"""``python -m tests.benchmarks tables``."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from tests.benchmarks.tables import report
from tests.benchmarks.tables.methods import METHODS, METHODS_OF, OURS
from tests.benchmarks.tables.outcomes import Outcomes
from tests.benchmarks.tables.tasks import PARTS

#: Their tables have categories or strings, which not every method takes.
NEED_CATEGORIES = ("declared", "strings")
#: Splits of large tables, and of one with test rows of its own.
SEEDS = {"strings": 1, "growth": 1}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks tables", description=report.__doc__
    )
    parser.add_argument("--part", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--method", nargs="+", choices=list(METHODS), default=None)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=2_500, help="to train on, at most")
    parser.add_argument("--table", nargs="+", metavar="NAME", help="only tables of these names")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="write tables and picture there, and outcomes, which a later run doesn't repeat: empty"
        " the folder if the code has changed",
    )
    options = parser.parse_args(arguments)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # for PyTorch, which isn't imported yet

    outcomes = Outcomes(options.out / "outcomes.jsonl" if options.out else None)
    missing = [name for name, method in METHODS.items() if not method.is_installed]
    for name in missing:
        print(f"{name} is left out: {METHODS[name].package} is not installed")
    for part in options.part:
        # RealMLP-TD takes minutes a table, and runs only if it is named
        able = METHODS_OF[part] if part in NEED_CATEGORIES else list(METHODS)
        asked = [name for name in options.method or METHODS_OF[part] if name in able]
        methods = [name for name in asked if name not in missing]
        for task in PARTS[part](options.rows):
            if options.table and task.name not in options.table:
                continue
            for seed in range(SEEDS.get(part, options.seeds)):
                for name in methods:
                    found = outcomes.get(part, task, name, seed)
                    print(
                        f"{part}: {task.name}, split {seed}, {name}: {found.error:.4f}", flush=True
                    )

    of = report.tables_of(outcomes, options.rows)
    for name, lines in of.items():
        print(f"\n{name}\n{report.text(lines)}")
    if options.out:
        for name, lines in of.items():
            (options.out / f"tables_{name}.inc").write_text(report.rst(lines))
        if OURS in (found_classes := outcomes.of("classes", options.rows)):
            report.draw(found_classes, options.out / "tables.png")

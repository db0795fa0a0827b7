"""Mutants of the engine and the estimators, for `nox -s mutants`: a sample, and what came of it.

A mutant is the code with one small change, such as ``<=`` for ``<``. cosmic-ray makes them and runs
the tests on each; a mutant that all tests pass on is a test that is missing, or a change that
changes nothing.
"""

from __future__ import annotations

import random
import sqlite3
import sys
from collections import Counter

#: They change type annotations, which nothing evaluates, and decorators of properties.
POINTLESS = ("core/ReplaceBinaryOperator_BitOr", "core/RemoveDecorator")


def sample(path: str, count: int, seed: int = 0) -> None:
    """Leave `count` mutants of a session, drawn at random."""
    with sqlite3.connect(path) as session:
        specs = session.execute("SELECT job_id, operator_name FROM mutation_specs ORDER BY job_id")
        # job ids are random: their order must not decide
        order = session.execute(
            "SELECT job_id, operator_name FROM mutation_specs"
            " ORDER BY module_path, start_pos_row, start_pos_col, operator_name, occurrence"
        )
        jobs = [job for job, operator in order if not operator.startswith(POINTLESS)]
        kept = set(random.Random(seed).sample(jobs, min(count, len(jobs))))
        dropped = [(job,) for job, _ in specs if job not in kept]
        session.executemany("DELETE FROM mutation_specs WHERE job_id = ?", dropped)
        session.executemany("DELETE FROM work_items WHERE job_id = ?", dropped)


def report(path: str) -> None:
    """Print how many were noticed, by file, and the changes that weren't."""
    with sqlite3.connect(path) as session:
        results = session.execute(
            "SELECT module_path, start_pos_row, test_outcome, diff FROM mutation_specs"
            " JOIN work_results USING (job_id) ORDER BY module_path, start_pos_row"
        ).fetchall()
    noticed, survived = Counter(), []
    for module, row, outcome, diff in results:
        noticed[module, outcome] += 1
        if outcome == "SURVIVED":
            changed = [line for line in diff.splitlines() if line[:1] in "+-"][2:]
            survived.append(f"{module}:{row}\n" + "\n".join(changed))
    for module in sorted({module for module, _ in noticed}):
        killed, alive = noticed[module, "KILLED"], noticed[module, "SURVIVED"]
        print(f"{module:<45}{killed:>5} noticed{alive:>5} not")
    print(f"\n{len(results)} mutants, {len(survived)} not noticed\n")
    print("\n\n".join(survived))


if __name__ == "__main__":
    verb, path, *rest = sys.argv[1:]
    sample(path, *map(int, rest)) if verb == "sample" else report(path)

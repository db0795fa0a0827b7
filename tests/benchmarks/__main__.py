"""The command line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from tests.benchmarks import dask, growth, report, searches, speed_page, start, tables
from tests.benchmarks.measure import measure
from tests.benchmarks.peers import PEERS, available
from tests.benchmarks.workloads import WORKLOADS, Workload

PARTS = ["training", "predictions", "start-up", "searches", "growth"]
COMMANDS = {"tables": tables.main, "dask": dask.main, "docs": speed_page.main}


def part_of(workload: Workload) -> str:
    return "predictions" if workload.kind == "predict" else "training"


def main(arguments: list[str] | None = None) -> None:
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] in COMMANDS:
        COMMANDS[arguments[0]](arguments[1:])
        return
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=f"Measure and print. Other commands: {', '.join(COMMANDS)}.",
    )
    names = sorted({w.name for w in WORKLOADS})
    parser.add_argument("--part", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--workload", nargs="+", choices=names, default=names)
    parser.add_argument("--peer", nargs="+", choices=list(PEERS), default=list(PEERS))
    parser.add_argument("--repeats", type=int, default=5, help="growth and searches have 3 at most")
    parser.add_argument("--toy", action="store_true", help="tiny sizes, to see that it runs")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write all times, after each part"
    )
    options = parser.parse_args(arguments)

    for found in run(options):
        if options.json:
            options.json.write_text(json.dumps(found, indent=1))


def run(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Measure and print the parts that are asked for; all that is found so far, after each part."""
    peers = available(options.peer)
    few = min(options.repeats, 3)
    found: dict[str, Any] = {"date": f"{date.today()}", "repeats": options.repeats}
    found["machine"] = report.machine()
    print(report.in_words(found["machine"]), end="\n\n")
    if "start-up" in options.part:
        found["start-up"] = start.start_times(options.repeats, warm_up=not options.toy)
        show(start.lines(found["start-up"]))
        yield found
    if "searches" in options.part:
        found["searches"] = searches.measure(few, options.toy)
        show(searches.lines(found["searches"]))
        yield found
    for part in ("training", "predictions"):
        chosen = [w for w in WORKLOADS if w.name in options.workload and part_of(w) == part]
        if part in options.part and chosen:
            tasks = [w.toy() if options.toy else w for w in chosen]
            results = [measure(task, peers, options.repeats) for task in tasks]
            found[part] = [result.as_json() for result in results]
            show(report.times(results))
            show(report.ratios(results))
            yield found
    if "growth" in options.part:
        curves = growth.grow([p for p in growth.PEERS if p in peers], few, options.toy)
        found["growth"] = {
            axis: [[value, result.as_json()] for value, result in points]
            for axis, points in curves.items()
        }
        show(growth.lines(curves))
        yield found


def show(lines: report.Lines) -> None:
    print(report.text(lines), end="\n\n", flush=True)


if __name__ == "__main__":
    main()

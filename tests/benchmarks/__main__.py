"""The command line."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.benchmarks import dask, growth, report, start, tables
from tests.benchmarks.measure import measure
from tests.benchmarks.peers import PEERS, available
from tests.benchmarks.workloads import WORKLOADS


def main(arguments: list[str] | None = None) -> None:
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["tables"]:
        tables.main(arguments[1:])
        return
    if arguments[:1] == ["dask"]:
        dask.main(arguments[1:])
        return
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    names = sorted({"W8", *(w.name for w in WORKLOADS)})
    parser.add_argument("--workload", nargs="+", choices=names, default=names)
    parser.add_argument("--peer", nargs="+", choices=list(PEERS), default=list(PEERS))
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--toy", action="store_true", help="tiny sizes, to see that it runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all times")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw a bar chart")
    parser.add_argument(
        "--growth", type=Path, metavar="DIR", help="only: how cost grows, as a plot and tables"
    )
    options = parser.parse_args(arguments)

    peers = available(options.peer)
    if options.growth:
        shown = [p for p in peers if p in growth.PEERS]
        curves = growth.grow(shown, options.repeats, options.toy)
        growth.write(curves, shown, options.growth)
        return

    results = []
    print(report.machine())
    print(report.header(peers))
    for workload in WORKLOADS:
        if workload.name in options.workload:
            task = workload.toy() if options.toy else workload
            results.append(measure(task, peers, options.repeats))
            print(report.row(results[-1], peers), flush=True)
    if "W8" in options.workload:
        print(start.table(start.start_times(1 if options.toy else options.repeats)))
    if options.json:
        options.json.write_text(json.dumps(report.as_json(results), indent=1))
    if options.plot:
        report.plot(results, options.plot)


if __name__ == "__main__":
    main()

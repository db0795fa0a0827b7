"""Checks the built documentation: `python docs/_check docs/_build/html`.

Every page: do its links lead somewhere? Where Chromium is there, each page is opened in it, 390
pixels wide and without a network: are all formulas drawn, does anything go wrong, must one scroll
sideways, and does the search find what it should?
"""

import sys
from pathlib import Path

import browser
from links import broken
from searches import SEARCHES, wrong_answers


def problems_of(report: dict) -> list[str]:
    """What a report of the browser complains about."""
    formulas = report.get("formulas", {})
    found = [f"error: {error}" for error in report["errors"]]
    found += [f"raw LaTeX: {text}" for text in report.get("latex", [])]
    found += [f"formula not drawn: {text}" for text in formulas.get("undrawn", [])]
    found += [f"formula too wide: {text}" for text in formulas.get("wide", [])]
    if wide := report.get("overflow"):
        found.append("past the right edge: " + ", ".join(wide))
    return found


def main(folder: Path) -> int:
    """Print the problems; 1 if there are any."""
    pages = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.html"))
    pages = [page for page in pages if not page.startswith(("_static", "_modules"))]
    problems = [f"{page}: broken link {a}" for page in pages for a in broken(folder / page)]
    program = browser.find()
    if program is None:
        print("No Chromium found (the variable CHROMIUM can name it): the pages weren't opened.")
    else:
        reports = browser.open_pages(program, folder, pages)
        problems += [f"{r['page']}: {text}" for r in reports for text in problems_of(r)]
        formulas = [report["formulas"] for report in reports if "formulas" in report]
        drawn, count = (sum(f[key] for f in formulas) for key in ("drawn", "count"))
        queries = [f"search.html?q={query}" for query in SEARCHES]
        problems += wrong_answers(browser.open_pages(program, folder, queries))
        print(f"{drawn} of {count} formulas drawn on {len(reports)} pages, offline.")
    print(f"{len(pages)} pages, {len(problems)} problems.", *problems, sep="\n")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

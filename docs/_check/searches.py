"""What a reader may type into the search, and the page that must come first."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

SEARCHES = {
    "export onnx": "onnx",
    "class weight": "guide/imbalance",
    "save model": "guide/saving",
    "missing values": "guide/tables",
}


def wrong_answers(reports: list[dict]) -> Iterator[str]:
    """Searches whose first answer is another page."""
    for report in reports:
        (query,) = parse_qs(urlsplit(report["page"]).query)["q"]
        first, *_ = [*(report.get("results") or []), "nothing"]
        if SEARCHES[query] not in first:
            yield f"search for {query}: {report.get('results')}, not {SEARCHES[query]} first"

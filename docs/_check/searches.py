"""What a reader may type into the search, and the page that must come first."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

SEARCHES = {
    "export onnx": "guide/saving",
    "class weight": "guide/imbalance",
    "save model": "guide/saving",
    "missing values": "guide/tables",
    "early stopping": "guide/validation",
    "bias": "derivation/one_neuron",
    "one-hot": "derivation/hidden_layer",
    "likelihood": "derivation/one_neuron",
    "Kronecker": "derivation/hidden_layer",
    "Hadamard": "derivation/any_depth",
    "vanishing gradients": "derivation/training",
    "exploding gradients": "derivation/training",
    "reverse mode": "derivation/graph",
    "epoch": "derivation/training",
    "batch": "derivation/training",
    "logits": "derivation/one_neuron",
}
#: What explains a word as well.
ALSO = "glossary"


def wrong_answers(reports: list[dict]) -> Iterator[str]:
    """Searches whose first answer is another page."""
    for report in reports:
        (query,) = parse_qs(urlsplit(report["page"]).query)["q"]
        first, *_ = [*(report.get("results") or []), "nothing"]
        if not first.startswith((SEARCHES[query], ALSO)):
            yield f"search for {query}: {report.get('results')}, not {SEARCHES[query]} first"

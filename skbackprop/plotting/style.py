"""What the displays share: colours, and matplotlib on demand."""

from typing import Any

# Okabe and Ito's colours, which can be told apart with any kind of colour vision
BLUE, RED, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
GREY, LIGHT, INK = "#767676", "#F2F2F2", "#222222"


def pyplot() -> Any:
    """matplotlib.pyplot, or an error that says what to install."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "skbackprop.plotting draws with matplotlib, which isn't installed. It comes with the"
            ' extra "plot": pip install "skbackprop[plot]", or pip install ".[plot]" from a clone.'
        ) from error
    return plt

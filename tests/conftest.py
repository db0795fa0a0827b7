import sys

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="session")
def one_blas_thread():
    """Small products on a busy machine: BLAS threads would mostly wait for each other."""
    with threadpool_limits(1):
        yield


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    """Matplotlib 3.9 warns if the backend is chosen while there is one."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def pytest_collection_modifyitems(items):
    """Ids with addresses differ between processes, and `pytest -n` then refuses to run."""
    wrong = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if wrong:
        raise pytest.UsageError(f"ids must not hold addresses: {wrong[:3]}")


def named(value):
    """An id that is the same in every process, as `pytest -n` needs it."""
    return getattr(value, "__name__", None) or str(value)

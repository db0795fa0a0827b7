import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="session")
def one_blas_thread():
    """Small products on a busy machine: BLAS threads would mostly wait for each other."""
    with threadpool_limits(1):
        yield


def named(value):
    """An id that is the same in every process, as `pytest -n` needs it."""
    return getattr(value, "__name__", None) or str(value)

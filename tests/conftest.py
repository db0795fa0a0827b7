import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True, scope="session")
def one_blas_thread():
    """Small products on a busy machine: BLAS threads would mostly wait for each other."""
    with threadpool_limits(1):
        yield

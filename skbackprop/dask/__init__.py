"""Training on Dask: the data stay on the workers, in partitions. The extra ``dask``."""

try:
    import dask.array  # noqa: F401
    import distributed  # noqa: F401
except ImportError as error:
    raise ImportError(
        'skbackprop.dask needs dask and distributed. Install the extra "dask":'
        ' pip install "skbackprop[dask]", or pip install ".[dask]" from a clone.'
    ) from error

from skbackprop.dask.estimators import DaskBackpropClassifier, DaskBackpropRegressor

__all__ = ["DaskBackpropClassifier", "DaskBackpropRegressor"]

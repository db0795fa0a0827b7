"""Training on Dask: the data stay on the workers, in partitions. The extra ``dask``."""

from skbackprop.dask.estimators import DaskBackpropClassifier, DaskBackpropRegressor

__all__ = ["DaskBackpropClassifier", "DaskBackpropRegressor"]

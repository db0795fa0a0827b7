"""The order of the gallery's scripts."""

FIRST = [
    "plot_spirals_growing.py",
    "plot_step_through.py",
    "plot_tables.py",
    "plot_mixed_columns.py",
    "digits_pipeline.py",
    "plot_digits_images.py",
    "plot_compare_mlp.py",
    "plot_class_imbalance.py",
    "plot_early_stopping.py",
    "plot_groups.py",
    "plot_calibration.py",
    "plot_multilabel.py",
    "plot_quantiles.py",
    "plot_text_tfidf.py",
    "plot_out_of_core.py",
    "plot_checkpoint.py",
    "plot_dask.py",
    "plot_onnx.py",
    "plot_displays.py",
]


class GalleryOrder:
    """A sort key: the scripts named above in their order, then the others by name."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, script: str) -> tuple[int, str]:
        return (FIRST.index(script) if script in FIRST else len(FIRST), script)

"""Sphinx configuration. Build with `nox -s docs`; nothing is fetched from the network."""

import sys
from pathlib import Path

import skbackprop

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "skbackprop"
author = "The skbackprop developers"
project_copyright = author
version = release = skbackprop.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "sphinx.ext.mathjax",
    "numpydoc",
    "option_table",
]
exclude_patterns = ["_build"]
default_role = "code"  # in our docstrings `fit` is code
smartquotes = False  # so does f'

# References such as :arxiv:`1412.6980` and :doi:`10.1038/323533a0`
extlinks = {
    "arxiv": ("https://arxiv.org/abs/%s", "arXiv:%s"),
    "doi": ("https://doi.org/%s", "doi:%s"),
}

autodoc_typehints = "none"  # the types stand in the docstrings
autodoc_member_order = "bysource"
autosummary_generate = False
numpydoc_show_class_members = False

html_theme = "pydata_sphinx_theme"
html_title = f"skbackprop {version}"
html_sidebars = {"**": []}
html_theme_options = {"show_prev_next": False}

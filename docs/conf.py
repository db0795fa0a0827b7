"""Sphinx configuration. Build with `nox -s docs`. MathJax alone is fetched: `bundled_mathjax`."""

import os
import sys
from pathlib import Path

import skbackprop

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "skbackprop"
author = "The skbackprop developers"
project_copyright = author
version = release = skbackprop.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "sphinx.ext.intersphinx",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "matplotlib.sphinxext.plot_directive",
    "myst_parser",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "bundled_mathjax",
    "entries",
    "from_sklearn",
    "option_table",
    "repository",
    "search_words",
    "step_through",
]
source_suffix = {".rst": "restructuredtext"}
exclude_patterns = ["_build", "_templates", "auto_examples/*.ipynb", "auto_examples/*.py"]
templates_path = ["_templates"]
default_role = "code"  # in our docstrings `fit` is code
smartquotes = False  # so does f'
suppress_warnings = ["config.cache"]  # functions in the gallery's configuration

# References such as :arxiv:`1412.6980` and :doi:`10.1038/323533a0`
extlinks = {
    "arxiv": ("https://arxiv.org/abs/%s", "arXiv:%s"),
    "doi": ("https://doi.org/%s", "doi:%s"),
}

# Links into other projects, where their inventories (objects.inv) are at hand as
# docs/_inventories/<name>.inv or in the folder that SKBACKPROP_INVENTORIES names. Without them
# the names stand there as code.
_INVENTORIES = Path(os.environ.get("SKBACKPROP_INVENTORIES", HERE / "_inventories"))
intersphinx_mapping = {
    name: (address, str(_INVENTORIES / f"{name}.inv"))
    for name, address in {
        "python": "https://docs.python.org/3/",
        "numpy": "https://numpy.org/doc/stable/",
        "scipy": "https://docs.scipy.org/doc/scipy/",
        "sklearn": "https://scikit-learn.org/stable/",
    }.items()
    if (_INVENTORIES / f"{name}.inv").exists()
}

autodoc_typehints = "none"  # the types stand in the docstrings
autodoc_member_order = "bysource"
toc_object_entries_show_parents = "hide"
autosummary_generate = True
numpydoc_show_class_members = False

# Every script in examples/ is run; a script that fails is an error of the build.
sphinx_gallery_conf = {
    "examples_dirs": ["../examples"],
    "gallery_dirs": ["auto_examples"],
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"(^|[\\/])_",
    "abort_on_example_error": True,
    "plot_gallery": "True",
    "download_all_examples": False,
    "show_memory": False,
    "write_computation_times": False,
    "show_signature": False,
    "reference_url": {"skbackprop": None},
    "doc_module": ("skbackprop",),
    "backreferences_dir": "generated/used_in",
    "within_subsection_order": "gallery_order.GalleryOrder",
    "remove_config_comments": True,
}

# Figures that a script makes: `.. plot:: derivation/figures/graph.py`
plot_basedir = str(HERE)
plot_formats = [("svg", 100)]
plot_html_show_source_link = False
plot_html_show_formats = False

# The copy button takes what one types, without prompts and output.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "pydata_sphinx_theme"
html_title = f"skbackprop {version}"
html_static_path = ["_static"]
html_css_files = ["skbackprop.css", "landing.css"]
html_logo = "_static/logo.svg"
html_favicon = "_static/favicon.png"
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
html_sidebars = {page: [] for page in ["index", "start", "auto_examples/index"]}
html_theme_options = {
    "header_links_before_dropdown": 8,
    "navbar_align": "left",
    "logo": {"text": "skbackprop", "alt_text": "skbackprop, home"},
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}

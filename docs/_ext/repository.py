"""Links to the repository, made from one line: `Repository` under [project.urls] in pyproject.toml.

With it, every page that a person wrote has an edit link, and the head has an icon. Without it there
are none. The branch is `main`.
"""

import tomllib
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
#: What a program wrote can't be edited.
MADE = ("auto_examples/", "generated/", "genindex", "py-modindex", "search", "changelog")


def address() -> str | None:
    """Where the repository is, if pyproject.toml says so."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    return project["urls"].get("Repository")


def link(app: Sphinx, config: Config) -> None:
    """Tell the theme."""
    repository = address()
    if repository is None:
        return
    repository = repository.rstrip("/")
    config.html_context = {
        **config.html_context,
        "edit_page_url_template": f"{repository}/edit/main/docs/{{{{ file_name }}}}",
        "edit_page_provider_name": "the repository",
    }
    icon = {"name": "Repository", "url": repository, "icon": "fa-solid fa-code-branch"}
    config.html_theme_options = {
        **config.html_theme_options,
        "use_edit_page_button": True,
        "icon_links": [icon],
        "secondary_sidebar_items": ["page-toc", "edit-this-page"],
    }


def hide(app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
    """No edit link on pages that were made."""
    if page.startswith(MADE):
        context["theme_use_edit_page_button"] = False


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx calls this."""
    app.connect("config-inited", link)
    app.connect("html-page-context", hide, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Settings of the documentation site, for Sphinx:  make docs

Its pages are the Markdown files of the checkout, as they lie: README.md, docs/, the cards of the models and data sets.
So a link that works where the source is read works on the site, too.
"""

from srredsim import __version__

project, author, release = "srredsim", "The srredsim developers", __version__
copyright = "The srredsim developers, BSD-3-Clause"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "docs/index"
include_patterns = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/*.md", "models/*/card.md", "data/*/card.md"]
exclude_patterns = [".*", "srredsim", "tests", "tools", "benchmarks", "build", "dist", "runs", "demo"]

# Markdown: headings can be linked to, a block without a language is a terminal, $ is a dollar.
myst_heading_anchors = 3
highlight_language = "none"

# The docstrings are NumPy-style; what stands in single backticks is a name of Python.
default_role = "py:obj"
napoleon_google_docstring = False
napoleon_use_rtype = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"

html_theme = "furo"
html_title = f"srredsim {release}"
html_additional_pages = {"index": "redirect.html"}  # build/docs/index.html leads to the first page
templates_path = ["."]
html_static_path, html_css_files = ["site.css"], ["site.css"]
html_copy_source = html_show_sphinx = False

"""The site of this folder, for `scripts/docs` and for rosdoc2, which runs a copy of it."""

project = 'groot_ros'
author = 'groot_ros maintainers'
copyright = f'{author}, Apache-2.0'
html_title = project
html_theme = 'furo'
html_static_path = ['_static']
html_css_files = ['wide.css']

extensions = ['myst_parser']
myst_heading_anchors = 3
# What sphinx-apidoc writes for rosdoc2: nodes are the interface here, not Python modules.
exclude_patterns = ['generator', 'pictures', 'modules.rst', 'groot_ros*.rst']

rosdoc2_settings = {
    'enable_autodoc': False,
    'enable_breathe': False,
    'enable_exhale': False,
    'support_markdown': False,  # by myst_parser above
}

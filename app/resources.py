"""Where the folders beside the package are: templates, translations, migrations, guides to systems.

In a checkout they stand at the top, where designers and translators look for them; `pip install .` ships
copies inside the package (see setup.py). Both layouts answer to the same names here.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
SHIPPED = ("templates", "translations", "migrations", "certs.example", "docs/connect")


def folder(name: str) -> Path:
    """The folder `name` of the checkout, or its shipped copy; raises KeyError for other names."""
    if name not in SHIPPED:
        raise KeyError(name)
    shipped = _PACKAGE / "shipped" / name
    return shipped if shipped.is_dir() else _PACKAGE.parent / name

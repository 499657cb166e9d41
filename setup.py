"""Ships the folders that stand beside the package; everything else is in pyproject.toml."""

from pathlib import Path
from shutil import copytree, ignore_patterns

from setuptools import setup
from setuptools.command.build_py import build_py

BESIDE_THE_PACKAGE = ("templates", "translations", "migrations", "certs.example", "docs/connect")


class BuildWithFolders(build_py):
    """Copies them into `app/shipped` of the wheel; an editable install reads them where they are."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for name in BESIDE_THE_PACKAGE:
            if Path(name).is_dir():
                target = Path(self.build_lib) / "app" / "shipped" / name
                copytree(name, target, dirs_exist_ok=True, ignore=ignore_patterns("__pycache__"))


setup(cmdclass={"build_py": BuildWithFolders})

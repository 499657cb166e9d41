"""The libraries of the pages are ours to serve: fetched once, checked by digest, mended when damaged."""

import json
from pathlib import Path

import pytest

from app import frontend

MANIFEST = frontend.VENDOR / "manifest.json"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with a small stand-in for npm, which lays out what a real one would."""
    packages = {name for name, _source, _place in frontend.FILES}
    script = [
        "#!/bin/sh",
        "echo run >> npm-ran",
        "mkdir -p node_modules",
        "echo '{}' > node_modules/.package-lock.json",
    ]
    for name in sorted(packages):
        script += [
            f"mkdir -p node_modules/{name}",
            f'echo \'{{"version": "1.2.3"}}\' > node_modules/{name}/package.json',
        ]
    for name, source, _place in frontend.FILES:
        target = f"node_modules/{name}/{source}"
        script += [f"mkdir -p $(dirname {target})", f"echo {source} > {target}"]
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text("\n".join(script))
    npm.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(npm.parent / "python"))
    (tmp_path / "package-lock.json").write_text("{}")
    return tmp_path


def build(shop: Path) -> bool:
    return frontend.build(shop, say=lambda _line: None)


def test_every_file_is_in_the_manifest_with_its_version_and_digest(shop: Path) -> None:
    assert build(shop)

    listed = json.loads((shop / MANIFEST).read_text())["files"]
    assert [place for _name, _source, place in frontend.FILES] == [one["path"] for one in listed]
    assert {("1.2.3", 64)} == {(one["version"], len(one["sha256"])) for one in listed}


def test_a_second_run_does_nothing(shop: Path) -> None:
    build(shop)

    assert not build(shop)
    assert "run\n" == (shop / "npm-ran").read_text()


@pytest.mark.parametrize("harm", ["changed", "removed", "manifest", "pinned"])
def test_damage_and_new_pins_are_mended(shop: Path, harm: str) -> None:
    build(shop)
    page = shop / frontend.VENDOR / "chart" / "chart.umd.min.js"
    match harm:
        case "changed":
            page.write_text("alert(1)")
        case "removed":
            page.unlink()
        case "manifest":
            (shop / MANIFEST).write_text("{")
        case "pinned":
            (shop / "package-lock.json").write_text('{"lockfileVersion": 3}')

    assert build(shop)
    assert "dist/chart.umd.min.js\n" == page.read_text()


def test_a_package_without_its_file_leaves_the_old_libraries_in_place(shop: Path) -> None:
    build(shop)
    (shop / "package-lock.json").write_text('{"lockfileVersion": 3}')
    npm = shop / "bin" / "npm"
    npm.write_text(npm.read_text() + "\nrm node_modules/chart.js/dist/chart.umd.min.js\n")

    with pytest.raises(frontend.FrontendError, match=r"chart\.js has no dist/chart\.umd\.min\.js"):
        build(shop)
    assert (shop / frontend.VENDOR / "chart" / "chart.umd.min.js").exists()
    assert ["vendor"] == [path.name for path in (shop / frontend.VENDOR).parent.iterdir()]


def test_a_failing_npm_is_told_with_its_own_words(shop: Path) -> None:
    (shop / "bin" / "npm").write_text("#!/bin/sh\necho no network >&2\nexit 1\n")

    with pytest.raises(frontend.FrontendError, match="no network"):
        build(shop)

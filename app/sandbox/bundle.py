"""Reading a card's bytes as an iPhone does: accept what iOS accepts, refuse what it refuses, and say why.

iOS itself says nothing to a customer who opens a broken pass; a developer sees the reason only in a Mac's
console. So the phone on screen speaks it. Facts follow Apple's Wallet Passes documentation (pass, pass
fields, building a pass), last checked in 2026-07.
"""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.sandbox.pass_rules import SECTIONS, STYLES, PassRefused, check_styles, check_top_level
from app.sandbox.pass_strings import StringsUnreadable, parse_strings
from app.sandbox.signature import SignatureRefused, check_signature, is_enhanced

__all__ = ["PASS_MEDIA_TYPE", "Bundle", "PassRefused", "read_bundle"]

PERSONALIZATION = "personalization.json"
PASS_MEDIA_TYPE = "application/vnd.apple.pkpass"
LARGEST_FILE_BYTES = 10 * 1024 * 1024
MOST_FILES = 400

_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Bundle:
    """An accepted pass: its parsed pass.json, its files by name, and a digest of all but the signature."""

    pass_: dict[str, Any]
    files: Mapping[str, bytes]
    digest: str

    @property
    def style(self) -> str:
        """What the pass is; a poster may stand beside it."""
        return next(style for style in STYLES if style in self.pass_)

    def strings(self, locale: str) -> dict[str, str]:
        """The translations a phone set to `locale` uses; empty where the pass has none for it."""
        for folder in (locale, locale.replace("_", "-"), re.split("[-_]", locale)[0]):
            if raw := self.files.get(f"{folder}.lproj/pass.strings"):
                return parse_strings(raw)
        return {}

    def image(self, slot: str, locale: str) -> bytes | None:
        """The sharpest picture of a slot; a top-level one hides localised ones, as on the phone."""
        folders = ("", f"{locale}.lproj/", f"{re.split('[-_]', locale)[0]}.lproj/")
        names = [f"{folder}{slot}{scale}.png" for folder in folders for scale in ("@3x", "@2x", "")]
        # A phone whose language the pass does not speak takes one that it does.
        others = sorted(name for name in self.files if name.endswith(f".lproj/{slot}@3x.png"))
        return next((self.files[name] for name in (*names, *others) if name in self.files), None)

    def fields(self) -> Iterator[dict[str, Any]]:
        """All fields of all sections, front and back."""
        for section in SECTIONS:
            yield from self.pass_[self.style].get(section) or []


def read_bundle(raw: bytes, *, plain_http: bool = False, signed: bool = True) -> Bundle:
    """Parse and judge a .pkpass.

    `plain_http` is the developer switch that allows http web services; `signed=False` skips the signature's
    mathematics (for fleets of thousands). Raises PassRefused.
    """
    files = _unzip(raw)
    pass_ = _pass_json(files)
    _check_manifest(files)
    if signed:
        _check_signature(files, pass_)
        _check_enhanced(files, pass_)
    _check_pictures(files)
    check_top_level(pass_, plain_http=plain_http)
    check_styles(pass_)
    bundle = Bundle(pass_, files, hashlib.sha256(files["manifest.json"]).hexdigest())
    _check_strings(bundle)
    return bundle


def _unzip(raw: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > LARGEST_FILE_BYTES:
                raise PassRefused("the archive is larger than any phone accepts")
            files = {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, ValueError) as fault:
        raise PassRefused(f"not a zip archive: {fault}") from fault
    except Exception as fault:  # zlib.error has no common base with the rest
        raise PassRefused(f"the archive is damaged: {fault}") from fault
    return files


def _pass_json(files: Mapping[str, bytes]) -> dict[str, Any]:
    raw = files.get("pass.json")
    if raw is None:
        nested = next((name for name in files if name.endswith("/pass.json")), None)
        where = f"pass.json lies in a folder ({nested})" if nested else "pass.json is missing"
        raise PassRefused(f"{where}; it must be at the root of the archive")
    if raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        raise PassRefused("pass.json begins with a byte order mark")
    try:
        pass_ = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as fault:
        raise PassRefused(f"pass.json is not strict JSON: {fault}") from fault
    if not isinstance(pass_, dict):
        raise PassRefused("pass.json is not a dictionary")
    return pass_


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _check_manifest(files: Mapping[str, bytes]) -> None:
    if "manifest.json" not in files:
        raise PassRefused("manifest.json is missing")
    try:
        manifest = json.loads(files["manifest.json"])
    except (ValueError, RecursionError) as fault:
        raise PassRefused("manifest.json is not JSON") from fault
    if not isinstance(manifest, dict):
        raise PassRefused("manifest.json is not a dictionary")
    content = {name: data for name, data in files.items() if name not in ("manifest.json", "signature")}
    if missing := sorted(set(manifest) - set(content)):
        raise PassRefused(f"manifest.json names a file that is not there: {missing[0]}")
    if extra := sorted(set(content) - set(manifest)):
        raise PassRefused(f"a file is not in manifest.json: {extra[0]}")
    for name, data in content.items():
        if hashlib.sha1(data, usedforsecurity=False).hexdigest() != manifest[name]:
            raise PassRefused(f"manifest.json has another hash for {name}")


def _check_signature(files: Mapping[str, bytes], pass_: Mapping[str, Any]) -> None:
    if not files.get("signature"):
        raise PassRefused("the signature is missing")
    try:
        check_signature(
            files["signature"],
            files["manifest.json"],
            pass_type=str(pass_.get("passTypeIdentifier")),
            team=str(pass_.get("teamIdentifier")),
        )
    except SignatureRefused as fault:
        raise PassRefused(str(fault)) from fault


def _check_enhanced(files: Mapping[str, bytes], pass_: Mapping[str, Any]) -> None:
    """The words are those of a real phone's log."""
    if ("nfc" in pass_ or PERSONALIZATION in files) and not is_enhanced(files["signature"]):
        raise PassRefused(
            "Passes with an NFC dictionary or a Personalization JSON file must be signed with an enhanced "
            "Passbook certificate"
        )


def _check_pictures(files: Mapping[str, bytes]) -> None:
    if not any(re.search(r"(^|/)icon(@[23]x)?\.png$", name) for name in files):
        raise PassRefused("icon.png is missing")
    for name, data in files.items():
        if name.endswith(".png") and not data.startswith(_PNG):
            raise PassRefused(f"{name} is not a PNG")


def _check_strings(bundle: Bundle) -> None:
    for name, raw in bundle.files.items():
        if name.endswith(".lproj/pass.strings"):
            try:
                parse_strings(raw)
            except StringsUnreadable as fault:
                raise PassRefused(f"{name}: {fault}") from fault

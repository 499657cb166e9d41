"""Barcodes: one that a phone cannot draw leaves a blank card at the till."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.wallets.apple.validate.faults import MOST_ENTRIES, Faults

_PREFIX = "PKBarcodeFormat"
FORMATS = ("QR", "PDF417", "Aztec", "Code128")
NEW_FORMATS = ("Code39", "Codabar", "EAN13", "I2of5")
"""Drawn from iOS 27 on; older phones need another one behind them in the list."""
_MESSAGES = {
    "EAN13": (r"\d{12,13}\Z", "12 or 13 digits"),
    "I2of5": (r"(?:\d\d)+\Z", "an even count of digits"),
    "Code39": (r"[0-9A-Z .$/+%-]+\Z", "capital letters, digits and -.$/+% alone"),
    "Codabar": (r"[A-Da-d]?[0-9$:/.+-]+[A-Da-d]?\Z", "digits and -$:/.+ alone"),
    "Code128": (r"[\x00-\x7f]+\Z", "ASCII alone"),
}
_LONGEST = {"QR": 2953, "PDF417": 1850, "Aztec": 1914, "Code128": 80}
"""Bytes at the least correction; a code near them cannot be read from a phone's screen."""

_ENCODING = re.compile(
    r"(?:utf-?(?:8|16)|us-ascii|iso-8859-1?\d|windows-125\d|shift_jis|euc-(?:jp|kr)|big5|gb18030)\Z",
    re.IGNORECASE,
)


def check_barcodes(card: Mapping[str, Any], faults: Faults) -> None:
    """Check `barcodes` and the older `barcode`."""
    codes = card.get("barcodes")
    listed = [code for code in codes if isinstance(code, dict)] if isinstance(codes, list) else []
    for place, code in enumerate(listed[:MOST_ENTRIES]):
        _check(code, f"pass.json#/barcodes/{place}", faults)
    if isinstance(card.get("barcode"), dict):
        _check(card["barcode"], "pass.json#/barcode", faults)
    _check_order([_short(code.get("format")) for code in listed[:MOST_ENTRIES]], faults)
    if "barcode" in card and "barcodes" not in card:
        message = "The single barcode has been out of use since iOS 9."
        faults.warn(
            "barcode-alone", "pass.json#/barcode", message, "Add a list, barcodes, with the same in it."
        )
    if codes == []:
        message = "The list is empty, so the pass has no code at all."
        faults.warn("barcode-none", "pass.json#/barcodes", message, "Add a code, or leave barcodes out.")


def _check_order(formats: list[str], faults: Faults) -> None:
    """A phone draws the first that it knows: what is new goes first, and an older one last."""
    where = "pass.json#/barcodes"
    if formats and set(formats) <= set(NEW_FORMATS):
        message = "Phones older than iOS 27 can draw none of these barcodes."
        faults.warn("barcode-too-new", where, message, "Add a QR or Code 128 code behind.")
    older = next((place for place, form in enumerate(formats) if form in FORMATS), len(formats))
    if late := [form for form in formats[older:] if form in NEW_FORMATS]:
        message = f"{late[0]} stands behind {formats[older]}, which every phone draws, so it is never shown."
        faults.warn("barcode-order", where, message, "Put new formats first and an older one last.")


def _check(code: Mapping[str, Any], where: str, faults: Faults) -> None:
    form, message = _short(code.get("format")), code.get("message")
    known = FORMATS if where.endswith("/barcode") else FORMATS + NEW_FORMATS
    if form not in known or not str(code.get("format")).startswith(_PREFIX):
        faults.add(
            "barcode-format", where, f"{code.get('format')!r} is no barcode.", f"Use {_PREFIX}QR or its kind."
        )
    if not isinstance(message, str) or not message:
        faults.add("barcode-message", where, "The message is missing.", "Write the card's number as text.")
        return
    _check_encoding(code, message, where, faults)
    pattern, words = _MESSAGES.get(form, ("", ""))
    if pattern and not re.match(pattern, message):
        faults.add("barcode-message", where, f"{form} takes {words}.", "Change the message or the format.")
    if form == "EAN13" and re.match(r"\d{13}\Z", message) and _check_digit(message[:12]) != message[12]:
        faults.add(
            "barcode-message", where, "The check digit is wrong.", "Leave the 13th digit to the phone."
        )
    if "altText" in code and not isinstance(code["altText"], str):
        faults.add("barcode-alt-text", where, "altText is not text.", "Write it in quotes.")


def _check_encoding(code: Mapping[str, Any], message: str, where: str, faults: Faults) -> None:
    encoding = code.get("messageEncoding")
    if not isinstance(encoding, str) or not _ENCODING.match(encoding):
        told = f"messageEncoding is {encoding!r}."
        faults.add("barcode-encoding", where, told, "Write iso-8859-1 or utf-8.")
        return
    try:
        size = len(message.encode(encoding))
    except (LookupError, UnicodeError):
        what = f"The message cannot be written in {encoding}."
        faults.add("barcode-encoding", where, what, "Use utf-8, and try it with the till's scanner.")
    else:
        if size > _LONGEST.get(_short(code.get("format")), size):
            faults.add("barcode-too-long", where, "The message is too long for the code.", "Shorten it.")


def _short(form: Any) -> str:
    return form.removeprefix(_PREFIX) if isinstance(form, str) else ""


def _check_digit(digits: str) -> str:
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return str(-total % 10)

"""What Samsung Wallet takes as a loyalty card: names, kinds, lengths.

Vendor page: developer.samsung.com/wallet/addtosamsungwallet/walletcards/loyalty.html (last checked 2026-08).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

REQUIRED = ("title", "providerName", "appLinkLogo", "appLinkName", "appLinkData")
LENGTHS: Mapping[str, int] = {
    "title": 32,
    "eventId": 36,
    "groupingId": 36,
    "orderId": 36,
    "subtitle1": 32,
    "logoImage": 256,
    "logoImage.darkUrl": 256,
    "logoImage.lightUrl": 256,
    "providerName": 32,
    "locations": 1024,
    "noticeDesc": 5000,
    "extendedFields": 1024,
    "csInfo": 512,
    "appLinkLogo": 256,
    "appLinkName": 32,
    "appLinkData": 256,
    "bgImage": 256,
    "bgColor": 8,
    "fontColor": 8,
    "blinkColor": 8,
    "barcode.value": 4096,
    "barcode.serialType": 32,
    "barcode.ptFormat": 32,
    "barcode.ptSubFormat": 32,
    "barcode.errorCorrectionLevel": 4,
}
TIMES = ("startDate", "endDate")
JSON_TEXTS = ("locations", "extendedFields", "csInfo")
ADDRESSES = ("logoImage", "appLinkLogo", "appLinkData", "bgImage")
FORMATS = {"BARCODE", "BARCODESERIAL", "SERIAL", "QRCODE", "QRCODESERIAL"}
SUB_FORMATS = {
    *("AZTEC", "CODABAR", "CODE_39", "CODE_93", "CODE_128", "DATA_MATRIX", "EAN_8", "EAN_13", "ITF"),
    *("PDF_417", "QR_CODE", "UPC_A", "UPC_E"),
}
DATA = {"refId", "createdAt", "updatedAt", "language", "attributes", "localization"}


def faults(body: Any) -> list[str]:
    """Everything that Samsung would refuse about `{card: …}`."""
    card = body.get("card") if isinstance(body, dict) and set(body) == {"card"} else None
    if not isinstance(card, dict) or set(card) != {"type", "subType", "data"}:
        return ["the body must be {card: {type, subType, data}}"]
    if (card["type"], card["subType"]) != ("loyalty", "others"):
        return ["not a loyalty card"]
    data = card["data"]
    if not isinstance(data, list) or not 1 <= len(data) <= 6:
        return ["data must hold one to six cards"]
    return [fault for one in data for fault in _data(one)]


def _data(one: Any) -> Iterator[str]:
    if not isinstance(one, dict) or not set(one) <= DATA:
        yield "unknown parts of data"
        return
    if not isinstance(one.get("refId"), str) or not 1 <= len(one["refId"]) <= 32:
        yield "refId has 1 to 32 characters"
    for name in ("createdAt", "updatedAt"):
        if not _is_ms(one.get(name)):
            yield f"{name} must be epoch milliseconds"
    if not _is_language(one.get("language")):
        yield "language must be two letters"
    attributes = one.get("attributes")
    if not isinstance(attributes, dict):
        yield "attributes are missing"
        return
    yield from (f"{name} is required" for name in REQUIRED if not attributes.get(name))
    yield from _attributes(attributes)
    for other in one.get("localization", []):
        if set(other) != {"language", "attributes"} or not _is_language(other["language"]):
            yield "a localization is {language, attributes}"
            continue
        yield from _attributes(other["attributes"])


def _attributes(found: Mapping[str, Any]) -> Iterator[str]:
    for name, value in found.items():
        if name in TIMES:
            if not _is_ms(value):
                yield f"{name} must be epoch milliseconds"
        elif name not in LENGTHS:
            yield f"{name} is unknown"
        elif not isinstance(value, str) or not 1 <= len(value) <= LENGTHS[name]:
            yield f"{name} must be text of 1 to {LENGTHS[name]} characters"
        elif name in JSON_TEXTS and not _is_json(value):
            yield f"{name} must be JSON in a text"
        elif name in ADDRESSES and not value.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            yield f"{name} must be an address"
    if found.get("barcode.ptFormat", "QRCODE") not in FORMATS:
        yield "barcode.ptFormat is unknown"
    if found.get("barcode.ptSubFormat", "QR_CODE") not in SUB_FORMATS:
        yield "barcode.ptSubFormat is unknown"


def _is_ms(value: Any) -> bool:
    return type(value) is int and 1_000_000_000_000 <= value < 10_000_000_000_000


def _is_language(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 2 and value.isalpha() and value.islower()


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list | dict)
    except ValueError:
        return False

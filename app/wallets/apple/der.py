"""The few words of ASN.1 that a pass signature is made of: written as DER, read as BER.

Apple's own tools write indefinite lengths, so the reader takes them; it trusts nothing, and its depth and
size are bounded.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

DEEPEST = 40
_LONGEST_OID = 40
_LAST_TWO_DIGIT_YEAR = 2049  # UTCTime ends here (RFC 5280)


class OID(StrEnum):
    """Object identifiers of CMS (RFC 5652), of hashes and keys, and of Apple's pass certificates."""

    DATA = "1.2.840.113549.1.7.1"
    SIGNED_DATA = "1.2.840.113549.1.7.2"
    CONTENT_TYPE = "1.2.840.113549.1.9.3"
    MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
    SIGNING_TIME = "1.2.840.113549.1.9.5"
    SHA1 = "1.3.14.3.2.26"
    SHA256 = "2.16.840.1.101.3.4.2.1"
    SHA384 = "2.16.840.1.101.3.4.2.2"
    SHA512 = "2.16.840.1.101.3.4.2.3"
    RSA = "1.2.840.113549.1.1.1"
    RSA_SHA1 = "1.2.840.113549.1.1.5"
    RSA_SHA256 = "1.2.840.113549.1.1.11"
    RSA_SHA384 = "1.2.840.113549.1.1.12"
    RSA_SHA512 = "1.2.840.113549.1.1.13"
    PASS_TYPE = "1.2.840.113635.100.6.1.16"


class BadDer(ValueError):
    """Bytes that are not the ASN.1 they should be."""


# -- writing ---------------------------------------------------------------------------------------


def encode(tag: int, *parts: bytes) -> bytes:
    """One DER element: tag, length, and the parts one after another."""
    body = parts[0] if len(parts) == 1 else b"".join(parts)
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def integer(number: int) -> bytes:
    """The content of an INTEGER that is not negative."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


@lru_cache(maxsize=64)
def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER, tag and all."""
    first, second, *rest = map(int, dotted.split("."))
    return encode(0x06, b"".join(_base128(number) for number in (first * 40 + second, *rest)))


def moment(when: datetime) -> bytes:
    """A UTCTime, or from 2050 a GeneralizedTime; whole seconds. `when` is in UTC."""
    if when.year <= _LAST_TWO_DIGIT_YEAR:
        return encode(0x17, when.strftime("%y%m%d%H%M%SZ").encode())
    return encode(0x18, when.strftime("%Y%m%d%H%M%SZ").encode())


def _base128(number: int) -> bytes:
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(0x80 | number & 0x7F)
    return bytes(reversed(digits))


# -- reading ---------------------------------------------------------------------------------------


class Element(NamedTuple):
    """One element as it stands in `source`: the tag, the whole of it, and its content without end marker."""

    tag: int
    source: bytes
    start: int
    content_start: int
    content_end: int
    end: int

    @property
    def content(self) -> bytes:
        """The bytes inside."""
        _, source, _, start, end, _ = self
        return source[start:end]

    @property
    def whole(self) -> bytes:
        """The bytes with tag and length."""
        return self.source[self.start : self.end]

    def in_source(self, source: bytes) -> Element:
        """The element at the same place of other bytes that are laid out alike."""
        return Element(self.tag, source, *self[2:])

    def children(self, *, limit: int = 64) -> list[Element]:
        """The elements inside; raises BadDer when they do not fill the content exactly."""
        _, source, _, at, stop, _ = self
        found: list[Element] = []
        while at < stop:
            if len(found) == limit:
                raise BadDer(f"more than {limit} elements in one")
            child = read(source, at, stop)
            found.append(child)
            at = child[-1]
        return found

    def as_oid(self) -> str:
        """The dotted form of an OBJECT IDENTIFIER; raises BadDer."""
        content = self.content
        if self.tag != 0x06 or not 0 < len(content) <= _LONGEST_OID:
            raise BadDer("no object identifier where one belongs")
        return _dotted(content)

    def as_moment(self) -> datetime:
        """The instant of a UTCTime or GeneralizedTime; raises BadDer."""
        if self.tag not in (0x17, 0x18):
            raise BadDer("no time where one belongs")
        text, year_digits = self.content, 2 if self.tag == 0x17 else 4
        if len(text) != year_digits + 11 or text[-1:] != b"Z" or not text[:-1].isdigit():
            raise BadDer("a time that is not in the form YYMMDDHHMMSSZ")
        year, rest = int(text[:year_digits]), text[year_digits:-1]
        if self.tag == 0x17:
            year += 2000 if year < 50 else 1900
        try:
            month, day, hour, minute, second = (int(rest[at : at + 2]) for at in range(0, 10, 2))
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError as broken:
            raise BadDer(f"an impossible time: {broken}") from None


def read(source: bytes, at: int = 0, limit: int | None = None, depth: int = 0) -> Element:
    """The element that begins at `at` and ends at or before `limit`; raises BadDer."""
    if limit is None:
        limit = len(source)
    begin = at + 2
    if begin > limit or depth > DEEPEST:
        raise BadDer("cut short or nested too deep")
    tag, size = source[at], source[at + 1]
    if tag & 0x1F == 0x1F:
        raise BadDer("a tag of several bytes")
    if size == 0x80:
        return _indefinite(source, at, limit, depth)
    if size > 0x80:
        begin += size & 0x7F
        if size > 0x84 or begin > limit:
            raise BadDer("an impossible length")
        size = int.from_bytes(source[at + 2 : begin], "big")
    stop = begin + size
    if stop > limit:
        raise BadDer("cut short")
    return Element(tag, source, at, begin, stop, stop)


def _indefinite(source: bytes, at: int, limit: int, depth: int) -> Element:
    """An element without a length, which goes on until two zero bytes."""
    end = at + 2
    while source[end : end + 2] != b"\x00\x00" or end + 2 > limit:
        end = read(source, end, limit, depth + 1).end
    return Element(source[at], source, at, at + 2, end, end + 2)


@lru_cache(maxsize=256)
def _dotted(content: bytes) -> str:
    numbers, number = [], 0
    for byte in content:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    if number or not numbers:
        raise BadDer("an object identifier that is cut short")
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - first * 40, *numbers[1:])))

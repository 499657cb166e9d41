"""The ZIP records of a .pkpass: written by hand so that pictures are hashed and copied once, read by hand
so that a hostile archive is refused before anything of it is unpacked.

Writing: stored members, one fixed time stamp, no extras. Reading: bounded in count, size and expansion;
every byte of trust that the format offers twice (names, sizes, offsets) is compared. Follows PKWARE's
APPNOTE 6.3.10.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_LOCAL_MARK, _CENTRAL_MARK, _END_MARK, _ZIP64_MARK = b"PK\3\4", b"PK\1\2", b"PK\5\6", b"PK\6\7"

_NEEDS_VERSION, _MADE_ON_UNIX = 20, 3 << 8 | 20
_UTF8_NAME, _SIZES_FOLLOW, _ENCRYPTED = 0x0800, 0x0008, 0x0001
_STORED, _DEFLATED = 0, 8
_MODE = 0o100644 << 16
_SYMLINK, _KIND = 0o120000, 0o170000
_DOS_EPOCH = (0, 1 << 5 | 1)  # 1980-01-01 00:00: equal members give equal bytes
_LONGEST_COMMENT = 0xFFFF


class BadArchive(ValueError):
    """An archive that is damaged, or built to deceive."""


class Record(NamedTuple):
    """A stored member: its bytes in the body, and its line in the directory for a given place."""

    head: bytes
    data: bytes
    name: bytes
    crc: int

    def directory_line(self, offset: int) -> bytes:
        """The central directory entry of this member when it begins at `offset`."""
        size = len(self.data)
        common = (_NEEDS_VERSION, _UTF8_NAME, _STORED, *_DOS_EPOCH, self.crc, size, size, len(self.name))
        return _CENTRAL.pack(_CENTRAL_MARK, _MADE_ON_UNIX, *common, 0, 0, 0, 0, _MODE, offset) + self.name

    @property
    def size(self) -> int:
        """Bytes that the member takes in the body."""
        return len(self.head) + len(self.data)


def record(name: str, data: bytes) -> Record:
    """A stored member, ready to be written."""
    encoded, crc, size = name.encode(), zlib.crc32(data), len(data)
    fields = (_NEEDS_VERSION, _UTF8_NAME, _STORED, *_DOS_EPOCH, crc, size, size, len(encoded), 0)
    return Record(_LOCAL.pack(_LOCAL_MARK, *fields) + encoded, data, encoded, crc)


def end(count: int, directory_size: int, directory_offset: int) -> bytes:
    """The record that closes an archive."""
    return _END.pack(_END_MARK, 0, 0, count, count, directory_size, directory_offset, 0)


class Entry(NamedTuple):
    """A member as the central directory tells it."""

    name: str
    method: int
    flags: int
    crc: int
    packed: int
    size: int
    offset: int
    mode: int

    @property
    def is_folder(self) -> bool:
        """Whether this only names a folder."""
        return self.name.endswith("/") and self.size == 0

    @property
    def is_link(self) -> bool:
        """Whether this is a symbolic link."""
        return self.mode & _KIND == _SYMLINK


class Directory(NamedTuple):
    """Where the central directory lies: `members` entries in `data[start:stop]`."""

    start: int
    stop: int
    members: int


def find_directory(data: bytes) -> Directory:
    """Where the central directory lies; raises BadArchive, also for split and ZIP64 archives."""
    at = data.rfind(_END_MARK, max(0, len(data) - _END.size - _LONGEST_COMMENT))
    if at < 0 or at + _END.size > len(data):
        raise BadArchive("this is not a ZIP archive, or its end is missing")
    _, disk, first_disk, here, count, size, start, comment = _END.unpack_from(data, at)
    if at + _END.size + comment != len(data):
        raise BadArchive("bytes follow the end of the archive")
    if disk or first_disk or here != count or data[max(0, at - 20) : at].startswith(_ZIP64_MARK):
        raise BadArchive("a split or ZIP64 archive")
    if start + size != at:
        raise BadArchive("the directory does not lie where the archive says")
    return Directory(start, at, count)


def read_entries(data: bytes, directory: Directory, *, skip: int = 0) -> list[Entry]:
    """The entries after the first `skip` bytes of the directory; raises BadArchive."""
    found, at = [], directory.start + skip
    while at < directory.stop:
        if at + _CENTRAL.size > directory.stop:
            raise BadArchive("the directory is cut short")
        mark, _, _, flags, method, _, _, *rest = _CENTRAL.unpack_from(data, at)
        crc, packed, size, name, extra, comment, _, _, mode, offset = rest
        at += _CENTRAL.size
        raw, at = data[at : at + name], at + name + extra + comment
        if mark != _CENTRAL_MARK or at > directory.stop:
            raise BadArchive("the directory is damaged")
        found.append(Entry(_name(raw, flags), method, flags, crc, packed, size, offset, mode >> 16))
    return found


def extract(data: bytes, entry: Entry, *, limit: int) -> tuple[bytes, int]:
    """A member's bytes, at most `limit`, and the offset at which it ends; raises BadArchive."""
    begin = _data_offset(data, entry)
    stop = begin + entry.packed
    if entry.flags & _ENCRYPTED:
        raise BadArchive(f"{entry.name} is encrypted")
    if entry.size > limit:
        raise BadArchive(f"{entry.name} is larger than {limit} bytes")
    if stop > len(data):
        raise BadArchive(f"{entry.name} is cut short")
    content = _unpack(entry, data[begin:stop])
    if len(content) != entry.size or zlib.crc32(content) != entry.crc:
        raise BadArchive(f"{entry.name} is damaged: its checksum or size is wrong")
    return content, stop


def _data_offset(data: bytes, entry: Entry) -> int:
    if entry.offset + _LOCAL.size > len(data):
        raise BadArchive(f"{entry.name} lies outside the archive")
    mark, _, flags, method, _, _, crc, packed, size, name, extra = _LOCAL.unpack_from(data, entry.offset)
    begin: int = entry.offset + _LOCAL.size
    told_apart = (flags ^ entry.flags) & (_ENCRYPTED | _SIZES_FOLLOW)
    if mark != _LOCAL_MARK or method != entry.method or told_apart:
        raise BadArchive(f"{entry.name} is not where the directory says")
    if _name(data[begin : begin + name], flags) != entry.name:
        raise BadArchive(f"{entry.name} has another name inside")
    if not flags & _SIZES_FOLLOW and (crc, packed, size) != (entry.crc, entry.packed, entry.size):
        raise BadArchive(f"{entry.name} has another size or checksum inside")
    after: int = begin + name + extra
    return after


def _unpack(entry: Entry, packed: bytes) -> bytes:
    if entry.method == _STORED:
        return packed
    if entry.method != _DEFLATED:
        raise BadArchive(
            f"{entry.name} is packed by method {entry.method}, which is neither stored nor deflated"
        )
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = inflater.decompress(packed, entry.size + 1)  # never more than was promised
    except zlib.error:
        raise BadArchive(f"{entry.name} cannot be unpacked") from None
    if not inflater.eof and len(content) <= entry.size:
        content += inflater.decompress(inflater.unconsumed_tail, 1)
    if not inflater.eof or inflater.unused_data:
        raise BadArchive(f"{entry.name} does not unpack to the size it promises")
    return content


def _name(raw: bytes, flags: int) -> str:
    try:
        return raw.decode("utf-8" if flags & _UTF8_NAME else "cp437")
    except UnicodeDecodeError:
        raise BadArchive("a file name that is not UTF-8") from None

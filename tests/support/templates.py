"""Templates that were compiled once in this test process are not compiled for each app again."""

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

_compiled: dict[str, bytes] = {}


class Compiled(BytecodeCache):
    """Kept in memory; jinja2 itself tells by a checksum whether a template changed."""

    def load_bytecode(self, bucket: Bucket) -> None:
        if found := _compiled.get(bucket.key):
            bucket.bytecode_from_string(found)

    def dump_bytecode(self, bucket: Bucket) -> None:
        _compiled[bucket.key] = bucket.bytecode_to_string()

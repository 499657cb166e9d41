"""Pictures that were drawn once in this test process are not drawn for each shop again: equal arguments give
equal bytes, which tests/rendering holds `paint` to.
"""

from app.domain.passes import Artwork
from app.rendering.artwork import cache_key, paint

_drawn: dict[tuple[str, bytes | None], bytes] = {}


def kept(art: Artwork, width: int, height: int, scale: int, source: bytes | None) -> bytes:
    """As `paint`, but once."""
    key = (cache_key(art, width, height, scale), source)
    if key not in _drawn:
        _drawn[key] = paint(art, width, height, scale, source)
    return _drawn[key]

"""How long a banner takes to draw at 1125 x 432 pixels, and what it weighs.

Run `python -m benchmarks.rendering`. "first" draws everything; "next" is another card of the same look.
"""

from __future__ import annotations

import io
import statistics
import time

from PIL import Image

from app.domain.design import Palette
from app.domain.mechanics.base import Progress
from app.domain.passes import Artwork
from app.rendering.artwork import paint
from app.rendering.starters import starters

ROUNDS = 7


def photo() -> bytes:
    """A coloured gradient with grain, 1600 x 1000, as JPEG."""
    grain = Image.effect_noise((1600, 1000), 18)
    slope = Image.linear_gradient("L").resize((1600, 1000))
    out = io.BytesIO()
    Image.merge("RGB", (slope, grain, slope.transpose(Image.Transpose.ROTATE_180))).save(out, "JPEG")
    return out.getvalue()


def timed(artwork: Artwork, source: bytes | None) -> tuple[float, int]:
    """Milliseconds and bytes of one picture."""
    start = time.perf_counter()
    data = paint(artwork, 375, 144, 3, source)
    return (time.perf_counter() - start) * 1000, len(data)


def report(name: str, starter: str, palette: Palette, source: bytes | None) -> None:
    """One line: the first picture of a look, the median of the following, the heaviest."""
    steps = [Progress("stamps", done, 10) for done in range(ROUNDS)]
    sha256 = "0" * 64 if source else None
    shown = [timed(Artwork("banner", starter, palette, sha256, step), source) for step in steps]
    following = statistics.median(ms for ms, _ in shown[1:])
    heaviest = max(size for _, size in shown)
    print(f"{name:<16} first {shown[0][0]:6.0f} ms   next {following:6.0f} ms   {heaviest:>8,} bytes")


def main() -> None:
    """All starters, then a photo."""
    for key, starter in starters().items():
        report(key, key, starter.design.palette, None)
    night = starters()["points-shop"].design.palette
    report("photo", "points-shop", night, photo())


if __name__ == "__main__":
    main()

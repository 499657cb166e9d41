"""Progress must be read at a glance, whatever the goal, the palette and the picture behind it."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.design import Palette, contrast
from app.domain.mechanics.base import Progress
from app.rendering.progress import inks, stamp_grid
from tests.rendering.pictures import CREAM, GREY, NIGHT, STRIP, art, colour_at, near, painted, photo

GOALS = range(2, 31)
SIZES = [STRIP, (1032, 336)]
colours = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")
palettes = st.builds(Palette, background=colours, foreground=colours, label=colours, accent=colours)


def edge(place, degrees: float, share: float = 0.8) -> tuple[float, float]:
    """A point inside a stamp, between its sign and its rim."""
    angle, reach = math.radians(degrees), place.radius * share
    return place.centre[0] + reach * math.cos(angle), place.centre[1] + reach * math.sin(angle)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("goal", GOALS)
def test_stamps_never_overlap_and_stay_on_the_banner(goal: int, size: tuple[int, int]) -> None:
    places = stamp_grid(goal, *size)

    assert goal == len(places)
    for one, other in combinations(places, 2):
        assert math.dist(one.centre, other.centre) >= one.radius + other.radius + size[1] / 72
    for place in places:
        assert place.radius * 1.1 < place.centre[0] < size[0] - place.radius * 1.1
        assert place.radius * 1.1 < place.centre[1] < size[1] - place.radius * 1.1


@pytest.mark.parametrize("goal", GOALS)
def test_a_stamp_is_large_enough_to_be_seen_at_one_pixel_a_point(goal: int) -> None:
    assert min(place.radius for place in stamp_grid(goal, *STRIP)) >= 13


@pytest.mark.parametrize("goal", GOALS)
def test_rows_are_balanced(goal: int) -> None:
    rows: dict[float, int] = {}
    for place in stamp_grid(goal, *STRIP):
        rows[place.centre[1]] = rows.get(place.centre[1], 0) + 1

    assert 1 <= len(rows) <= 3
    assert max(rows.values()) - min(rows.values()) <= 1


@pytest.mark.parametrize("palette", [NIGHT, CREAM, GREY])
@pytest.mark.parametrize("goal", [2, 7, 10, 13, 30])
def test_as_many_circles_are_filled_as_stamps_were_given(goal: int, palette: Palette) -> None:
    for done in {0, 1, goal // 2, goal}:
        picture = painted(art(palette=palette, progress=Progress("stamps", done, goal)), *STRIP, 2)
        places = stamp_grid(goal, *STRIP)
        shown = [colour_at(picture, *(2 * each for each in edge(place, 60))) for place in places]

        assert done == sum(near(colour, inks(palette).done) for colour in shown)
        assert goal - done == sum(near(colour, palette.background) for colour in shown)


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("palette", [NIGHT, CREAM])
def test_stamps_can_be_counted_on_any_photo(palette: Palette, dark: bool) -> None:
    artwork = art(palette=palette, progress=Progress("stamps", 4, 10), uploaded=True)
    picture = painted(artwork, *STRIP, 1, photo(dark=dark))
    shown = [colour_at(picture, *edge(place, 60)) for place in stamp_grid(10, *STRIP)]

    assert 4 == sum(near(colour, inks(palette).done) for colour in shown)


@pytest.mark.parametrize("percent", [0, 2, 38, 74, 100])
@pytest.mark.parametrize(
    "source", [None, photo(dark=True), photo(dark=False)], ids=["drawn", "dark", "light"]
)
def test_the_line_is_as_long_as_the_way_done(percent: int, source: bytes | None) -> None:
    artwork = art(progress=Progress("line", percent, 100), uploaded=source is not None)
    picture = painted(artwork, *STRIP, 1, source)
    done = [x for x in range(18, 336) if near(colour_at(picture, x, 122), inks(NIGHT).done)]
    expected = (337.5 - 26) * percent / 100 + 8 if percent else 0

    assert expected == pytest.approx(len(done), abs=5)
    assert done == list(range(18, 18 + len(done)))


def test_a_line_ends_in_a_goal_that_fills_only_when_it_is_reached() -> None:
    below = painted(art(progress=Progress("line", 98, 100)), *STRIP, 2)
    reached = painted(art(progress=Progress("line", 100, 100)), *STRIP, 2)
    ring = (2 * (350 + 8.6 * math.cos(0.9)), 2 * (122 + 8.6 * math.sin(0.9)))

    assert near(NIGHT.background, colour_at(below, *ring))
    assert near(NIGHT.accent, colour_at(reached, *ring))


def test_the_place_of_the_phones_own_large_figure_stays_calm() -> None:
    """Apple writes the primary field over the strip's left; it must stay readable on a light photo."""
    picture = painted(
        art(progress=Progress("line", 50, 100), uploaded=True), *STRIP, 1, photo(dark=False)
    ).convert("RGB")
    shown = [colour_at(picture, x, y) for x in range(8, 130, 4) for y in range(10, 100, 4)]

    assert min(contrast(NIGHT.foreground, colour) for colour in shown) >= 3


@settings(deadline=None)
@given(palettes)
def test_no_palette_makes_progress_invisible(palette: Palette) -> None:
    used = inks(palette)

    assert contrast(used.outline, used.ground) >= 3
    assert contrast(used.mark, used.done) >= 3
    assert contrast(used.done, used.ground) >= 3 or contrast(used.done, used.track) >= 2.2


@settings(max_examples=15, deadline=None)
@given(st.integers(-5, 2000), st.integers(-5, 40), st.sampled_from(["line", "stamps"]))
def test_odd_counts_still_make_a_picture(done: int, goal: int, kind: str) -> None:
    progress = Progress(kind, done, goal)  # type: ignore[arg-type]

    assert (60, 23) == painted(art(progress=progress), 60, 23).size

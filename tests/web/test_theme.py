"""Whatever colours a shop picks, its pages can be read."""

from hypothesis import given
from hypothesis import strategies as st

from app.domain.design import Palette, contrast
from app.web.theme import DARK, LIGHT, theme_of

COLOUR = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")
PALETTES = st.builds(Palette, background=COLOUR, foreground=COLOUR, label=COLOUR, accent=COLOUR)


@given(PALETTES)
def test_accents_can_be_read_on_every_ground_of_the_page(palette: Palette) -> None:
    theme = theme_of(palette)

    for shade, surface in ((theme.light, LIGHT), (theme.dark, DARK)):
        assert contrast(shade.accent, surface) >= 4.5
        assert contrast(shade.accent, shade.wash) >= 4.5
        assert contrast(shade.on_accent, shade.accent) >= 4.5


def test_a_white_card_lends_the_page_its_accent() -> None:
    palette = Palette(background="#ffffff", foreground="#111111", label="#555555", accent="#b3261e")

    assert "#b3261e" == theme_of(palette).light.accent


def test_a_navy_card_does_not_turn_grey_in_the_dark() -> None:
    palette = Palette(background="#1b1535", foreground="#ffffff", label="#bbaaff", accent="#f2a65a")

    assert "#f2a65a" == theme_of(palette).dark.accent

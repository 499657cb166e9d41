"""Names that cannot be guessed, and that people and programs can carry around."""

import pytest

from app.services import ids


def test_a_serial_never_begins_like_an_option_of_a_command() -> None:
    assert all(ids.token()[0].isalnum() for _ in range(500))


@pytest.mark.parametrize(("kind", "length"), [("letters", 16), ("ean13", 13), ("digits16", 16)])
def test_every_kind_of_number_has_a_check_character_that_finds_a_slip(kind: str, length: int) -> None:
    for _ in range(50):
        number = ids.card_number(kind)
        slipped = number[:5] + ("1" if number[5] != "1" else "2") + number[6:]
        assert (length, True) == (len(number), ids.looks_right(number))
        assert kind == "digits16" or not ids.looks_right(slipped)  # 16 digits may be letters' number, too

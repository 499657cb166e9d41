"""Every reason that rules give for being refused is told in Russian on Russian pages."""

import re
from pathlib import Path

from app.domain.mechanics import chips, multiplier, points_faults
from app.i18n import speaking
from app.web.rule_faults import spoken
from tests.support.web_app import WebShop

MECHANICS = sorted((Path(__file__).resolve().parents[2] / "app" / "domain" / "mechanics").glob("*.py"))
WRITTEN = re.compile(r'(?:found|faults)\[[^\]]+\] = "([^"{}]+)"')


def sentences() -> list[str]:
    """What the rules say, with figures where they have any."""
    plain = [words for path in MECHANICS for words in WRITTEN.findall(path.read_text(encoding="utf-8"))]
    shaped = (*points_faults.SENTENCES, *multiplier.SENTENCES, *chips.SENTENCES)
    filled = [re.sub(r"%\(\w+\)s", "7", words).replace("%%", "%") for words in shaped]
    return [*dict.fromkeys(plain), *filled]


def test_there_are_reasons_to_look_at() -> None:
    assert 30 < len(sentences())


def test_every_reason_is_told_in_russian(shop: WebShop) -> None:
    with shop.app.test_request_context("/"), speaking("ru"):
        said = {words: spoken({"/rules/0": words}).get("/rules/0", "") for words in sentences()}
    assert [] == [words for words, told in said.items() if not re.search("[А-Яа-яё]", told)]

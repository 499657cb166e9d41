"""Olga sees which phones did not come for a change, and what they complained about."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.services.complaints import KINDS, findings_for
from app.storage.database import Database
from app.storage.tables import AppleDevice, AppleRegistration, Card
from app.wallets.apple.complaints import keep_complaints, read_complaint
from tests.support.clock import Clock
from tests.support.counter import Person, card_of, composed_shop, open_plainly, person
from tests.support.web_app import WebShop


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, clock: Clock) -> Iterator[WebShop]:
    with composed_shop(sqlite_database, tmp_path, clock) as opened:
        open_plainly(opened, "stamp-cafe")
        yield opened


@pytest.fixture
def olga(shop: WebShop) -> Person:
    return person(shop, "olga")


def told_long_ago(shop: WebShop, card: Card, hours: int) -> None:
    at = shop.clock.now() - timedelta(hours=hours)
    with shop.parts.db.begin() as session:
        device = AppleDevice(
            library_id=f"library-{card.id}-abcd", pass_type_identifier="pass.x", token_seen_at=at
        )
        session.add(device)
        session.flush()
        session.add(
            AppleRegistration(
                device_id=device.id, card_id=card.id, registered_at=at, pushed_version=2, pushed_at=at
            )
        )


def test_the_page_lists_who_did_not_come_and_who_is_asleep(shop: WebShop, olga: Person) -> None:
    anna = card_of(shop, shop.customer("beans").serial)
    bella = card_of(shop, shop.customer("beans", given_name="Bella", phone="+37120000002").serial)
    vera = card_of(shop, shop.customer("beans", given_name="Vera", phone="+37120000003").serial)
    told_long_ago(shop, anna, 7)
    told_long_ago(shop, bella, 24 * 40)
    told_long_ago(shop, vera, 2)

    olga.opens("/staff/phones")

    assert anna.number in olga.page and bella.number in olga.page
    assert vera.number not in olga.page
    assert "Will be pushed once more" in olga.page
    assert "Asleep" in olga.page
    assert "library-" not in olga.page


def test_the_page_without_any_says_so_in_both_languages(shop: WebShop, olga: Person) -> None:
    olga.opens("/staff/phones")
    assert "Every phone that was told has come." in olga.page


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (
            "Register task (for device D, serial number S1) encountered error: Authentication failure",
            "authentication",
        ),
        (
            "Unregister task (serial number S1) encountered error: Unexpected response code 500",
            "register",
        ),
        (
            "Get pass task (pass type P, serial number S1) encountered error: Unexpected response code 503",
            "fetch",
        ),
        (
            "Get pass task (serial number S1) encountered error: The network connection was lost.",
            "fetch",
        ),
        ("Get serial #s task (for device D) encountered error: The request timed out.", "list"),
        ("Get serial #s task (for device D, pass type P) encountered error: something", "list"),
        (
            "Web service error for P (U): Response to 'What changed?' request included 2 serial numbers "
            "but the lastUpdated tag (T) remained the same.",
            "tag",
        ),
        (
            "Web service error for P (U): Response to 'What changed?' request lacks lastUpdated as text",
            "list",
        ),
        ("Server requested update to serial number 'S1', but the pass was unchanged.", "unchanged"),
        (
            "Get pass task (serial number S1) encountered error: Server ignored the 'if-modified-since' "
            "header (x) and returned the full unchanged pass data.",
            "unchanged",
        ),
        ("Update requested for unregistered serial number S1", "unregistered"),
        (
            "Passes with an NFC dictionary or a Personalization JSON file must be signed with an enhanced "
            "Passbook certificate",
            "enhanced",
        ),
        (
            "Personalize task (pass type P, serial number S1) encountered error: Invalid signature",
            "personalise",
        ),
        ("Manifest signature did not verify successfully", "signature"),
        ("Signature must contain a signing date", "signature"),
        ("Get pass task (serial number S1) encountered error: Received invalid pass data (x)", "invalid"),
        ("Unable to parse expirationDate 2026: a W3C date time stamp is expected", "invalid"),
        ("[2026-01-01 09:00:00 +0000] Register task (serial number S1) encountered error: ?", "register"),
        ("Get pass task (serial number S1) encountered error: ?", "fetch"),
        ("The Internet connection appears to be offline.", "network"),
        ("Task X encountered error: Unexpected response code 302", "answer"),
        ("Something new", "other"),
    ],
)
def test_every_known_line_has_its_kind(line: str, kind: str) -> None:
    assert kind == read_complaint(line)[0]
    assert kind in KINDS


def test_a_cards_complaints_are_told_with_meaning_and_mend(shop: WebShop, olga: Person) -> None:
    anna = shop.customer("beans")
    said = f"Get pass task (serial number {anna.serial}) encountered error: "
    lines = [f"{said}Unexpected response code 502", f"{said}Unexpected response code 503", "Something else"]
    keep_complaints(shop.parts.db, lines, now=shop.clock.now())

    with shop.parts.read() as session:
        [found] = findings_for(session, anna.serial)
    assert ("fetch", 2) == (found.kind, found.count)
    assert "503" in found.said

    olga.opens(f"/staff/cards/{anna.serial}")
    assert "The phone could not fetch the card." in olga.page
    assert "2 times" in olga.page.replace("\u00a0", " ")
    assert "Something else" not in olga.page

"""Whatever a shop designs, and whatever a card holds: what leaves is a pass that Apple takes."""

from __future__ import annotations

from functools import cache

from hypothesis import HealthCheck, given, settings

from app.domain.passes import Artwork, Pass
from app.sandbox.bundle import read_bundle
from app.wallets.apple.bundle import build
from app.wallets.apple.certificates import fingerprint
from app.wallets.apple.passjson import Issuer, card_files
from app.wallets.apple.pictures import picture_files, prepare
from app.wallets.apple.signing import Signer
from app.wallets.apple.validate import verify
from tests.apple.strategies import cards
from tests.support.apple_certs import NOW, PASS_TYPE, TEAM, papers
from tests.support.apple_passes import openssl_accepts_pass, png

TOKEN = "a-token-that-is-long-enough"


@cache
def nfc_signer() -> Signer:
    return Signer(**papers(nfc=True).arguments())


@cache
def drawn(width: int, height: int) -> bytes:
    """A picture of the right form; its size says nothing here, and noise in full size is slow."""
    return png(max(1, width // 8), max(1, height // 8))


def draw(art: Artwork, width: int, height: int, scale: int) -> bytes:
    return drawn(width * scale, height * scale) if art.slot != "icon" else png(38 * scale, 38 * scale)


def signed(pass_: Pass, *, nfc: bool) -> bytes:
    signer = nfc_signer() if nfc else Signer(**papers().arguments())
    issuer = Issuer(PASS_TYPE, TEAM, "https://cards.example.com", "https://cards.example.com/apple", nfc)
    files = card_files(pass_, issuer, authentication_token=TOKEN)
    return build(prepare(dict(picture_files(pass_, draw, nfc=nfc))), files, signer, NOW)


ALWAYS = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@ALWAYS
@given(cards())
def test_any_card_of_any_design_is_a_pass_without_an_error(pass_):
    data = signed(pass_, nfc=True)
    trusted = {fingerprint(nfc_signer().wwdr)}

    assert [] == [fault for fault in verify(data, trusted=trusted) if fault.severity == "error"]
    assert pass_.serial == read_bundle(data, signed=False).pass_["serialNumber"]


@settings(ALWAYS, max_examples=5)
@given(cards())
def test_any_card_carries_a_signature_that_openssl_verifies(pass_):
    assert openssl_accepts_pass(signed(pass_, nfc=True))


@settings(ALWAYS, max_examples=10)
@given(cards())
def test_a_certificate_without_nfc_signs_no_pass_with_nfc(pass_):
    data = signed(pass_, nfc=False)
    trusted = {fingerprint(nfc_signer().wwdr)}

    assert [] == [fault for fault in verify(data, trusted=trusted) if fault.severity == "error"]

"""Words of any language and any shape reach the phone as they were written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.apple_look import AppleLook
from app.domain.passes import PassField
from app.wallets.apple.bundle import build, prepare
from app.wallets.apple.certificates import fingerprint
from app.wallets.apple.passjson import card_files
from app.wallets.apple.signing import Signer
from app.wallets.apple.strings import clean, write_strings
from app.wallets.apple.validate import verify
from tests.apple.test_passjson import ANNA, ISSUER, TOKEN, face
from tests.support.apple_certs import NOW, papers
from tests.support.apple_nfc import NFC
from tests.support.apple_passes import pictures, png, signer

LANGUAGES = ("en", "ru", "ar", "he", "ja", "zh-Hans", "en-GB", "pt-BR")
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def read(data: bytes) -> dict[str, str]:
    """A .strings file letter by letter, by Apple's description and by nobody's code."""
    assert data[:2] in (b"\xff\xfe", b"\xfe\xff"), "UTF-16 with a byte order mark"
    letters = iter(data.decode("utf-16"))
    quoted: list[str] = []
    for letter in letters:
        if letter == '"':
            quoted.append(_until_quote(letters))
        else:
            assert letter in " =;\n", f"{letter!r} between the words"
    return dict(zip(quoted[::2], quoted[1::2], strict=True))


def _until_quote(letters) -> str:
    found = []
    for letter in letters:
        if letter == '"':
            return "".join(found)
        found.append(ESCAPES[next(letters)] if letter == "\\" else letter)
    raise AssertionError("a text without its end")


def told(pass_, locale: str) -> str:
    """What a phone of that language shows for the only field on the back."""
    word = face(pass_)["storeCard"]["backFields"][0]["value"]
    files = card_files(pass_, ISSUER, authentication_token=TOKEN)
    table = read(files[f"{locale}.lproj/pass.strings"]) if f"{locale}.lproj/pass.strings" in files else {}
    return table.get(word, word)


def saying(text, locales=LANGUAGES):
    return replace(ANNA, locales=locales, back=(PassField("f", {"*": ""}, text),))


@pytest.mark.parametrize(
    "words",
    [
        'Say "hi"',
        "C:\\new\\table",
        "one\ntwo\r\nthree\ttabbed",
        "🎉 👩‍👩‍👧‍👦 🇱🇻",
        "بطاقة الولاء ‏(٥٠٪)",
        "כרטיס נאמנות",
        "积分卡，满十送一",
        "ポイントカード",
        "%@ and %@ and 100 %",
        "/* no comment */ // nor this",
        '= ; " = " ;',
        "𝒜 beyond the basic plane",
    ],
)
def test_awkward_words_are_told_as_they_are(words):
    pass_ = saying({"en": "plain", "zh-Hans": words, "en-GB": "colour"})

    assert words.replace("\r\n", "\n") == told(pass_, "zh-Hans")
    assert "colour" == told(pass_, "en-GB")
    assert "plain" == told(pass_, "en")
    assert words.replace("\r\n", "\n") == told(saying({"en": words, "ru": "x"}), "en")


def test_folders_are_named_as_the_phone_looks_for_them():
    files = card_files(saying({"en": "a", "ru": "b"}), ISSUER, authentication_token=TOKEN)

    assert {f"{locale}.lproj/pass.strings" for locale in LANGUAGES} == files.keys() - {"pass.json"}


def test_every_language_has_the_same_keys():
    files = card_files(saying({"en": "a", "ar": "b", "ja": "c"}), ISSUER, authentication_token=TOKEN)
    keys = {frozenset(read(data)) for name, data in files.items() if name.endswith(".strings")}

    assert 1 == len(keys)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(LANGUAGES), st.text(max_size=40), min_size=1))
def test_any_words_in_any_languages_arrive(text):
    pass_ = saying(text)
    fallback = text.get("en") or ""

    for locale in LANGUAGES:
        said = text[locale] if locale in text else text.get(locale.split("-")[0])
        if said is not None and clean(said).strip() and clean(fallback).strip():
            assert clean(said) == told(pass_, locale)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=5))
def test_any_table_is_read_back_by_a_reader_of_its_own(pairs):
    pairs = {clean(key): clean(said) for key, said in pairs.items()}

    assert pairs == read(write_strings(pairs))


def test_a_pass_in_eight_languages_has_no_fault():
    text = {locale: f'«{locale}» "50 %" 🎉' for locale in LANGUAGES}
    data = build(
        prepare(pictures()), card_files(saying(text), ISSUER, authentication_token=TOKEN), signer(), NOW
    )

    assert {"wwdr-development"} == {each.code for each in verify(data, trusted={fingerprint(signer().wwdr)})}


def test_the_questions_of_a_sign_up_are_translated_like_the_card():
    questions = {"en": "Join us", "ru": "Вступайте"}
    look = AppleLook.model_validate(
        {
            "nfc": {"encryption_public_key": NFC["encryptionPublicKey"]},
            "personalisation": {"fields": ["name"], "description": questions},
        }
    )
    pass_ = replace(ANNA, apple=look, personalise=True)
    files = card_files(pass_, ISSUER, authentication_token=TOKEN)
    logo = {f"personalizationLogo{density}.png": png(8, 8) for density in ("", "@2x", "@3x")}
    own = Signer(**papers(nfc=True).arguments())
    data = build(prepare({**pictures(), **logo}), files, own, NOW)

    assert "Вступайте" == read(files["ru.lproj/pass.strings"])["Join us"]
    assert {"wwdr-development"} == {each.code for each in verify(data, trusted={fingerprint(own.wwdr)})}

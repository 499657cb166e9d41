"""The operator reads every fault at once, by the names that were typed, and no secret with them."""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.settings import Settings, SettingsError, is_loopback, unknown_names

STRONG = "a-secret-of-more-than-thirty-two-characters"
SERVICE_ACCOUNT = {"client_email": "a@b.example", "private_key": "k", "token_uri": "https://t.example"}
Setter = Callable[..., None]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Setter:
    monkeypatch.chdir(tmp_path)

    def put(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(f"TILLPASS_{name}", value)

    return put


def faults() -> list[str]:
    with pytest.raises(SettingsError) as raised:
        Settings.load()
    return raised.value.faults


def test_all_faults_are_told_at_once(environment: Setter) -> None:
    environment(SECRET_KEY="short", BASE_URL="http://cards.example", DATABASE_URL="mysql://x/y")
    environment(SMTP_URL="http://mail", GOOGLE_ISSUER_ID="abc", TRUSTED_PROXIES="two", APNS_CA="nowhere.pem")

    told = faults()

    names = ["SECRET_KEY", "BASE_URL", "DATABASE_URL", "APNS_CA", "GOOGLE_ISSUER_ID", "SMTP_URL"]
    assert [f"TILLPASS_{name}" for name in [*names, "TRUSTED_PROXIES"]] == [one.split()[0] for one in told]
    assert "TILLPASS_TRUSTED_PROXIES must be a whole number" == told[-1]


def test_a_secret_key_is_required_outside_the_sandbox(environment: Setter) -> None:
    assert ["TILLPASS_SECRET_KEY is required outside the sandbox"] == [one.split(";")[0] for one in faults()]


def test_the_sandbox_keeps_one_secret_over_restarts(environment: Setter, tmp_path: Path) -> None:
    environment(SANDBOX="1")

    first, second = Settings.load(), Settings.load()

    kept = tmp_path / "instance" / "secret-key"
    assert first.secret_key == second.secret_key
    assert kept.read_text() == first.secret_key.get_secret_value()
    assert 0o600 == stat.S_IMODE(kept.stat().st_mode)
    assert [kept] == list(kept.parent.iterdir())


def test_plain_http_is_for_this_machine_and_the_sandbox(environment: Setter) -> None:
    environment(SECRET_KEY=STRONG, BASE_URL="http://127.0.0.1:9000/")
    assert "http://127.0.0.1:9000" == Settings.load().base_url

    environment(BASE_URL="http://192.168.1.5:8000")
    assert 1 == len(faults())

    environment(SANDBOX="1")
    assert "http://192.168.1.5:8000" == Settings.load().base_url


def test_a_value_may_come_from_a_file(environment: Setter, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{STRONG}\n")
    environment(SECRET_KEY_FILE="key")

    assert STRONG == Settings.load().secret_key.get_secret_value()


def test_a_value_and_its_file_together_are_a_fault(environment: Setter, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(STRONG)
    environment(SECRET_KEY_FILE="key", SECRET_KEY=STRONG)

    assert [
        "TILLPASS_SECRET_KEY is set twice: remove TILLPASS_SECRET_KEY or TILLPASS_SECRET_KEY_FILE"
    ] == faults()


def test_a_file_that_is_missing_or_binary_is_told_with_its_name(environment: Setter, tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(b"\xff\xfe\x00")
    environment(SECRET_KEY=STRONG, SMTP_URL_FILE="noise", APNS_URL_FILE="gone")

    assert {"TILLPASS_APNS_URL", "TILLPASS_SMTP_URL"} == {one.split()[0] for one in faults()}


def test_an_empty_variable_counts_as_unset(environment: Setter) -> None:
    environment(SECRET_KEY=STRONG, APNS_URL="", GOOGLE_CREDENTIALS="", SANDBOX="")

    assert ("https://api.push.apple.com", False) == (Settings.load().apns_url, Settings.load().sandbox)


def test_secrets_are_not_shown(environment: Setter) -> None:
    environment(
        SECRET_KEY=STRONG, DATABASE_URL="postgresql+psycopg://u:hidden@db/t", SMTP_URL="smtp://u:hidden@m"
    )
    environment(GOOGLE_CREDENTIALS=json.dumps(SERVICE_ACCOUNT | {"private_key": "hidden"}))

    shown = repr(Settings.load()) + str(Settings.load())

    assert STRONG not in shown
    assert "hidden" not in shown


def test_faults_do_not_repeat_what_was_typed(environment: Setter) -> None:
    environment(
        SECRET_KEY="hunter2", DATABASE_URL="mysql://u:hunter2@x", SMTP_URL="hunter2", SANDBOX="hunter2"
    )

    assert "hunter2" not in " ".join(faults())


def test_a_google_key_may_be_text_or_a_path(environment: Setter, tmp_path: Path) -> None:
    (tmp_path / "google.json").write_text(json.dumps(SERVICE_ACCOUNT))
    for value in (json.dumps(SERVICE_ACCOUNT), "google.json"):
        environment(SECRET_KEY=STRONG, GOOGLE_CREDENTIALS=value)
        assert SERVICE_ACCOUNT == Settings.load().google_service_account


def test_an_extra_anchor_may_be_a_path_or_the_certificate_itself(environment: Setter, tmp_path: Path) -> None:
    pem = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----"
    (tmp_path / "root.pem").write_text(pem)

    environment(SECRET_KEY=STRONG, APNS_CA="root.pem")
    assert Path("root.pem") == Settings.load().apns_ca

    for value in (pem, ""):
        environment(APNS_CA=value, APNS_CA_FILE="" if value else "root.pem")
        kept = Settings.load().apns_ca
        assert kept is not None
        assert (Path("instance/apns-ca.pem"), pem) == (kept, kept.read_text())


@pytest.mark.parametrize("value", ["[]", "{", '{"client_email": "x"}', "no-such-file.json"])
def test_a_google_key_that_is_not_whole_is_a_fault(environment: Setter, value: str) -> None:
    environment(SECRET_KEY=STRONG, GOOGLE_CREDENTIALS=value)

    assert ["TILLPASS_GOOGLE_CREDENTIALS"] == [one.split()[0] for one in faults()]


def test_the_google_root_may_be_given_with_or_without_its_path(environment: Setter) -> None:
    for value in ("http://127.0.0.1:7/", "http://127.0.0.1:7/walletobjects/v1"):
        environment(SECRET_KEY=STRONG, GOOGLE_API_URL=value)
        assert "http://127.0.0.1:7" == Settings.load().google_api_url


def test_a_database_address_of_a_hosting_company_is_understood(environment: Setter) -> None:
    environment(SECRET_KEY=STRONG, DATABASE_URL="postgres://u:p@db/tillpass")

    assert "postgresql+psycopg://u:p@db/tillpass" == Settings.load().database_url


def test_the_default_database_stands_in_the_instance_folder(environment: Setter) -> None:
    environment(SECRET_KEY=STRONG, INSTANCE_DIR="elsewhere")

    assert "sqlite:///elsewhere/tillpass.db" == Settings.load().database_url


def test_a_misspelt_name_is_found() -> None:
    environ = {
        "TILLPASS_BASEURL": "x",
        "TILLPASS_BASE_URL": "y",
        "TILLPASS_SECRET_KEY_FILE": "z",
        "HOME": "/",
    }

    assert ["TILLPASS_BASEURL"] == unknown_names(environ)


@given(st.text())
def test_any_host_gets_an_answer(host: str) -> None:
    assert is_loopback(host) in (True, False)


@given(value=st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1))
def test_any_text_is_taken_or_told_and_never_a_crash(value: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in (
            "BASE_URL",
            "SMTP_URL",
            "DATABASE_URL",
            "APNS_CA",
            "GOOGLE_CREDENTIALS",
            "GOOGLE_API_URL",
        ):
            patch.setenv(f"TILLPASS_{name}", value)
        patch.setenv("TILLPASS_SECRET_KEY", STRONG)
        try:
            Settings.load()
        except SettingsError as error:
            assert error.faults

"""`tillpass doctor CARD` and the doctor's other options, as an operator types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli.doctor import doctor
from tests.support.service import SECRET, Service


@pytest.fixture
def operator(sqlite_service: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    """The environment of an operator of this very service."""
    settings = sqlite_service.parts.settings
    monkeypatch.setenv("TILLPASS_SECRET_KEY", SECRET)
    monkeypatch.setenv("TILLPASS_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("TILLPASS_BASE_URL", settings.base_url)
    monkeypatch.setenv("TILLPASS_CERTS_DIR", str(settings.certs_dir))
    monkeypatch.setenv("TILLPASS_INSTANCE_DIR", str(settings.instance_dir))
    monkeypatch.setenv("TILLPASS_APNS_URL", settings.apns_url)
    monkeypatch.setenv("TILLPASS_APNS_CA", str(settings.apns_ca))
    return sqlite_service


def asked(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(doctor, arguments, catch_exceptions=False)
    return done.exit_code, done.output


def test_a_card_in_step_is_told_with_its_phones(operator: Service) -> None:
    serial, _ = operator.holder()

    code, text = asked(serial)

    assert 0 == code
    assert "Every phone shows the current card" in text
    assert "made and checked just now, a phone takes it" in text
    assert "fetched: version 1" in text


def test_a_card_is_found_by_its_number_with_or_without_spaces(operator: Service) -> None:
    serial, _ = operator.holder()
    number = operator.card(serial).number

    assert serial in asked(number)[1]
    assert serial in asked(" ".join(number))[1]


def test_a_pass_that_a_phone_would_refuse_is_broken(operator: Service, tmp_path: Path) -> None:
    serial, _ = operator.holder()
    certs = Path(operator.parts.settings.certs_dir)
    (tmp_path / "empty").mkdir()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TILLPASS_CERTS_DIR", str(tmp_path / "empty"))
        code, text = asked(serial)

    assert certs.exists()
    assert 1 == code
    assert "a phone would refuse it" in text


def test_complaints_and_errors_of_a_card_are_told(operator: Service) -> None:
    serial, _ = operator.holder()
    line = f"Get pass task (pass type P, serial number {serial}) encountered error: response code 503"
    operator.app.test_client().post("/apple/v1/log", json={"logs": [line]})
    operator.apns.faults.outage = True
    operator.shop.buys(serial, 1000)
    operator.works()

    _, text = asked(serial)

    assert "(fetch): Get pass task" in text
    assert "last error: Apple's push service" in text


def test_programs_get_the_same_as_json(operator: Service) -> None:
    serial, _ = operator.holder()

    told = json.loads(asked(serial, "--json")[1])

    assert (serial, "in-step", []) == (told["serial"], told["told"]["code"], told["faults"])


def test_the_doctor_looks_from_outside_unless_told_not_to(operator: Service) -> None:
    """The service runs: it is reached at its own address, and Apple's door opens."""
    operator.holder()

    _, text = asked()
    _, offline = asked("--offline")

    assert "phones are let through as they come" in text
    assert "Apple's push service answers and accepts our certificate" in text
    assert "let through" not in offline


def test_a_symptom_asks_for_its_causes_alone(operator: Service) -> None:
    _, text = asked("--offline", "--json", "--symptom", "not-on-android")

    codes = {row["code"] for row in json.loads(text)}
    assert "google-off" in codes
    assert "mail-off" not in codes


def test_a_change_that_is_meant_is_accepted_by_command(operator: Service) -> None:
    _, text = asked("--offline", "--accept")

    assert "Accepted as it is now: secret-key" in text
    assert "Accepted" not in asked("--offline", "--accept")[1]

"""`tillpass certs migrate`: refused without papers, said twice, and followed."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from app.cli.certs import certs
from tests.support.handset import street
from tests.support.service import OTHER_PASS_TYPE, SECRET, Service, papers


@pytest.fixture
def run(service: Service, monkeypatch: pytest.MonkeyPatch) -> object:
    assert "cafe" == service.shop.slug  # which opens it
    told = {
        "SANDBOX": "0",
        "SECRET_KEY": SECRET,
        "DATABASE_URL": service.parts.settings.database_url,
        "CERTS_DIR": str(papers().certs),
        "INSTANCE_DIR": str(service.folder),
        "BASE_URL": "https://cards.example",
    }
    for name, value in told.items():
        monkeypatch.setenv(f"TILLPASS_{name}", value)

    def command(*arguments: str) -> Result:
        return CliRunner().invoke(certs, ["migrate", *arguments])

    return command


def test_a_programme_moves_and_its_progress_is_shown(service: Service, run: object) -> None:
    assert callable(run)
    with street(service) as town:
        serial, phone = service.customer(), town.phone()
        town.adds(phone, serial)
        service.customer("Vera")
        first = run("cafe", OTHER_PASS_TYPE)
        assert 0 == first.exit_code, first.output
        assert f"cafe moves to {OTHER_PASS_TYPE}." in first.output
        assert "2 still to switch over" in first.output
        assert "moves already" in run("cafe", OTHER_PASS_TYPE).output
        town.works()
        assert "1 old passes wait for their holders, 0 were replaced" in run("cafe", "--status").output
        town.adds(phone, serial)
        told = run("cafe", "--status").output
    assert "0 still to switch over" in told
    assert "0 old passes wait for their holders, 1 were replaced" in told
    assert "0 old passes are on a phone" in told


def test_without_a_certificate_nothing_moves(service: Service, run: object) -> None:
    assert callable(run)
    refused = run("cafe", "pass.example.nobody")
    assert 1 == refused.exit_code
    assert "There is no certificate for pass.example.nobody" in refused.output
    assert "never moved" in run("cafe", "--status").output
    assert 2 == run("cafe").exit_code

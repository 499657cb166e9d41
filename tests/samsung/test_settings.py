"""From settings to a wallet: all of Samsung's names together, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.cli.slips import in_one_line
from app.compose import compose
from app.settings import Settings
from app.storage.database import Database
from app.wallets.samsung.keys import InvalidKeys
from app.wallets.samsung.wallet import SamsungWallet
from tests.support.samsung_server import keys, private_pem, public_pem

NAMES = {"samsung_partner_id": "4048", "samsung_card_id": "3ir7", "samsung_certificate_id": "zAtI"}


def set_up(folder: Path, **changes: Any) -> Settings:
    ours, samsungs, _ = keys()
    told = {
        **NAMES,
        "samsung_private_key": private_pem(ours),
        "samsung_public_keys": public_pem(samsungs),
        **changes,
    }
    given = {name: value for name, value in told.items() if value is not None}
    return Settings(secret_key="x" * 40, instance_dir=folder, **given)


def test_all_of_samsungs_names_switch_it_on(tmp_path: Path, sqlite_database: Database) -> None:
    url = sqlite_database.engine.url.render_as_string(hide_password=False)
    parts = compose(set_up(tmp_path, database_url=url))
    wallet = parts.deps.wallets["samsung"]
    parts.database.close()

    assert isinstance(wallet, SamsungWallet)
    assert ("4048", "3ir7") == (wallet.partner.partner_id, wallet.card_id)


def test_keys_may_be_files(tmp_path: Path) -> None:
    path = tmp_path / "partner.key"
    path.write_text(private_pem(keys()[0]))
    made = set_up(tmp_path, samsung_private_key=str(path))
    assert "BEGIN PRIVATE KEY" in made.samsung_private_key.get_secret_value()


@pytest.mark.parametrize("missing", [*NAMES, "samsung_private_key", "samsung_public_keys"])
def test_one_that_is_missing_is_named_at_the_start(tmp_path: Path, missing: str) -> None:
    with pytest.raises(ValidationError, match=f"TILLPASS_{missing.upper()}"):
        set_up(tmp_path, **{missing: None})


def test_without_any_of_them_there_is_no_samsung_wallet(tmp_path: Path, sqlite_database: Database) -> None:
    url = sqlite_database.engine.url.render_as_string(hide_password=False)
    parts = compose(Settings(secret_key="x" * 40, instance_dir=tmp_path, database_url=url))
    parts.database.close()

    assert ["apple"] == list(parts.deps.wallets)


def test_a_key_that_cannot_be_used_is_one_line_for_the_operator(
    tmp_path: Path, sqlite_database: Database
) -> None:
    url = sqlite_database.engine.url.render_as_string(hide_password=False)
    wrong = set_up(tmp_path, database_url=url, samsung_private_key="-----BEGIN nonsense")
    with pytest.raises(InvalidKeys) as said:
        compose(wrong)

    assert "TILLPASS_SAMSUNG_PRIVATE_KEY" in str(in_one_line(said.value))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("https://push.passwallet.net", ("https://push.passwallet.net",)),
        ("https://A.example , https://b.example/", ("https://a.example", "https://b.example")),
        ("", ()),
    ],
)
def test_the_servers_that_passwallet_may_name_are_a_list(
    tmp_path: Path, told: str, expected: tuple[str, ...]
) -> None:
    made = Settings(secret_key="x" * 40, instance_dir=tmp_path, passwallet_origins=told)
    assert expected == made.passwallet_origins


NO_ORIGINS = ("http://push.passwallet.net", "https://a.example/path", "ftp://a.example", "a b")


@pytest.mark.parametrize("told", NO_ORIGINS)
def test_a_server_that_is_no_plain_https_origin_is_refused(tmp_path: Path, told: str) -> None:
    with pytest.raises(ValidationError):
        Settings(secret_key="x" * 40, instance_dir=tmp_path, passwallet_origins=told)

"""Settings, database, disk, clocks, and what must not change once passes are on phones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import ImageFont
from pydantic import SecretStr
from sqlalchemy import update

from app.cli.doctor import examine
from app.compose import compose
from app.services.health import ground, landmarks
from app.services.health.report import Health
from app.services.ports import Finding
from app.storage.database import Database
from app.storage.tables import Card, Chore, ProgrammeRow
from tests.support import apple_certs
from tests.support.provoked import provokes, troubles
from tests.support.service import Service

SECRET = "a-secret-key-that-is-long-enough-for-a-test-0001"
Environment = pytest.MonkeyPatch


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_template: Path) -> Environment:
    """An operator's environment with a migrated database, in an empty folder."""
    (tmp_path / "instance").mkdir()
    (tmp_path / "instance" / "tillpass.db").write_bytes(sqlite_template.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TILLPASS_SECRET_KEY", SECRET)
    return monkeypatch


def health_of(service: Service) -> Health:
    assert service.parts.deps.health is not None
    return service.parts.deps.health


# -- settings --------------------------------------------------------------------------------------


@provokes("settings")
def test_a_setting_that_cannot_be_read(desk: Environment) -> Iterable[Finding]:
    desk.setenv("TILLPASS_TRUSTED_PROXIES", "many")
    return examine()


def test_a_path_in_the_public_address_has_words_of_its_own(desk: Environment) -> None:
    desk.setenv("TILLPASS_BASE_URL", "https://cards.example.com/apple/v1")

    found = [*examine()]

    assert {"base-url-path"} == troubles(found)
    assert "https://cards.example.com" in found[0].mend.split()


@provokes("setting-unknown")
def test_a_setting_that_nobody_reads(desk: Environment) -> Iterable[Finding]:
    desk.setenv("TILLPASS_SMPT_URL", "smtp://mail.example.com")
    return examine()


@provokes("sandbox")
def test_the_sandbox_says_that_it_is_one(desk: Environment) -> Iterable[Finding]:
    desk.setenv("TILLPASS_SANDBOX", "1")
    return examine()


@provokes("mail-off", "google-off", "base-url-localhost", "apple-no-certificate")
def test_a_service_that_was_only_just_installed(desk: Environment) -> Iterable[Finding]:
    return examine()


@provokes("key-readable")
def test_a_key_that_others_may_read(desk: Environment, tmp_path: Path) -> Iterable[Finding]:
    papers = apple_certs.papers(issued=datetime.now(UTC))
    (papers.write(tmp_path / "certs" / apple_certs.PASS_TYPE) / "key.pem").chmod(0o644)
    return examine()


@provokes("database")
def test_a_database_that_is_away(desk: Environment) -> Iterable[Finding]:
    desk.setenv("TILLPASS_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    return examine()


@provokes("database-migrations")
def test_a_database_without_tables(desk: Environment, tmp_path: Path) -> Iterable[Finding]:
    (tmp_path / "instance" / "tillpass.db").unlink()
    return examine()


@provokes("google-credentials-unusable")
def test_a_google_key_that_is_none(desk: Environment) -> Iterable[Finding]:
    key = '{"type": "service_account", "client_email": "a@b", "private_key": "-", "token_uri": "https://x"}'
    desk.setenv("TILLPASS_GOOGLE_CREDENTIALS", key)
    desk.setenv("TILLPASS_GOOGLE_ISSUER_ID", "3388000000012345678")
    return examine()


# -- disk, clocks, data ----------------------------------------------------------------------------


@provokes("folder-not-writable")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> Iterable[Finding]:
    (tmp_path / "file").write_text("in the way")
    return ground.folders([tmp_path / "file" / "instance"])


@provokes("disk-full")
def test_a_disk_that_is_nearly_full(tmp_path: Path) -> Iterable[Finding]:
    return ground.folders([tmp_path], least_free_mb=10**9)


def test_trials_leave_nothing_behind(tmp_path: Path) -> None:
    assert [] == [*ground.folders([tmp_path], least_free_mb=0)]
    assert [] == list(tmp_path.iterdir())


@provokes("clock-database")
def test_a_database_whose_clock_is_another(postgres_database: Database) -> Iterable[Finding]:
    with postgres_database.read() as session:
        return [*ground.database_clock(session, datetime.now(UTC) + timedelta(minutes=5))]


def test_a_database_with_our_clock_is_fine(database: Database) -> None:
    with database.read() as session:
        assert [] == [*ground.database_clock(session, datetime.now(UTC))]


@pytest.mark.parametrize("nonsense", ["", "yesterday", "32 Jan", "Thu, 99 Foo 2026 00:00:00 GMT"])
def test_a_date_that_cannot_be_read_says_nothing(nonsense: str) -> None:
    assert [] == [*ground.clock_of(nonsense, datetime.now(UTC), "somebody")]


@provokes("time-zone-unknown")
def test_a_time_zone_that_this_machine_lacks(sqlite_service: Service) -> Iterable[Finding]:
    with sqlite_service.parts.deps.db.begin() as session:
        row = session.get_one(ProgrammeRow, sqlite_service.shop.programme_id)
        row.body = {**row.body, "time_zone": "Mars/Olympus_Mons"}
    with sqlite_service.parts.deps.read() as session:
        return [*ground.time_zones(session)]


@provokes("fonts-missing")
def test_a_typeface_that_is_not_there(tmp_path: Path) -> Iterable[Finding]:
    return ground.typeface(lambda text: bool(ImageFont.truetype(str(tmp_path / "Manrope-Bold.ttf"))))


def test_the_typeface_that_is_shipped_is_fine() -> None:
    assert [] == [*ground.typeface()]


# -- what must not change --------------------------------------------------------------------------


def issued(service: Service) -> None:
    """A pass has left, and what must not change is written down."""
    serial = service.customer()
    with service.parts.deps.db.begin() as session:
        session.execute(update(Card).where(Card.serial == serial).values(served_version=1))
    health_of(service).remember()


@contextmanager
def restarted(service: Service, **changes: object) -> Iterator[Health]:
    """The same service after a restart with other settings, on the same database."""
    settings = service.parts.settings.model_copy(update=changes)
    parts = compose(settings, now=service.clock.now)
    assert parts.deps.health is not None
    try:
        yield parts.deps.health
    finally:
        parts.database.close()


def started_anew(service: Service, **changes: object) -> list[Finding]:
    with restarted(service, **changes) as health:
        return health.ready()


def moved(found: Iterable[Finding]) -> set[str]:
    """What must not change and did."""
    return troubles(found) & {"secret-key-changed", "base-url-changed", "apple-team-changed"}


@provokes("secret-key-changed")
def test_a_secret_key_that_was_lost(service: Service) -> Iterable[Finding]:
    issued(service)
    return started_anew(service, secret_key=SecretStr(SECRET))


@provokes("base-url-changed")
def test_an_address_that_has_moved(sqlite_service: Service) -> Iterable[Finding]:
    issued(sqlite_service)
    return started_anew(sqlite_service, base_url="https://cards.example.com")


def test_a_restart_with_the_same_settings_is_fine(sqlite_service: Service) -> None:
    issued(sqlite_service)

    assert set() == moved(started_anew(sqlite_service))


def test_before_the_first_pass_has_left_everything_may_change(sqlite_service: Service) -> None:
    sqlite_service.customer()
    health_of(sqlite_service).remember()

    assert set() == moved(started_anew(sqlite_service, secret_key=SecretStr(SECRET)))


def test_a_change_that_is_meant_is_accepted_once(sqlite_service: Service) -> None:
    issued(sqlite_service)

    with restarted(sqlite_service, base_url="https://cards.example.com") as health:
        assert ["base-url"] == health.accept()
        assert [] == health.accept()
        assert set() == moved(health.ready())


def test_two_processes_that_remember_at_once_agree(service: Service) -> None:
    issued(service)
    now, db = service.clock.now(), service.parts.deps.db

    landmarks.keep(db, {"new": "mine"}, now)
    landmarks._keep_one(db, "new", "theirs", now)

    with service.parts.deps.read() as session:
        assert "mine" == session.get_one(Chore, "landmark:new").result["value"]


def test_the_key_itself_is_not_in_the_database(sqlite_service: Service) -> None:
    secret = sqlite_service.parts.settings.secret_key.get_secret_value()

    assert secret not in landmarks.fingerprint(secret.encode())
    assert landmarks.fingerprint(b"a") != landmarks.fingerprint(b"b")


def test_the_worker_writes_down_what_must_not_change(sqlite_service: Service) -> None:
    serial, _ = sqlite_service.holder()
    sqlite_service.clock.forward(minutes=2)
    sqlite_service.works()

    assert {"base-url-changed"} == moved(started_anew(sqlite_service, base_url="https://other.example"))
    assert serial

"""What the doctor finds, and what it says to do."""

import json
from datetime import UTC, datetime, timedelta

from app.storage.database import connect
from app.storage.tables import HookEvent, HookSource, ProgrammeRow
from tests.cli.conftest import Desk
from tests.support import apple_certs


def found(desk: Desk, **more: str) -> tuple[int, dict[str, dict[str, str]]]:
    done = desk.run("doctor", "--json", "--offline", **more)
    return done.returncode, {row["code"]: row for row in json.loads(done.stdout)}


def test_a_healthy_shop_has_nothing_broken(shop_desk: Desk) -> None:
    papers = apple_certs.papers(issued=datetime.now(UTC))
    folder = papers.write(shop_desk.folder / "certs" / apple_certs.PASS_TYPE)
    (folder / "key.pem").chmod(0o600)

    code, findings = found(shop_desk, TILLPASS_BASE_URL="https://cards.example.com")

    assert 0 == code
    assert {"ok", "warning"} == {row["level"] for row in findings.values()}
    assert {"database", "base-url", "queues"} <= {n for n, row in findings.items() if row["level"] == "ok"}
    assert "key-readable" not in findings


def test_every_finding_is_one_line_with_its_mend(shop_desk: Desk) -> None:
    done = shop_desk.run("doctor", "--offline")

    lines = [line for line in done.stdout.splitlines() if line.startswith("  ")]
    assert all(line.startswith(("  ok  ", "  warning  ", "  broken  ")) for line in lines)
    assert any("TILLPASS_BASE_URL" in line and "[base-url-localhost]" in line for line in lines)
    assert "The card on a phone does not update:" in done.stdout.splitlines()


def test_missing_migrations_are_broken(desk: Desk) -> None:
    code, findings = found(desk)

    assert 1 == code
    assert "Run: tillpass migrate" == findings["database-migrations"]["mend"]


def test_a_database_that_is_away_is_broken(desk: Desk) -> None:
    code, findings = found(desk, TILLPASS_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")

    assert 1 == code
    assert "Connection refused" in findings["database"]["message"]


def test_faults_of_the_settings_are_findings_too(desk: Desk) -> None:
    code, findings = found(desk, TILLPASS_BASE_URL="cards")

    assert 1 == code
    assert "TILLPASS_BASE_URL" in findings["settings"]["message"]


def test_a_setting_that_nobody_reads_is_told(shop_desk: Desk) -> None:
    _, findings = found(shop_desk, TILLPASS_SMPT_URL="smtp://mail.example.com")

    assert "TILLPASS_SMPT_URL" in findings["setting-unknown"]["message"]


def test_a_key_that_others_may_read_is_told(shop_desk: Desk) -> None:
    folder = apple_certs.papers(issued=datetime.now(UTC)).write(
        shop_desk.folder / "certs" / apple_certs.PASS_TYPE
    )
    (folder / "key.pem").chmod(0o644)

    assert "chmod 600" in found(shop_desk)[1]["key-readable"]["mend"]


def test_a_certificate_with_a_foreign_key_is_broken(shop_desk: Desk) -> None:
    folder = apple_certs.papers().write(shop_desk.folder / "certs" / apple_certs.PASS_TYPE)
    (folder / "key.pem").write_bytes(apple_certs.key_pem(apple_certs.key("another")))

    assert 1 == found(shop_desk)[0]


def test_work_that_nobody_takes_is_broken(shop_desk: Desk) -> None:
    """Yesterday's webhook still waits: no worker has run since."""
    leave_event(shop_desk, state="received", due_at=datetime.now(UTC) - timedelta(days=1))

    code, findings = found(shop_desk)

    assert 1 == code
    assert "tillpass worker" in findings["events-late"]["mend"]


def test_events_that_were_put_aside_are_told(shop_desk: Desk) -> None:
    leave_event(shop_desk, state="dead", due_at=None)

    code, findings = found(shop_desk)

    assert 0 == code
    assert "1 webhook events" in findings["events-dead"]["message"]


def leave_event(desk: Desk, *, state: str, due_at: datetime | None) -> None:
    now = datetime.now(UTC)
    database = connect(f"sqlite:///{desk.folder}/instance/tillpass.db")
    with database.write.begin() as session:
        programme = ProgrammeRow(slug="cafe", body={}, created_at=now, updated_at=now)
        session.add(programme)
        session.flush()
        source = HookSource(slug="crm", programme_id=programme.id, kind="generic", secrets=[], created_at=now)
        session.add(source)
        session.flush()
        session.add(
            HookEvent(
                source_id=source.id, dedup_key="e1", body=b"", state=state, received_at=now, due_at=due_at
            )
        )
    database.close()

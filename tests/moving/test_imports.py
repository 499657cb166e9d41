"""Rows that come in: what is new, what is known, what is refused; twice, at once, and after a crash."""

from __future__ import annotations

import io
import threading
from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import func, select

from app.domain.errors import Conflict, KeyReused
from app.services import erasure, loyalty
from app.services.jobs import importing, running, shelf
from app.services.jobs.importing import Asked, Run
from app.services.journal import By, Once
from app.services.moving import reading
from app.storage.tables import Delivery, JobChunk, KeptToken, Operation
from tests.moving.conftest import Mover

HEAD = "phone;given_name;serial;number;balances.points;balances.stamps;spend_minor;consents.marketing;tier\n"


def people(*lines: str) -> bytes:
    return (HEAD + "\n".join(lines) + "\n").encode()


def phone(number: int) -> str:
    return f"+3712000{number:04d}"


def crowd(count: int) -> bytes:
    return people(*(f"{phone(n)};Anna {n};OLD-{n};N{n};{n + 1};;;;" for n in range(count)))


def buys(mover: Mover, serial: str, amount_minor: int, key: str) -> None:
    now, db = mover.shop.clock.now(), mover.shop.deps.db
    receipt = loyalty.Purchase(serial, amount_minor, "EUR")
    loyalty.purchase(db, receipt, Once("test", key, {}), By("till"), now=now)


def test_new_people_come_with_their_cards_and_balances_and_no_gifts(mover: Mover) -> None:
    job = mover.imports(people(f"{phone(1)};Аня;OLD-1;4600000000017;120;13;123400;да;gold"))

    assert ("done", 1, 0, 1) == (job.state, job.done, job.rejected, job.result["created"]), job.result
    found = mover.shop.owner.get("/cards/OLD-1").get_json()
    assert {"points": 120, "stamps": 3, "spend_minor": 123400} == found["balances"]
    assert ("4600000000017", "gold", "Аня") == (
        found["number"], found["tier"], found["member"]["given_name"],
    )  # fmt: skip
    assert [{"source": "import"}] == [event.body for event in mover.events("card.issued")]
    assert [] == mover.events("reward.earned") and mover.is_sound()


def test_known_people_are_changed_and_balances_move_by_the_difference(mover: Mover) -> None:
    mover.imports(people(f"{phone(1)};Anna;OLD-1;N1;120;;1000;yes;"))
    buys(mover, "OLD-1", 5000, "k1")

    job = mover.imports(people(f"{phone(1)};Anna-Maria;;;100;;6500;no;"))

    assert 1 == job.result["updated"]
    found = mover.shop.owner.get("/cards/OLD-1").get_json()
    assert (100, 6500) == (found["balances"]["points"], found["balances"]["spend_minor"])
    assert "Anna-Maria" == found["member"]["given_name"]
    entries = mover.shop.owner.get("/cards/OLD-1/entries").get_json()["items"]
    assert {("import", -520), ("purchase", 500), ("import", 120)} <= {
        (each["kind"], each["amount"]) for each in entries
    }
    assert mover.is_sound()


def test_the_same_file_again_changes_nothing_whatever_happened_since(mover: Mover) -> None:
    data = people(f"{phone(1)};Anna;OLD-1;N1;120;;;;", f"{phone(2)};Boris;OLD-2;N2;0;;;;")
    mover.imports(data)
    buys(mover, "OLD-1", 1000, "k1"), buys(mover, "OLD-2", 1000, "k2")

    again = mover.imports(data)

    assert 2 == again.result["same"]
    assert [220, 100] == [mover.shop.balances(serial)["points"] for serial in ("OLD-1", "OLD-2")]
    stated = mover.imports(data, key="tuesday")
    assert 2 == stated.result["updated"]
    assert [120, 0] == [mover.shop.balances(serial)["points"] for serial in ("OLD-1", "OLD-2")]


def test_every_fault_of_a_row_is_told_and_the_others_are_done(mover: Mover) -> None:
    mover.imports(people(f"{phone(1)};Anna;OLD-1;N1;;;;;", f"{phone(2)};Boris;OLD-2;N2;;;;;"))
    job = mover.imports(
        people(
            f"12;=cmd();{'x' * 41};;-5;1,5;;perhaps;",
            f"{phone(1)};Anna;OLD-2;;;;;;",
            f"{phone(1)};Anna;OLD-9;;;;;;",
            ";Nobody;;;;;;;",
            f"{phone(4)};Dora;OLD-4;N4;7;;;;platinum",
            f"{phone(5)};Egor;OLD-5;N5;7;;;;",
        )
    )

    assert (6, 5, 1) == (job.done, job.rejected, job.result["created"])
    faults = {fault["row"]: fault["error"] for fault in job.result["faults"]}
    assert all(word in faults[1] for word in ("phone", "serial", "points", "stamps", "consents")), faults[1]
    assert "serial: has 41 characters; a serial may have 40 here at most" in faults[1]
    assert "different members" in faults[2] and "has the card OLD-1 already" in faults[3]
    assert "name the member" in faults[4] and "no level" in faults[5]
    lines = mover.errors(job).decode().splitlines()
    assert lines[0].endswith("tier,error") and lines[1].startswith("12,'=cmd()")
    mended = "\n".join([lines[0], lines[5].replace("platinum", "gold")]).encode()
    assert 1 == mover.imports(mended).result["created"]


def test_a_trial_says_what_would_be_and_changes_nothing(mover: Mover) -> None:
    job = mover.imports(crowd(3), dry_run=True)

    assert ("done", 3, {"created": 3, "updated": 0, "same": 0}) == (job.state, job.done, job.result)
    assert [] == mover.cards() and [] == mover.events("card.issued")


def test_lots_end_as_the_file_says_and_plain_numbers_as_what_is_earned_today(mover: Mover) -> None:
    ends = "2030-01-01T00:00:00Z"
    lots = [{"amount": 5, "expires_at": ends}, {"amount": 6, "expires_at": ends}]
    mover.imports([{"card": {"serial": "A"}, "balances": {"points": lots}},
                   {"card": {"serial": "B"}, "balances": {"points": 7}}])  # fmt: skip

    first, second = (row["balances"]["points"] for row in mover.rows())

    assert [{"amount": 11, "expires_at": ends}] == first
    assert 7 == second[0]["amount"] and "expires_at" in second[0]
    job = mover.imports([{"card": {"serial": "A"}, "balances": {"points": [{"amount": 4}]}}])
    assert [{"amount": 4}] == mover.rows()[0]["balances"]["points"], job.result
    assert mover.is_sound()


def test_phones_are_registered_and_nothing_is_pushed_unless_it_is_announced(mover: Mover) -> None:
    def row(name: str) -> dict[str, Any]:
        device = {"device_library_identifier": f"phone-{name}", "push_token": "ab" * 32}
        return {
            "card": {"serial": name},
            "apple": {"authentication_token": f"the-token-of-{name}-long", "devices": [device]},
            "google": {"object_id": f"3388000000012345678.{name}"},
        }

    mover.imports([row("A")])
    mover.imports([row("B")], announce=True)

    with mover.shop.deps.read() as session:
        found = session.execute(
            select(Delivery.wallet, Delivery.due_at.is_(None)).order_by(Delivery.id)
        ).all()
        sealed = session.scalars(select(KeptToken.token)).all()
    assert [("apple", True), ("google", True), ("apple", False), ("google", False)] == [
        tuple(each) for each in found
    ]
    assert not any("the-token" in each for each in sealed)
    bad = row("A") | {"apple": {"authentication_token": "another-token-of-it", "devices": []}}
    assert "another authentication_token" in mover.imports([bad]).result["faults"][0]["error"]


def test_a_stopped_import_stays_stopped_and_one_that_crashed_goes_on(mover: Mover) -> None:
    name, means = mover.lay_down(crowd(120)), mover.shop.deps.means
    running.step(means, rest=lambda _s: None, turn_s=0)
    assert ("running", 50) == (mover.job(name).state, mover.job(name).position)

    def crash(_s: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        running.step(means, rest=crash)
    assert not running.step(means), "its lease still runs"
    mover.shop.clock.forward(minutes=3)
    mover.works()

    assert (120, 120) == (mover.job(name).done, len(mover.cards()))
    other = mover.lay_down(people(f"{phone(900)};Zoe;Z;NZ;;;;;"))
    shelf.cancel(means.db, other, None, now=means.now())
    mover.works()
    assert ("cancelled", 120) == (mover.job(other).state, len(mover.cards()))
    with pytest.raises(Conflict):
        shelf.cancel(means.db, name, None, now=means.now())


def test_two_workers_do_no_row_twice(mover_on_each: Mover) -> None:
    mover = mover_on_each
    name, means = mover.lay_down(crowd(60)), mover.shop.deps.means
    mover.works()
    job = mover.lay_down(crowd(60), key="again")
    with means.db.begin() as session:
        row = shelf.job_called(session, job, None)
        row.due_at = None
    held = mover.job(job)
    runs = [Run.of(means, held, at_once=7) for _ in range(2)]
    lost: list[str] = []

    def work(run: Run) -> None:
        try:
            list(run.do(importing.kept_records(means, held)))
        except shelf.Lost:
            lost.append("one")

    threads = [threading.Thread(target=work, args=(run,)) for run in runs]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    with means.read() as session:
        operations = session.scalar(select(func.count(Operation.id)).where(Operation.source == "import"))
    assert (["one"], 60, 120) == (lost, mover.job(job).done, operations)
    assert 60 == mover.job(name).done and mover.is_sound()


def test_a_row_whose_person_joined_meanwhile_is_theirs(mover_on_each: Mover) -> None:
    """Both find nobody, and one of them is first: the other's rows go again, one by one."""
    mover, means = mover_on_each, mover_on_each.shop.deps.means
    jobs = [mover.job(mover.lay_down(crowd(8), key=key)) for key in ("a", "b")]
    gate = threading.Barrier(2)

    def work(job: Any) -> None:
        gate.wait()
        list(Run.of(means, job, at_once=4).do(importing.kept_records(means, job)))

    threads = [threading.Thread(target=work, args=(job,)) for job in jobs]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert [(8, 0), (8, 0)] == [(j.done, j.rejected) for j in (mover.job(job.public_id) for job in jobs)]
    assert 8 == len(mover.cards()) and mover.is_sound()


def test_the_same_request_has_the_same_job_and_another_file_under_its_key_is_refused(mover: Mover) -> None:
    first = mover.lay_down(crowd(2), key="k1")

    assert first == mover.lay_down(crowd(2), key="k1")
    with pytest.raises(KeyReused):
        mover.lay_down(crowd(3), key="k1")


def test_files_are_sealed_and_forgotten_after_a_week(mover: Mover) -> None:
    name, means = mover.lay_down(people("12;Anna;;;;;;;")), mover.shop.deps.means
    with means.read() as session:
        assert b"Anna" not in session.scalars(select(JobChunk.body)).one()
    mover.works()
    with means.read() as session:
        assert ["errors"] == session.scalars(select(JobChunk.part)).all()

    mover.shop.clock.forward(days=7, minutes=1)
    assert 1 == shelf.forget_old(means.db, means.read, means.now())

    assert b"" == mover.errors(mover.job(name)).split(b"\n", 1)[1]


def test_an_erased_member_is_exported_without_names(mover: Mover) -> None:
    mover.imports([{"member": {"phone": phone(1), "given_name": "Anna"}, "card": {"serial": "A"}}])
    erasure.erase(mover.shop.deps.db, "A", now=mover.shop.clock.now())

    assert b"Anna" not in mover.exports() and phone(1).encode() not in mover.exports(format_="csv")
    job = mover.imports([{"member": {"phone": phone(2)}, "card": {"serial": "A"}}])
    assert "was erased" in job.result["faults"][0]["error"]


def test_what_a_till_set_aside_belongs_to_the_customer_still(mover: Mover) -> None:
    mover.imports([{"card": {"serial": "A"}, "balances": {"points": [{"amount": 100}]}}])
    asked = {"amount_minor": 5000, "currency": "EUR", "redeem_points": 30}
    assert 201 == mover.shop.owner.post("/cards/A/holds", asked, key="h1").status_code

    assert [{"amount": 100}] == mover.rows()[0]["balances"]["points"]


def test_a_file_on_our_own_disk_goes_on_where_it_stopped(mover: Mover) -> None:
    means, file = mover.shop.deps.means, io.BytesIO(crowd(60))
    found = reading.look(file, "csv")
    asked = Asked("cafe", "csv", "cli")
    job = importing.file_job(means, found, asked)
    next(iter(Run.of(means, job, at_once=20).do(reading.records(file, found))))

    again = importing.file_job(means, found, asked)
    assert (job.public_id, 20) == (again.public_id, again.position)
    run = Run.of(means, again)
    list(run.do(reading.records(file, found, after=again.position)))
    assert ("done", 60) == (importing.finish(means, run.job).state, len(mover.cards()))
    assert "done" == importing.file_job(means, found, asked).state


def test_an_export_is_a_job_page_by_page(mover: Mover) -> None:
    mover.imports(crowd(5))
    answer = mover.shop.owner.post("/programmes/cafe/exports", {"format": "ndjson"}, key="e1")
    mover.works()
    told = mover.shop.owner.get(f"/jobs/{answer.get_json()['id']}").get_json()

    assert ("done", 5, 1.0) == (told["state"], told["done"], told["progress"])
    file = mover.shop.owner.get(told["file"].removeprefix("/api/v1"))
    assert [f"OLD-{n}" for n in range(5)] == [
        orjson.loads(line)["card"]["serial"] for line in file.get_data().splitlines()
    ]
    assert timedelta(days=7) == shelf.KEPT

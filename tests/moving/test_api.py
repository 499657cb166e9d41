"""Files over REST, and on the owner's page: who may, what is refused, and what the answers say."""

from __future__ import annotations

import orjson
from werkzeug.test import TestResponse

from app.services.jobs import importing, shelf
from tests.moving.conftest import Mover

ROWS = b"phone,given_name,balances.points\n+37120000001,Anna,120\n12,Boris,5\n"


def sent(mover: Mover, data: bytes = ROWS, query: str = "", **more: str) -> TestResponse:
    kind = more.pop("content_type", "text/csv")
    path = f"/programmes/cafe/imports{query}"
    return mover.shop.owner.post(path, key=more.get("key", ""), data=data, content_type=kind)


def test_a_file_is_taken_tried_done_and_its_faults_are_a_file(mover: Mover) -> None:
    tried = sent(mover, query="?dry_run=true")
    assert (202, "waiting", True, 2) == (
        tried.status_code,
        *(tried.get_json()[name] for name in ("state", "dry_run", "total")),
    )
    mover.works()
    assert [] == mover.cards()

    job = sent(mover, key="k1").get_json()["id"]
    assert "true" == sent(mover, key="k1").headers["Idempotency-Replayed"]
    mover.works()

    told = mover.shop.owner.get(f"/jobs/{job}").get_json()
    assert ("done", 2, 1, 1.0, 1) == (
        *(told[name] for name in ("state", "done", "rejected", "progress")),
        told["result"]["created"],
    )
    errors = mover.shop.owner.get(told["errors"].removeprefix("/api/v1")).get_data(as_text=True)
    assert errors.startswith("\ufeffphone,given_name,balances.points,error\r\n12,Boris,5,phone: ")
    listed = mover.shop.owner.get("/jobs?limit=1").get_json()
    assert (job, True) == (listed["items"][0]["id"], listed["next_cursor"] is not None)


def test_what_is_no_file_of_ours_is_refused_in_words(mover: Mover) -> None:
    assert 415 == sent(mover, content_type="text/plain").status_code
    answer = sent(mover, b"name,points\n1,2\n")
    assert (422, "/api/problems/file-refused") == (answer.status_code, answer.get_json()["type"])
    assert 422 == sent(mover, query="?dry_run=perhaps").status_code
    assert (
        404
        == mover.shop.owner.post("/programmes/none/imports", data=ROWS, content_type="text/csv").status_code
    )
    assert [] == mover.cards()


def test_another_programmes_jobs_do_not_exist(mover: Mover) -> None:
    job = sent(mover).get_json()["id"]
    charlie = mover.shop.program("owner", "bakery")

    for path in (f"/jobs/{job}", f"/jobs/{job}/errors", f"/jobs/{job}/file", "/programmes/cafe/members.csv"):
        assert 404 == charlie.get(path).status_code
    assert 404 == charlie.post(f"/jobs/{job}/cancel").status_code
    assert [] == charlie.get("/jobs").get_json()["items"]
    till = mover.shop.program("till")
    assert [403, 403] == [
        till.get(f"/jobs/{job}").status_code,
        till.get("/programmes/cafe/members.csv").status_code,
    ]


def test_all_members_flow_straight_away(mover: Mover) -> None:
    sent(mover), mover.works()

    lines = mover.shop.owner.get("/programmes/cafe/members.ndjson").get_data().splitlines()
    table = mover.shop.owner.get("/programmes/cafe/members.csv").get_data(as_text=True)

    assert ["+37120000001"] == [orjson.loads(line)["member"]["phone"] for line in lines]
    assert table.startswith("\ufeffphone,email") and "\r\n'+37120000001," in table


def test_a_stopped_job_answers_so_and_its_trial_may_be_done_in_earnest(mover: Mover) -> None:
    job = sent(mover).get_json()["id"]
    assert "cancelled" == mover.shop.owner.post(f"/jobs/{job}/cancel").get_json()["state"]
    trial = mover.job(sent(mover, query="?dry_run=true").get_json()["id"])
    mover.works()

    means = mover.shop.deps.means
    earnest = importing.in_earnest(means, mover.job(trial.public_id), "olga")
    assert earnest == importing.in_earnest(means, mover.job(trial.public_id), "olga")
    mover.works()

    assert (1, "done") == (len(mover.cards()), mover.job(earnest).state)
    with means.read() as session:
        assert not shelf.has(session, mover.job(earnest).id, shelf.INPUT)

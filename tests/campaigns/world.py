"""A café with a handful of customers, a marketer's verbs, and a worker that does a chunk at a time."""

from typing import Any

from sqlalchemy import select

from app.domain.passes import Pass
from app.services import banners, campaign_walk, cards, worker
from app.services.campaign_walk import run_step
from app.services.worker import Parts
from app.storage.tables import Card
from tests.support.api_shop import Shop

WORDS = {"header": {"en": "Tea for two"}, "body": {"en": "This week only."}}


def customers(shop: Shop, many: int, *, news: bool = False) -> list[str]:
    """Serials of new cards."""
    consents = {"consents": [{"purpose": "marketing", "granted": True}]} if news else {}
    made = []
    for number in range(many):
        member = {"phone": f"+3712{int(news)}000{number:03d}"}
        answer = shop.owner.post("/cards", {"programme": "cafe", "member": member, **consents})
        made.append(answer.get_json()["serial"])
    return made


def segment(shop: Shop, rule: Any, key: str = "some") -> str:
    made = shop.owner.post("/segments", {"programme": "cafe", "key": key, "name": key, "rule": rule})
    assert 201 == made.status_code, made.get_json()
    return key


def campaign(shop: Shop, content: Any, **about: Any) -> int:
    body = {"programme": "cafe", "name": "Spring", "content": content, **about}
    made = shop.owner.post("/campaigns", body)
    assert 201 == made.status_code, made.get_json()
    number: int = made.get_json()["id"]
    return number


def started(shop: Shop, content: Any, **about: Any) -> int:
    number = campaign(shop, content, **about)
    answer = shop.owner.post(f"/campaigns/{number}/start")
    assert 200 == answer.status_code, answer.get_json()
    return number


def told(shop: Shop, number: int) -> dict[str, Any]:
    found: dict[str, Any] = shop.owner.get(f"/campaigns/{number}").get_json()
    return found


def step(shop: Shop) -> bool:
    """One chunk."""
    known = shop.deps
    due = campaign_walk.is_due(known.read, known.now())
    return due and run_step(known.db, known.read, now=known.now(), jitter=0.0)


def works(shop: Shop) -> None:
    """All that is due: the clock's banners, roll-outs, campaigns."""
    known = shop.deps
    while banners.follow_clock(known.db, known.read, known.now()):
        pass
    engine = known.db.kw["bind"]
    parts = Parts(known.db, known.read, engine, known.wallets, known.now, lambda: False, lambda: False)
    worker.run_until_idle(parts)


def face(shop: Shop, serial: str) -> Pass:
    """What a phone would be given now."""
    with shop.deps.read() as session:
        card = session.scalars(select(Card).where(Card.serial == serial)).one()
        return cards.current_pass(session, card, shop.clock.now())


def version(shop: Shop, serial: str) -> int:
    number: int = shop.owner.get(f"/cards/{serial}").get_json()["version"]
    return number

"""The guided path of the sandbox: four buttons that do what a customer, a cashier, a marketer and a CRM
would do.

Nothing is pretended: the card is issued, stamped and published through the same use cases, and the CRM's
call is signed
and sent over HTTP to our own address.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import requests
from flask import Blueprint, Response, abort, jsonify, request

from app.audience import audience
from app.deps import deps
from app.domain.design import Palette
from app.domain.errors import Refused
from app.domain.passes import Artwork
from app.i18n import gettext as _
from app.rendering.artwork import paint
from app.services import crm, designs, ids, images, loyalty
from app.services.enrolment import Enrol, Enrolled, enrol
from app.services.journal import By, Once

SHOP, SOURCE, ANNA = "beans", "demo-crm", "demo-anna"
TIMEOUT_S = 20
SEASONS = (
    Palette(background="#7a1f3d", foreground="#ffffff", label="#ffd9e4", accent="#ffb347"),
    Palette(background="#0d5c63", foreground="#ffffff", label="#d9fff8", accent="#ffd166"),
    Palette(background="#24421f", foreground="#ffffff", label="#e2f5d5", accent="#f2c14e"),
)
bp = Blueprint("demo", __name__)


@bp.post("/sandbox/demo/<step>")
@audience("sandbox")
def run(step: str) -> tuple[Response, int]:
    """One step of the path; `{ok, text, link}` and, for the CRM, what was said on the wire."""
    act = STEPS.get(step)
    if not deps().sandbox or act is None:
        abort(404)
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(403)
    try:
        return jsonify(ok=True, **act()), 200
    except Refused as error:
        return jsonify(ok=False, text=error.message), 200
    except requests.RequestException:
        return jsonify(ok=False, text=_("The stand-ins do not answer. Is the sandbox running?")), 200


def _anna() -> Enrolled:
    parts = deps()
    member = {"external_id": ANNA, "given_name": "Anna", "family_name": "Ozola", "phone": "+37120000042"}
    cmd = Enrol(SHOP, member, {"utm_source": "sandbox"}, source="sandbox")
    return enrol(parts.db, cmd, now=parts.now(), default_pass_type=parts.default_pass_type())


def join() -> dict[str, Any]:
    """Anna joins, and adds the card on the first phone of each kind."""
    card = _anna()
    page = f"{deps().base_url}/c/{card.link}"
    phones = requests.get(f"{deps().sandbox_url}/phones", timeout=TIMEOUT_S).json()["phones"]
    for kind, address in (("iphone", f"{page}/card.pkpass"), ("android", f"{page}/google")):
        phone = next((each for each in phones if each["kind"] == kind), None)
        if phone and not any(card.serial in held["id"] for held in phone["cards"]):
            answer = requests.post(
                f"{deps().sandbox_url}/phones/{phone['id']}/add", json={"url": address}, timeout=TIMEOUT_S
            )
            if not answer.ok:
                return {"text": answer.json().get("text", ""), "link": page}
    return {"text": _("Anna has the card on both phones."), "link": page}


def scan() -> dict[str, Any]:
    """Boris scans the card and gives a stamp."""
    parts = deps()
    card = _anna()
    once = Once("sandbox", ids.token(), {"stamps": 1})
    reply = loyalty.stamp(parts.db, card.serial, 1, once, By("boris", "Sandbox"), now=parts.now())
    return {"text": _("Boris gave a stamp: watch both cards."), "balances": reply.body["balances"]}


def banner() -> dict[str, Any]:
    """Marta publishes the next season's picture."""
    parts = deps()
    with parts.read() as session:
        version = designs.history(session, SHOP, limit=1)[0].version
    picture = paint(Artwork("banner", "points-shop", SEASONS[version % len(SEASONS)]), 375, 144, 3, None)
    sha256 = images.upload(parts.db, picture, now=parts.now())
    designs.set_image(parts.db, SHOP, "banner", sha256, now=parts.now(), author="marta")
    return {"text": _("Marta published a new banner: it is on its way to every card."), "link": "/studio"}


def call_crm() -> dict[str, Any]:
    """The CRM sends a birthday gift, signed as Standard Webhooks asks, over HTTP."""
    parts = deps()
    _anna()
    event, stamp = ids.token(12), str(int(parts.now().timestamp()))
    data = {"external_id": ANNA, "stamps": 2, "reason": "birthday gift"}
    body = json.dumps({"type": "adjust", "data": data}, indent=2)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": event,
        "webhook-timestamp": stamp,
        "webhook-signature": _signature(_secret(), f"{event}.{stamp}.{body}".encode()),
    }
    url = f"{parts.base_url}/hooks/{SOURCE}"
    answer = requests.post(url, data=body.encode(), headers=headers, timeout=TIMEOUT_S)
    lines = "\n".join(f"{name}: {value}" for name, value in headers.items())
    return {
        "text": _("The CRM’s webhook was verified, stored and applied: two stamps for a birthday."),
        "request": f"POST /hooks/{SOURCE}\n{lines}\n\n{body}",
        "response": f"{answer.status_code}\n{answer.text}",
    }


def _secret() -> str:
    with deps().read() as session:
        row = crm.source_called(session, SOURCE)
    if row is None:
        raise Refused(_("The demo is not loaded: run “tillpass demo”."))
    return deps().unseal(row.secrets[0])


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


STEPS: dict[str, Callable[[], dict[str, Any]]] = {
    "join": join,
    "scan": scan,
    "banner": banner,
    "crm": call_crm,
}

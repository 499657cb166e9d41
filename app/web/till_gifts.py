"""Gift cards at the till: money is loaded, and the way back is as for everything else."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from app.audience import audience
from app.deps import deps
from app.domain.errors import Invalid
from app.i18n import gettext as _
from app.services import gift_cards
from app.services.journal import By, Once
from app.services.operating import Reply
from app.web.till import at_the_till, do_once, programme_of
from app.web.till_view import amount_minor

bp = Blueprint("till_gifts", __name__)


@bp.post("/till/gifts")
@audience("cashier")
@at_the_till
def load() -> Any:
    """Load money that the customer has just paid."""
    typed = request.form.get("load", "").strip()[:20]

    def loaded(serial: str, once: Once, by: By) -> Reply:
        amount = amount_minor(typed, programme_of(serial).currency)
        if not amount:
            raise Invalid({"/load": _("Type the amount in figures, such as 12.50.")})
        try:
            return gift_cards.load(deps().db, serial, amount, once, by, now=deps().now())
        except Invalid as error:
            raise Invalid({"/load": next(iter(error.faults.values()))}) from None

    return do_once("gift", {"load": typed}, loaded)

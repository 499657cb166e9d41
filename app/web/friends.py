"""Bringing friends: what the card page offers to share, and what an invited visitor reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for

from app.deps import deps
from app.domain.mechanics.gifts import Gift, first_names
from app.domain.mechanics.referral import Referral
from app.domain.programme import Programme
from app.i18n import gettext as _
from app.i18n import local, money, ngettext, number
from app.services import referrals
from app.storage import queries
from app.storage.tables import Card


@dataclass(frozen=True, slots=True)
class Sharing:
    """A member's code, the link that carries it, and what it brings."""

    code: str
    link: str
    words: str


def sharing(card: Card, programme: Programme) -> Sharing | None:
    """What the member can share; makes the code of a card that has none yet."""
    rule = referrals.rule_of(programme)
    if rule is None or card.status != "active":
        return None
    code = card.referral_code or referrals.code_of(deps().db, card.serial, now=deps().now())
    link = deps().base_url + url_for("join.form", slug=programme.slug, friend=code)
    gains = _gains(rule.gives_referrer, rule.gives_friend, programme)
    return Sharing(code, link, f"{_after(rule, programme)} {gains}.") if code else None


def friend_code(programme: Programme, typed: str) -> str:
    """The code of an invitation, if it is some member's; nobody is turned away for a wrong one."""
    if not typed.strip() or referrals.rule_of(programme) is None:
        return ""
    with deps().read() as session:
        row = queries.programme_row(session, programme.slug)
        friend = referrals.referrer(session, row, typed[:40], deps().now())
        return (friend.referral_code or "") if friend else ""


def invitation(programme: Programme, code: str) -> str:
    """What somebody with a friend's code reads above the form; empty for anybody else."""
    rule = referrals.rule_of(programme)
    if rule is None or not code:
        return ""
    gains = _gains(rule.gives_friend, rule.gives_referrer, programme)
    return f"{_('A friend invites you.')} {_after(rule, programme)} {gains}."


def _after(rule: Referral, programme: Programme) -> str:
    if not rule.minimum_minor:
        return _("After the first purchase:")
    least = money(rule.minimum_minor, programme.currency)
    return _("After the first purchase of at least %(amount)s:", amount=least)


def _gains(mine: Sequence[Gift], theirs: Sequence[Gift], programme: Programme) -> str:
    parts = [_("for you %(what)s", what=_gifts(mine, programme))] if mine else []
    parts += [_("for your friend %(what)s", what=_gifts(theirs, programme))] if theirs else []
    return ", ".join(parts)


def _gifts(gifts: Sequence[Gift], programme: Programme) -> str:
    return " + ".join(_gift(each, programme) for each in gifts)


def _gift(gift: Gift, programme: Programme) -> str:
    if gift.unit == "points":
        return ngettext("%(num)s point", "%(num)s points", gift.amount)
    if gift.unit == "stamps":
        return ngettext("%(num)s stamp", "%(num)s stamps", gift.amount)
    if gift.unit == "cashback_minor":
        return money(gift.amount, programme.currency)
    if gift.unit:
        return _("a gift")
    name = local(first_names(programme).get(gift.kept_as, gift.name))
    return name if gift.amount == 1 else f"{number(gift.amount)} × {name}"

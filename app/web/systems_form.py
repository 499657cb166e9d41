"""The forms of a system: what an owner types becomes a source, or faults beside the fields."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.i18n import gettext as _
from app.services.crm.sources import OURS, STRANGERS
from app.web.fault_words import in_words
from app.web.systems_kinds import ADDRESS

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
SECRET = re.compile(r"(?=.{16,200}\Z)[\x21-\x7e][\x20-\x7e]*[\x21-\x7e]")
TOKEN = re.compile(r"[\x20-\x7e]{0,2000}")
MOST_KEYS = 50
HOUR_S = 3600
MOST_HOURS = 90 * 24
FIELDS = ("slug", "programme", "secret", "settings", "mapping", "token", "quiet", "strangers")


@dataclass
class Typed:
    """What stands in the fields, and what is wrong with it: (JSON pointer, words) by field."""

    fields: dict[str, str]
    faults: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    @classmethod
    def of(cls, form: Mapping[str, str]) -> Typed:
        """As it was sent."""
        return cls({name: form.get(name, "").strip() for name in FIELDS})

    @classmethod
    def kept(cls, settings: Mapping[str, Any], mapping: Mapping[str, Any], **more: str) -> Typed:
        """What a form begins with."""
        theirs = {name: value for name, value in settings.items() if name not in OURS}
        blank = dict.fromkeys(FIELDS, "")
        strangers = str(settings.get("strangers", STRANGERS[0]))
        said = {"settings": pretty(theirs), "mapping": pretty(mapping), "strangers": strangers}
        return cls({**blank, **said, **more})

    def fault(self, name: str, words: str, where: str = "") -> None:
        """Say what is wrong with a field."""
        self.faults.setdefault(name, []).append((where, words))

    def refused(self, faults: Mapping[str, str]) -> None:
        """Faults of the service, each beside the field in which its pointer lies."""
        for where, words in faults.items():
            name = where.split("/")[1] if where.startswith("/") else ""
            name = name if name in FIELDS else "mapping"
            self.fault(name, _url_words(words), where)

    def about(self, name: str, address: str = "") -> dict[str, Any]:
        """An object of JSON; a fault, and nothing, for anything else."""
        try:
            found = orjson.loads(self.fields[name].replace(ADDRESS, address) or "{}")
        except orjson.JSONDecodeError as error:
            place = {"line": error.lineno, "column": error.colno}
            self.fault(name, _("This is not JSON: look at line %(line)s, column %(column)s.", **place))
            return {}
        if not isinstance(found, dict) or len(found) > MOST_KEYS:
            self.fault(name, _("This should be an object: {…}."))
            return {}
        return found

    def settings(self, address: str) -> dict[str, Any]:
        """Those of the connector, with what becomes of strangers."""
        strangers = self.fields["strangers"]
        found = self.about("settings", address)
        return found | ({"strangers": strangers} if strangers in STRANGERS[1:] else {})

    def quiet_after_s(self) -> int:
        """How long the system may be silent; 0 where nothing is said."""
        hours = self.fields["quiet"] or "0"
        if not hours.isascii() or not hours.isdecimal() or int(hours[:9]) > MOST_HOURS:
            self.fault("quiet", _("Whole hours, %(count)s at most.", count=MOST_HOURS))
            return 0
        return int(hours) * HOUR_S

    def secret(self) -> str | None:
        """The system's own secret, if it was given."""
        if self.fields["secret"] and not SECRET.fullmatch(self.fields["secret"]):
            self.fault("secret", _("16 to 200 Latin letters, digits and signs."))
        return self.fields["secret"] or None

    def token(self) -> str:
        """What the system is called back with."""
        if not TOKEN.fullmatch(self.fields["token"]):
            self.fault("token", _("Latin letters, digits and signs, 2,000 at most."))
        return self.fields["token"]

    def slug(self) -> str:
        """The last part of the address."""
        if not SLUG.fullmatch(self.fields["slug"]):
            self.fault("slug", _("Small Latin letters, digits and hyphens, 40 at most."))
        return self.fields["slug"]


def pretty(value: Any) -> str:
    """JSON as people read it."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def _url_words(words: str) -> str:
    known = {
        "leads to a private network": _("This address leads into a private network."),
        "should be https://…": _("The address should begin with https://."),
        "should be https://… without a password": _(
            "The address should begin with https:// and hold no password."
        ),
        "should use port 443 or 8443": _("Only ports 443 and 8443 are called."),
        "is no address": _("This is no address."),
    }
    return known.get(words) or in_words(words)

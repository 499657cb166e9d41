"""Three demo shops with staff, a till's key and a CRM's webhook source. Loading them again changes
nothing.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.deps import Deps
from app.domain.errors import Conflict
from app.rendering.starters import starters
from app.services import access, crm, programmes

CRM_SOURCE = "demo-crm"
PASS_TYPE = "pass.example.tillpass"
PEOPLE = (("boris", "cashier", "Boris"), ("marta", "marketer", "Marta"), ("olga", "owner", "Olga"))


@dataclass(frozen=True, slots=True)
class Guide:
    """What a newcomer needs: where to click, who signs in, and a key."""

    programmes: tuple[str, ...]
    people: dict[str, str]
    api_key: str

    def text(self, base_url: str) -> str:
        """For the terminal."""
        signs = "\n".join(f"    {login:8} {password}" for login, password in self.people.items())
        return (
            f"\n  Tillpass is starting on {base_url}\n\n"
            f"  Sandbox   {base_url}/sandbox   (phones, till, studio and logs side by side: start here)\n"
            f"  Guide     {base_url}/\n"
            f"  Join      {base_url}/join/{self.programmes[0]}\n"
            f"  Till      {base_url}/till\n  Studio    {base_url}/studio\n  API       {base_url}/api/docs\n\n"
            f"  Sign in with\n{signs}\n\n  API key   {self.api_key}\n\n  Ctrl-C ends all of it.\n"
        )


def load_demo(deps: Deps, instance_dir: Path) -> Guide:
    """Make what is missing; passwords and the key are kept beside the database for the next start."""
    file = instance_dir / "demo.json"
    known = json.loads(file.read_text()) if file.exists() else {}
    slugs = tuple(_programme(deps, name) for name in starters())
    people = {login: _person(deps, login, role, name, known) for login, role, name in PEOPLE}
    key = known.get("api_key") or access.create_key(deps.db, role="owner", name="demo", now=deps.now())
    source = known.get("source") or _source(deps, slugs)
    _keep(file, {"people": people, "api_key": key, "source": source, "programmes": list(slugs)})
    return Guide(_cafe_first(slugs), people, key)


def read_guide(instance_dir: Path) -> dict[str, Any]:
    """What the sandbox's pages may show: `sign_ins` and `api_key`; empty before the demo is loaded."""
    file = instance_dir / "demo.json"
    known = json.loads(file.read_text()) if file.exists() else {}
    people = known.get("people", {})
    rows = [
        {"login": login, "role": role, "name": name, "password": people[login]}
        for login, role, name in PEOPLE
        if login in people
    ]
    return {"sign_ins": rows, "api_key": known["api_key"]} if known else {}


def _cafe_first(slugs: tuple[str, ...]) -> tuple[str, ...]:
    cafe = starters()["stamp-cafe"].programme.slug
    return (cafe, *(slug for slug in slugs if slug != cafe))


def _programme(deps: Deps, starter: str) -> str:
    found = starters()[starter]
    apple = found.programme.apple.model_copy(update={"pass_type_identifier": PASS_TYPE})
    programme = found.programme.model_copy(update={"apple": apple})
    with suppress(Conflict):
        programmes.create(
            deps.db,
            programme,
            now=deps.now(),
            fit_starter=deps.fit_starter,
            design=found.design,
            author="demo",
        )
    return programme.slug


def _person(deps: Deps, login: str, role: str, name: str, known: dict[str, dict[str, str]]) -> str:
    password = known.get("people", {}).get(login) or secrets.token_hex(4)
    with suppress(Conflict):
        access.add_staff(deps.db, login=login, password=password, role=role, name=name, now=deps.now())
    return password


def _source(deps: Deps, slugs: tuple[str, ...]) -> str:
    new = crm.NewSource(slug=CRM_SOURCE, programme=_cafe_first(slugs)[0])
    with suppress(Conflict):
        crm.create_source(deps.db, new, deps.connectors, deps.seal, now=deps.now())
    return CRM_SOURCE


def _keep(file: Path, content: dict[str, object]) -> None:
    """Written beside and renamed, readable by the owner alone."""
    fresh = file.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as out:
        json.dump(content, out)
    fresh.replace(file)

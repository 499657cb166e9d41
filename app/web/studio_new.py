"""A new programme: chosen from the presets, named, and open at once with its card and its rules."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, g, redirect, render_template, request, url_for
from pydantic import ValidationError

from app.audience import audience
from app.deps import deps
from app.domain.errors import Conflict, Invalid
from app.domain.programme import Programme
from app.domain.text import in_locale
from app.i18n import gettext as _
from app.i18n import locale
from app.rendering.presets import Preset, presets
from app.services import designs, programmes
from app.services.inputs import faults_of
from app.web.auth import staff_only
from app.web.faces import face_view
from app.web.fault_words import faults_in_words
from app.web.studio_room import bp

CURRENCIES = ("EUR", "USD", "GBP", "RUB", "KZT", "BYN", "UAH", "PLN", "CZK", "TRY", "GEL", "AMD", "AED")
ZONES = ("Europe/Riga", "Europe/London", "Europe/Berlin", "Europe/Moscow", "Asia/Almaty", "America/New_York")


@bp.get("/studio/new", endpoint="new")
@audience("marketer")
@staff_only("marketer")
def choose() -> Any:
    """The presets, each with its card; one that was chosen opens its form."""
    _everywhere()
    key = request.args.get("preset", "")
    if key in presets():
        return _form(key, {}, {})
    shown = [_shown(name, preset) for name, preset in presets().items()]
    return render_template("studio_new.html", shown=shown, faces=[each["face"] for each in shown])


@bp.post("/studio/new")
@audience("marketer")
@staff_only("marketer")
def start() -> Any:
    """The programme with its first design; what is wrong stands at its field."""
    _everywhere()
    preset = presets().get(request.form.get("preset", "")) or abort(404)
    said = {key: request.form.get(key, "").strip() for key in ("slug", "name", "currency", "time_zone")}
    raw = {**preset.programme, **said, "currency": said["currency"].upper()}
    try:
        _all_said(said)
        programme = preset.programme_for(**{**said, "currency": raw["currency"]}, locales=_languages())
        _create(preset, programme)
    except ValidationError as error:
        return _form(request.form["preset"], said, faults_in_words(faults_of(error, raw))), 422
    except Invalid as error:
        return _form(request.form["preset"], said, faults_in_words(error.faults)), 422
    except Conflict:
        taken = {"/slug": _("There is a programme of this name already.")}
        return _form(request.form["preset"], said, taken), 422
    flash(_("The programme is open: customers can join. Look at its card and its rules next."))
    return redirect(url_for("studio.programme", slug=programme.slug), 303)


def _everywhere() -> None:
    """Who works for one programme alone can start no other."""
    if g.staff.programme_id is not None:
        abort(403)


def _all_said(said: dict[str, str]) -> None:
    """A preset has a name and a currency of its own, which must not slip in."""
    if missing := {f"/{key}": "is required" for key, value in said.items() if not value}:
        raise Invalid(missing)


def _create(preset: Preset, programme: Programme) -> None:
    known = deps()
    programmes.create(
        known.db,
        programme,
        now=known.now(),
        fit_starter=known.fit_starter,
        design=preset.design_for(programme),
        author=g.staff.name,
    )


def _languages() -> list[str]:
    asked = [code for code in ("en", "ru") if request.form.get(f"locale_{code}")]
    return sorted(asked, key=lambda code: code != locale()) or ["en", "ru"]


def _shown(key: str, preset: Preset) -> dict[str, Any]:
    programme = preset.programme_for()
    sample = designs.preview(
        programme,
        preset.design_for(programme),
        now=deps().now(),
        filled=0.6,
        locale=locale(),
        tier=preset.tiers[0].key if preset.tiers else "",
    )
    return {
        "key": key,
        "title": in_locale(preset.title, locale()),
        "about": in_locale(preset.about, locale()),
        "face": face_view(sample, f"preset-{key}"),
    }


def _form(key: str, said: dict[str, str], faults: dict[str, str]) -> str:
    chosen = _shown(key, presets()[key])
    return render_template(
        "studio_new_form.html",
        chosen=chosen,
        faces=[chosen["face"]],
        said={"currency": "EUR", "time_zone": "Europe/Riga", **{k: v for k, v in said.items() if v}},
        faults=faults,
        currencies=CURRENCIES,
        zones=ZONES,
    )

"""No page is open by oversight: every route says for whom it is, in one of the words we know."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import create_app
from app.audience import AUDIENCES, audience
from app.settings import Settings
from app.storage.database import Database

NOT_PUBLIC = ("/till", "/studio", "/staff", "/sandbox", "/api/v1/", "/apple/v1/", "/hooks/", "/metrics")
PUBLIC_BY_DESIGN = {"/api/v1/openapi.json"}  # how to talk to us is no secret
OF_THE_FRAMEWORK = ("static", "openapi.", "flask-apispec.")


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path) -> Flask:
    url = sqlite_database.engine.url.render_as_string(hide_password=False)
    return create_app(Settings(sandbox=True, instance_dir=tmp_path / "instance", database_url=url))


def own_views(app: Flask) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Each route of ours with its view; the framework's files and API description are public by design."""
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith(OF_THE_FRAMEWORK) and not rule.endpoint.endswith(".static"):
            yield rule.rule, app.view_functions[rule.endpoint]


def test_every_route_has_an_audience(app: Flask) -> None:
    silent = [route for route, view in own_views(app) if getattr(view, "audience", None) not in AUDIENCES]

    assert [] == silent


def test_rooms_of_the_staff_and_of_machines_are_not_public(app: Flask) -> None:
    open_doors = [
        route
        for route, view in own_views(app)
        if route.startswith(NOT_PUBLIC) and route not in PUBLIC_BY_DESIGN
        if getattr(view, "audience", None) in ("public", "customer")
    ]

    assert [] == open_doors


def test_the_app_has_routes_to_check(app: Flask) -> None:
    assert {"/healthz", "/readyz"} <= {route for route, _view in own_views(app)}


def test_an_audience_marks_a_view_and_leaves_it_as_it_was() -> None:
    def view() -> str:
        return "till"

    assert view is audience("cashier")(view)
    assert "cashier" == view.audience  # type: ignore[attr-defined]


def test_an_unknown_audience_is_refused_when_the_module_is_read() -> None:
    with pytest.raises(ValueError, match="visitor"):
        audience("visitor")  # type: ignore[arg-type]

"""Staff sign in and out, and the check that stands in front of every staff page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, g, redirect, render_template, request, session, url_for

from app.audience import audience
from app.deps import deps
from app.i18n import LANGUAGES, use
from app.i18n import gettext as _
from app.services import access
from app.storage.tables import Staff
from app.web.security import SESSION_LASTS, limiter

Role = Literal["cashier", "marketer", "owner"]
View = TypeVar("View", bound=Callable[..., Any])
FIRST_PAGE = {"cashier": "/till", "marketer": "/studio", "owner": "/staff"}

bp = Blueprint("auth", __name__)


def _login_tried() -> str:
    return f"login:{request.form.get('login', '').strip().lower()[:120]}"


@bp.get("/sign-in")
@audience("public")
def sign_in() -> Any:
    """The form; those who are signed in already go on."""
    if staff := _signed_in():
        return redirect(_onward(staff))
    return _form()


@bp.post("/sign-in")
@audience("public")
@limiter.limit("20 per minute; 200 per hour")
@limiter.limit("8 per minute; 40 per hour", key_func=_login_tried)
def sign_in_post() -> Any:
    """Check the password; wrong and unknown get the same answer and take the same time."""
    login, password = request.form.get("login", ""), request.form.get("password", "")
    staff = access.sign_in(deps().db, login[:120], password[:1024])
    if staff is None:
        return _form(
            login=login[:120], error=_("The name or the password is not right. Check both and try again.")
        ), 401
    _begin_session(staff)
    return redirect(_onward(staff), 303)


@bp.post("/sign-out")
@audience("public")
def sign_out() -> Any:
    """End the session on this device."""
    session.clear()
    return redirect(url_for("auth.sign_in"), 303)


def _form(login: str = "", error: str = "") -> Response:
    page = render_template(
        "sign_in.html", login=login, error=error, next=local_path(request.values.get("next", ""))
    )
    answer = Response(page)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _begin_session(staff: Staff) -> None:
    """A new session, with a CSRF token of its own: nothing that was there before a sign-in survives it."""
    language = request.values.get("lang") or session.get("lang")
    session.clear()
    session.permanent = True
    session.update(staff=staff.id, epoch=staff.session_epoch, since=int(deps().now().timestamp()))
    if language in LANGUAGES:
        session["lang"] = language


def _onward(staff: Staff) -> str:
    return local_path(request.values.get("next", "")) or FIRST_PAGE[staff.role]


def local_path(address: str) -> str:
    """`address` if it is a path of this site, else an empty text: a sign-in page must send nobody
    elsewhere.
    """
    parts = urlsplit(address) if "\\" not in address and address.isprintable() else None
    if (
        parts is None
        or parts.scheme
        or parts.netloc
        or not address.startswith("/")
        or address.startswith("//")
    ):
        return ""
    return address


def _signed_in() -> Staff | None:
    if "staff" not in session:
        return None
    since = datetime.fromtimestamp(session.get("since", 0), UTC)
    if deps().now() - since > SESSION_LASTS:
        return None
    with deps().read() as db:
        return access.staff_of_session(db, session["staff"], session.get("epoch", -1))


def staff_only(*roles: Role) -> Callable[[View], View]:
    """Open a view to signed-in staff of these roles (an owner may do everything); the person is `g.staff`.

    A page asks to sign in and comes back; a request by a script gets 401, and another role 403.
    """

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            staff = _signed_in()
            if staff is None:
                return _ask_to_sign_in()
            if staff.role != "owner" and staff.role not in roles:
                abort(403)
            g.staff = staff
            _speak_to(staff)
            return view(*args, **kwargs)

        guarded.staff_roles = frozenset({*roles, "owner"})  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return mark


def _ask_to_sign_in() -> Any:
    back = url_for("auth.sign_in", next=local_path(request.full_path.rstrip("?")))
    if request.method != "GET" or request.accept_mimetypes.best == "application/json":
        abort(401)
    return redirect(back)


def _speak_to(staff: Staff) -> None:
    asked = request.args.get("lang", "")
    if asked in LANGUAGES:
        session["lang"] = asked
    elif staff.locale and "lang" not in session:
        use(staff.locale)


def staff_programmes(staff: Staff) -> list[int] | None:
    """The programmes that this person works for; None means all."""
    return None if staff.programme_id is None else [staff.programme_id]


def require_programme(staff: Staff, programme_id: int) -> None:
    """404 for a programme that is none of this person's: they should not even learn that it exists."""
    if staff.programme_id is not None and staff.programme_id != programme_id:
        abort(404)

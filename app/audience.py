"""Says for whom a view is; a test fails on any route that does not, so no page is open by oversight.

The mark grants nothing. It is what reviewers and tests hold the view's own check against.
"""

from collections.abc import Callable
from typing import Any, Literal, TypeVar, get_args

Audience = Literal[
    "public", "customer", "cashier", "marketer", "owner", "api", "vendor", "operator", "sandbox"
]
AUDIENCES: frozenset[str] = frozenset(get_args(Audience))
View = TypeVar("View", bound=Callable[..., Any])


def audience(name: Audience) -> Callable[[View], View]:
    """Mark a view: `@bp.get("/till")` above `@audience("cashier")`, which stands next to the function.

    Raises ValueError at import for a name that is not one of `AUDIENCES`.
    """
    if name not in AUDIENCES:
        raise ValueError(f"{name!r} is no audience; choose one of {', '.join(sorted(AUDIENCES))}")

    def mark(view: View) -> View:
        view.audience = name  # type: ignore[attr-defined]
        return view

    return mark

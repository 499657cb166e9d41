"""The base of every parsed value: frozen, and deaf to unknown keys only by refusing them."""

from __future__ import annotations

import hashlib
import re
from functools import cached_property
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

_PLACEHOLDER = re.compile(r"\{[a-z0-9_.]+\}")


class Frozen(BaseModel):
    """An immutable value that refuses unknown keys, so that a typing error is never silently dropped."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Look(Frozen):
    """A part of a design that every card carries along: its key and its need to be filled are worked out
    once.
    """

    exact: ClassVar[bool] = False
    """Whether lone placeholders of numbers and times are filled for programs (`1234`, ISO 8601), not for
    people.
    """

    @cached_property
    def key(self) -> str:
        """Equal looks have equal keys (hex SHA-256)."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @cached_property
    def templated(self) -> bool:
        """Whether a `{placeholder}` stands anywhere in its texts."""
        return _PLACEHOLDER.search(self.model_dump_json()) is not None

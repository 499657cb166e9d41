"""Events to come that a poster event ticket tells of (iOS 26).

Vendor page: developer.apple.com/documentation/walletpasses/upcomingpassinformationentry (last checked
2026-08).
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from app.domain.apple_values import EventUrlKey, Https, Moment
from app.domain.semantics import form_faults
from app.domain.text import TextInput
from app.domain.values import Frozen

LARGEST_PICTURE = 2 << 20


class RemotePicture(Frozen):
    """A picture that the phone fetches; it shows only the one whose SHA-256 is this."""

    url: Https
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    scale: Annotated[int, Field(ge=1, le=3)] = 2
    size: Annotated[int, Field(ge=1, le=LARGEST_PICTURE)] | None = None


class UpcomingField(Frozen):
    """A line of an event to come."""

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    label: TextInput = Field(default_factory=dict)
    value: TextInput


def _tags(value: dict[str, Any]) -> dict[str, Any]:
    if faults := form_faults(value):
        raise ValueError(" ".join(faults))
    return value


class Upcoming(Frozen):
    """One event to come. Without `header` or `venue_map` the ticket's own picture may be shown again
    (`reuse_header`, `reuse_venue_map`).
    """

    identifier: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,60}$")]
    name: TextInput
    active: bool = True
    date: Moment | None = None
    time_zone: Annotated[str, Field(pattern=r"^[A-Za-z_]+(/[A-Za-z0-9_+-]+){0,2}$", max_length=60)] | None = (
        None
    )
    all_day: bool = False
    unannounced: bool = False
    undetermined: bool = False
    ignore_time: bool = False
    urls: dict[EventUrlKey, Https] = Field(default_factory=dict)
    additional: Annotated[tuple[UpcomingField, ...], Field(max_length=20)] = ()
    back: Annotated[tuple[UpcomingField, ...], Field(max_length=20)] = ()
    header: Annotated[tuple[RemotePicture, ...], Field(max_length=3)] = ()
    venue_map: Annotated[tuple[RemotePicture, ...], Field(max_length=3)] = ()
    reuse_header: bool = False
    reuse_venue_map: bool = False
    store_identifiers: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(max_length=20)] = ()
    semantics: Annotated[dict[str, Any], AfterValidator(_tags)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        for pictures, reuse in ((self.header, self.reuse_header), (self.venue_map, self.reuse_venue_map)):
            if pictures and reuse:
                raise ValueError("a picture is fetched or shown again, not both")
        return self

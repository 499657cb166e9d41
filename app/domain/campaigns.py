"""What a campaign does to each card of its segment: parsed once, judged before anybody sees it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, field_validator, model_validator

from app.domain.design import Sha256
from app.domain.messages import MessageInput
from app.domain.values import Frozen

MOST_GIFT = 10**9


class Saying(MessageInput):
    """A message on the back of each card, from the moment in which its turn comes."""

    @model_validator(mode="after")
    def _starts_with_the_campaign(self) -> Self:
        if self.starts_at is not None:
            raise ValueError("a campaign's message starts with the campaign: give the campaign a starts_at")
        return self


class Decking(Frozen):
    """A banner that stands in for the design's own until `ends_at`; `image` is an uploaded picture."""

    image: Sha256
    ends_at: AwareDatetime | None = Field(default=None, examples=["2026-04-01T09:00:00Z"])

    @field_validator("ends_at")
    @classmethod
    def _is_believable(cls, value: datetime | None) -> datetime | None:
        if value is not None and not 2000 <= value.year < 2200:
            raise ValueError("lies before the year 2000 or after 2199")
        return value


Named = dict[
    Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")],
    Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")],
]
Gifts = dict[Annotated[str, Field(pattern=r"^[a-z0-9_.-]{1,60}$")], Annotated[int, Field(ge=1, le=MOST_GIFT)]]


class Content(Frozen):
    """One thing or several: a message, a banner, named values that a design may show (an empty text removes
    one), and value that is given once to each card, by unit.
    """

    message: Saying | None = None
    banner: Decking | None = None
    values: Annotated[Named, Field(max_length=50, examples=[{"offer": "Tea for two"}])] = Field(
        default_factory=dict
    )
    gifts: Annotated[Gifts, Field(max_length=5, examples=[{"points": 50}])] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not (self.message or self.banner or self.values or self.gifts):
            raise ValueError("say what it does: a message, a banner, values or gifts")
        return self

    @property
    def news_alone(self) -> bool:
        """Whether cards of members who allow no news get nothing of it."""
        only = not (self.banner or self.values or self.gifts)
        return only and self.message is not None and self.message.purpose == "news"


State = Literal["draft", "scheduled", "running", "paused", "done"]

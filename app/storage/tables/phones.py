"""What is known of the phones that hold our cards, vendor by vendor."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.tables.base import Base, Id


class AppleDevice(Base):
    """A device and its push token for one pass type; nothing promises one token over several pass types.

    `scheme` says who pushes: `apple`, or an Android app that reads passes; `push_url` is that app's server.
    """

    __tablename__ = "apple_devices"
    __table_args__ = (UniqueConstraint("library_id", "pass_type_identifier"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    library_id: Mapped[str] = mapped_column(String(128))
    pass_type_identifier: Mapped[str] = mapped_column(String(100))
    push_token: Mapped[str] = mapped_column(String(200), default="")
    token_seen_at: Mapped[datetime]
    scheme: Mapped[str] = mapped_column(String(20), default="apple", server_default="apple")
    push_url: Mapped[str] = mapped_column(String(300), default="", server_default="")


class AppleRegistration(Base):
    """A card on a device, and how far the news went: pushed, asked, fetched (which version, when)."""

    __tablename__ = "apple_registrations"
    __table_args__ = (
        UniqueConstraint("device_id", "card_id"),
        Index("ix_apple_registrations_card", "card_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("apple_devices.id"))
    card_id: Mapped[int] = mapped_column(ForeignKey("cards.id"))
    registered_at: Mapped[datetime]
    pushed_version: Mapped[int] = mapped_column(default=0)
    pushed_at: Mapped[datetime | None]
    repushed_version: Mapped[int] = mapped_column(default=0, server_default="0")
    push_error: Mapped[str] = mapped_column(String(200), default="")
    asked_version: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime | None]
    fetched_version: Mapped[int] = mapped_column(default=0)
    fetched_at: Mapped[datetime | None]


class DeviceLog(Base):
    """A complaint that a phone sent to the log endpoint; bounded, without control characters."""

    __tablename__ = "device_logs"
    __table_args__ = (Index("ix_device_logs_serial", "serial", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    serial: Mapped[str] = mapped_column(String(40), default="")
    kind: Mapped[str] = mapped_column(String(40), default="")
    message: Mapped[str] = mapped_column(String(600))
    at: Mapped[datetime]


class GoogleObject(Base):
    """A card at Google: inserted when, which class and kind, saved by somebody or not.

    `body_hash` is what Google was last told (empty: tell again), `checked_at` when we last looked.
    """

    __tablename__ = "google_objects"
    __table_args__ = (Index("ix_google_objects_class", "class_id"),)

    card_id: Mapped[int] = mapped_column(Id, ForeignKey("cards.id"), primary_key=True)
    object_id: Mapped[str] = mapped_column(String(200), unique=True)
    class_id: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20), default="loyalty", server_default="loyalty")
    balance_shown: Mapped[str] = mapped_column(String(200), default="")
    body_hash: Mapped[str] = mapped_column(String(64), default="", server_default="")
    inserted_at: Mapped[datetime]
    saved_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]


class GoogleClass(Base):
    """A class at Google and the hash of what it was last told, so that nothing is sent twice; `review` is
    Google's judgement in its own word (`approved`, `rejected`, ...).
    """

    __tablename__ = "google_classes"

    class_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    programme_id: Mapped[int] = mapped_column(ForeignKey("programmes.id"))
    design_id: Mapped[int] = mapped_column(ForeignKey("designs.id"))
    body_hash: Mapped[str] = mapped_column(String(64))
    review: Mapped[str] = mapped_column(String(30), default="", server_default="")
    published_at: Mapped[datetime]


class GoogleNonce(Base):
    """A callback that was seen; the same one again changes nothing."""

    __tablename__ = "google_nonces"

    nonce: Mapped[str] = mapped_column(String(100), primary_key=True)
    at: Mapped[datetime]


class GoogleMessage(Base):
    """A message that Google was told, by the object or class that it stands on.

    Written before it is sent, with an empty `body_hash` until Google has it: so a crash in between shows.
    `reached`: somebody has the card, as Google's reply says.
    """

    __tablename__ = "google_messages"
    __table_args__ = (Index("ix_google_messages_message", "message_id"),)

    target: Mapped[str] = mapped_column(String(200), primary_key=True)
    message_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    loud: Mapped[bool] = mapped_column(default=False)
    reached: Mapped[bool] = mapped_column(default=False)
    sent_at: Mapped[datetime]


class GoogleNotice(Base):
    """A phone that buzzed for an object or class: Google allows three of a kind in 24 hours."""

    __tablename__ = "google_notices"
    __table_args__ = (Index("ix_google_notices_target", "target", "kind", "at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    target: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    service: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime]


class RotatingUse(Base):
    """The newest accepted period of a card's rotating barcode: its begin, in seconds of Unix time."""

    __tablename__ = "rotating_uses"

    card_id: Mapped[int] = mapped_column(Id, ForeignKey("cards.id"), primary_key=True)
    period_at_s: Mapped[int] = mapped_column(Id)
    at: Mapped[datetime]


class SamsungCard(Base):
    """A card in Samsung Wallet: where Samsung wants to be told of changes, and since when it is there."""

    __tablename__ = "samsung_cards"

    card_id: Mapped[int] = mapped_column(Id, ForeignKey("cards.id"), primary_key=True)
    ref_id: Mapped[str] = mapped_column(String(40), unique=True)
    country: Mapped[str] = mapped_column(String(8), default="")
    callback_url: Mapped[str] = mapped_column(String(300), default="")
    added_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]

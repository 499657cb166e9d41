"""All tables, one file a group; importing this module registers every one of them."""

from app.storage.tables.apple_moves import AppleMove, FormerPass
from app.storage.tables.base import Base
from app.storage.tables.cards import Card, Consent, Member, MemberPii
from app.storage.tables.channels import Attribution, ChannelLink
from app.storage.tables.crm import HookEvent, HookObject, HookSource
from app.storage.tables.delivery import Delivery, Event, Pacing, Rollout
from app.storage.tables.jobs import Job, JobChunk, KeptToken
from app.storage.tables.ledger import (
    Account,
    HoldRow,
    LotRow,
    Operation,
    Receipt,
    Refund,
    Seal,
    Tally,
    TransferRow,
)
from app.storage.tables.marketing import Banner, Campaign, CardBanner, FunnelCount, SegmentRow
from app.storage.tables.mechanics import Budget, CardTask, Membership, PromoCode, RuleVersion, TierChange
from app.storage.tables.messages import Chore, MessageRow
from app.storage.tables.people import ApiKey, Staff
from app.storage.tables.phones import (
    AppleDevice,
    AppleRegistration,
    DeviceLog,
    GoogleClass,
    GoogleMessage,
    GoogleNonce,
    GoogleNotice,
    GoogleObject,
    RotatingUse,
    SamsungCard,
)
from app.storage.tables.programmes import DesignRow, ImageRow, ProgrammeRow, Rendition
from app.storage.tables.webhooks import WebhookAttempt, WebhookEndpoint, WebhookMessage

__all__ = [
    "Account",
    "ApiKey",
    "AppleDevice",
    "AppleMove",
    "AppleRegistration",
    "Attribution",
    "Banner",
    "Base",
    "Budget",
    "Campaign",
    "Card",
    "CardBanner",
    "CardTask",
    "ChannelLink",
    "Chore",
    "Consent",
    "Delivery",
    "DesignRow",
    "DeviceLog",
    "Event",
    "FormerPass",
    "FunnelCount",
    "GoogleClass",
    "GoogleMessage",
    "GoogleNonce",
    "GoogleNotice",
    "GoogleObject",
    "HoldRow",
    "HookEvent",
    "HookObject",
    "HookSource",
    "ImageRow",
    "Job",
    "JobChunk",
    "KeptToken",
    "LotRow",
    "Member",
    "MemberPii",
    "Membership",
    "MessageRow",
    "Operation",
    "Pacing",
    "ProgrammeRow",
    "PromoCode",
    "Receipt",
    "Refund",
    "Rendition",
    "Rollout",
    "RotatingUse",
    "RuleVersion",
    "SamsungCard",
    "Seal",
    "SegmentRow",
    "Staff",
    "Tally",
    "TierChange",
    "TransferRow",
    "WebhookAttempt",
    "WebhookEndpoint",
    "WebhookMessage",
]

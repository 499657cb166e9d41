"""Types and calls of the API. Generated from its description by `generate.py`: do not edit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NotRequired, TypedDict, cast

from tillpass_client.transport import Room, Transport


class AdjustmentInput(TypedDict):
    """Value given or taken by hand, with the reason that the journal keeps."""

    points: NotRequired[int | None]
    stamps: NotRequired[int | None]
    chips: NotRequired[int | None]
    cashback_minor: NotRequired[int | None]
    reason: str
    store: NotRequired[str]


class AdviceOut(TypedDict):
    """Something to think over: where, and what."""

    pointer: str
    advice: str


class App(TypedDict):
    """The shop's own app or page behind a button of the card: at least one of the three."""

    android_package: NotRequired[str]
    android_url: NotRequired[str]
    ios_url: NotRequired[str]
    web_url: NotRequired[str]
    words: NotRequired[dict[str, str]]
    own: NotRequired[bool]


class AppleLook(TypedDict):
    """Apple's own part of a design; what a style does not know is not written to its passes. `semantics`
    are the pass's own tags (see app/domain/semantics.py). `preferred_style_schemes` asks for the newer
    layout of an event ticket or boarding pass; a card that lacks what the layout needs keeps the plain
    one. `max_distance` is in metres.
    """

    transit_type: NotRequired[Literal['air', 'boat', 'bus', 'generic', 'train'] | None]
    poster: NotRequired[Poster | None]
    featured_actions: NotRequired[list[FeaturedAction]]
    logo_symbol_name: NotRequired[str]
    nfc: NotRequired[Nfc | None]
    personalisation: NotRequired[Personalisation | None]
    semantics: NotRequired[dict[str, Any]]
    beacons: NotRequired[list[Beacon]]
    max_distance: NotRequired[float | None]
    relevant_dates: NotRequired[list[Relevant]]
    associated_store_identifiers: NotRequired[list[int]]
    auxiliary_store_identifiers: NotRequired[list[int]]
    app_launch_url: NotRequired[str]
    sharing_prohibited: NotRequired[bool]
    suppress_strip_shine: NotRequired[bool]
    grouping_identifier: NotRequired[str]
    preferred_style_schemes: NotRequired[list[Literal['posterEventTicket', 'semanticBoardingPass']]]
    event_logo_text: NotRequired[dict[str, str]]
    use_automatic_colors: NotRequired[bool]
    footer_background_color: NotRequired[str]
    suppress_header_darkening: NotRequired[bool]
    event_urls: NotRequired[dict[str, str]]
    flight_urls: NotRequired[dict[str, str]]
    contacts: NotRequired[dict[str, str]]
    upcoming: NotRequired[list[Upcoming]]
    user_info: NotRequired[dict[str, Any]]


class AppleOut(TypedDict):
    devices: int


class AppleSettings(TypedDict):
    """`pass_type_identifier` empty: the only one there is."""

    pass_type_identifier: NotRequired[str]


class AttemptOut(TypedDict):
    """One try: the status and the begin of the answer, or why none came."""

    at: str
    status: int | None
    took_ms: int
    error: str
    answer: str


class Attribute(TypedDict):
    """An attribute of the member is one of these; numbers and truth values as JSON writes them."""

    field: Literal['attribute']
    name: str
    any_of: list[bool | int | str]


class Balance(TypedDict):
    """What the card's account holds of a unit: `points`, `stamps`, `cashback_minor`, ..."""

    at_least: NotRequired[int | None]
    at_most: NotRequired[int | None]
    field: Literal['balance']
    unit: str


class BalanceOut(TypedDict):
    """What customers can still claim of a unit."""

    unit: str
    outstanding: int
    worth_minor: int


class BannerOut(TypedDict):
    """A banner of some time or of some cards; `segment` is its name, empty for one to all cards."""

    id: int
    image: str
    url: str
    segment: str
    starts_at: str
    ends_at: str | None
    withdrawn_at: str | None
    state: Literal['scheduled', 'shown', 'ended', 'withdrawn']
    author: str
    created_at: str


class BarcodeSpec(TypedDict):
    """How the card's number is drawn. `value` is what the till reads, a text with placeholders."""

    format: NotRequired[Literal['qr', 'code128', 'pdf417', 'aztec', 'code39', 'codabar', 'ean13', 'itf', 'data_matrix', 'ean8', 'upca']]
    show_number: NotRequired[bool]
    value: NotRequired[str]
    rotating: NotRequired[Rotating | None]


class Beacon(TypedDict):
    """A Bluetooth sender in a shop; near it the phone offers the card."""

    proximity_uuid: str
    major: NotRequired[int | None]
    minor: NotRequired[int | None]
    text: NotRequired[dict[str, str]]


class Birthday(TypedDict):
    """The birthday is today or within so many days; 29 February is the 28th where the year has none."""

    field: Literal['birthday']
    within_days: int


class CampaignFault(TypedDict):
    """What stands in the way of starting it."""

    pointer: str
    detail: str


class CampaignIn(TypedDict):
    """What is done to each card of a segment; without a segment, to all cards of the programme."""

    programme: str
    name: str
    segment: NotRequired[str | None]
    content: Content
    starts_at: NotRequired[str | None]


class CampaignOut(TypedDict):
    """A campaign. `seen` of `total` cards were walked: `reached` got something, `skipped` nothing. `rule`
    is the segment's as it was at the start; `banner` the number of the banner that it hung up.
    """

    id: int
    programme: str
    name: str
    segment: str | None
    rule: dict[str, Any] | None
    content: dict[str, Any]
    state: Literal['draft', 'scheduled', 'running', 'paused', 'done']
    starts_at: str | None
    total: int
    seen: int
    reached: int
    skipped: int
    banner: int | None
    last_error: str
    revision: int
    author: str
    created_at: str
    started_at: str | None
    finished_at: str | None


class CampaignPatch(TypedDict):
    """What to change. `revision` is the one that you read: with another by now, 409."""

    name: NotRequired[str | None]
    segment: NotRequired[str | None]
    content: NotRequired[Content | None]
    starts_at: NotRequired[str | None]
    revision: NotRequired[int | None]


class CancelIn(TypedDict):
    """When it ends: at once, or at the end of the period (it is not renewed). `refund` is noted for the
    books.
    """

    at: NotRequired[Literal['now', 'period_end']]
    refund: NotRequired[bool]
    reason: NotRequired[str]
    store: NotRequired[str]


class CaptureIn(TypedDict):
    """How many of the points are spent; all, where that is not said. The rest goes back."""

    points: NotRequired[int | None]
    store: NotRequired[str]


class CardIn(TypedDict):
    """A new member of a programme."""

    programme: str
    member: NotRequired[MemberInput]
    channel: NotRequired[ChannelInput]
    consents: NotRequired[list[ConsentInput]]
    friend_code: NotRequired[str]


class CardOut(TypedDict):
    """A card as it is now; `version` rises when somebody could see a difference."""

    serial: str
    number: str
    programme: str
    status: str
    tier: str
    expires_at: str | None
    values: dict[str, str]
    balances: dict[str, int]
    rewards: list[RewardOut]
    version: int
    member: MemberOut | None
    links: LinksOut
    wallets: WalletsOut
    created_at: str
    updated_at: str


class CardPatch(TypedDict):
    """What to change; what is not named stays. A null `expires_at` takes the end away."""

    status: NotRequired[Literal['active', 'blocked', 'void', 'expired'] | None]
    tier: NotRequired[str | None]
    expires_at: NotRequired[str | None]
    values: NotRequired[dict[str, Any] | None]
    member: NotRequired[MemberInput | None]


class CardQuery(TypedDict):
    """Cards that match every value that is given."""

    cursor: NotRequired[str]
    limit: NotRequired[int]
    phone: NotRequired[str]
    number: NotRequired[str]
    external_id: NotRequired[str]
    email: NotRequired[str]
    programme: NotRequired[str]


class CardsOut(TypedDict):
    """Cards that are better off, worse off, both, or as before; an estimate may be off by `margin` cards."""

    total: int
    looked_at: int
    exact: bool
    margin: int
    usual_minor: int
    gains: int
    loses: int
    mixed: int
    same: int
    complete: int
    rewards: int
    tiers: list[TierMoveOut]
    discount_more: int
    discount_less: int


class Channel(TypedDict):
    """What brought the member."""

    field: Literal['channel']
    name: Literal['utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_term', 'ref', 'link_code']
    any_of: list[str]


class ChannelInput(TypedDict):
    """What brought the member."""

    utm_source: NotRequired[str]
    utm_medium: NotRequired[str]
    utm_campaign: NotRequired[str]
    utm_content: NotRequired[str]
    utm_term: NotRequired[str]
    ref: NotRequired[str]
    link_code: NotRequired[str]


class ChannelOut(TypedDict):
    """A channel, by what it was grouped by; empty values came without any."""

    views: int
    forms: int
    issued: int
    installed: int
    installed_apple: int
    installed_google: int
    installed_samsung: int
    active: int
    visits: int
    receipts: int
    sales_minor: int
    refunds_minor: int
    revenue_minor: int
    points_earned: int
    points_redeemed: int
    removed: int
    utm_source: NotRequired[str | None]
    utm_medium: NotRequired[str | None]
    utm_campaign: NotRequired[str | None]
    link_code: NotRequired[str | None]
    buyers: int
    form_rate: float | None
    join_rate: float | None
    install_rate: float | None
    active_rate: float | None
    removal_rate: float | None


class ChannelsOut(TypedDict):
    """Channels, the one with the most revenue first, and all together."""

    programme: str
    currency: str
    since: str
    until: str
    basis: str
    items: list[ChannelOut]
    total: ChannelOut


class ChannelsQuery(TypedDict):
    """And what tells channels apart."""

    programme: str
    since: NotRequired[str | None]
    until: NotRequired[str | None]
    basis: NotRequired[Literal['happened', 'joined']]
    utm_source: NotRequired[str | None]
    utm_medium: NotRequired[str | None]
    utm_campaign: NotRequired[str | None]
    link_code: NotRequired[str | None]
    format: NotRequired[Literal['json', 'csv']]
    group_by: NotRequired[Literal['channel', 'source', 'medium', 'campaign', 'link']]


class Chips(TypedDict):
    """From `starts_on` to `ends_on` a purchase gives `chips_per_step` for each full `step_minor` of what
    is paid in money, and more for the pieces of `items` (the first that fits a line); `excluded` goods
    count for no step. Days are those of the programme's zone, by when the purchase happened. Chips may
    be used `grace_days` longer, then they end. With `taken` as `choice` the customer chooses among the
    `prizes`; with `itself` the one prize comes as soon as there are enough.
    """

    kind: NotRequired[Literal['chips']]
    key: NotRequired[str]
    name: NotRequired[dict[str, str]]
    step_minor: NotRequired[int | None]
    chips_per_step: NotRequired[int]
    items: NotRequired[list[ItemChips]]
    excluded: NotRequired[Things]
    starts_on: str
    ends_on: str
    grace_days: NotRequired[int]
    prizes: list[Prize]
    taken: NotRequired[Literal['choice', 'itself']]


class City(TypedDict):
    """The city as the member wrote it."""

    field: Literal['city']
    any_of: list[str]


class CodeOut(TypedDict):
    """A code; `serial` is empty for one that anybody may use, `state` is open, waiting, used or ended."""

    id: int
    code: str
    rule: str
    serial: str
    uses_left: int | None
    starts_at: str | None
    ends_at: str | None
    created_at: str
    state: str


class CodesIn(TypedDict):
    """Codes of the coupon `rule`: for the card `serial`, or `count` for anybody; drawn, or `codes` of
    yours. `uses` null: as often as the coupon allows.
    """

    rule: str
    serial: NotRequired[str]
    count: NotRequired[int]
    uses: NotRequired[int | None]
    starts_at: NotRequired[str | None]
    ends_at: NotRequired[str | None]
    codes: NotRequired[list[str]]


class CodesOut(TypedDict):
    """A part of a list of codes; `next_cursor` is null at the end."""

    items: list[CodeOut]
    next_cursor: NotRequired[str | None]


class CodesQuery(TypedDict):
    """Codes of one coupon or one card; `format=csv` gives a file for a spreadsheet, without a cursor."""

    cursor: NotRequired[str]
    limit: NotRequired[int]
    rule: NotRequired[str]
    serial: NotRequired[str]
    format: NotRequired[Literal['json', 'csv']]


class Company(TypedDict):
    """Cards of one company share the account of the first of them: `most_holders` in all, of whom all may
    pay from it, or the first alone.
    """

    kind: NotRequired[Literal['company']]
    most_holders: NotRequired[int]
    who_may_pay: NotRequired[Literal['all', 'first']]


class ComplaintOut(TypedDict):
    """A kind of complaint that phones sent about a card: how often, when last, what it means, what to do."""

    kind: str
    count: int
    last_at: str
    said: str
    meaning: str
    mend: str


class Consent(TypedDict):
    """A separate permission on the form; `text` may hold one link as `[words](https://…)`."""

    purpose: str
    text: dict[str, str]
    required: NotRequired[bool]


class ConsentInput(TypedDict):
    """A permission given or withdrawn."""

    purpose: str
    granted: bool
    text_sha256: NotRequired[str | None]


class ConsentIs(TypedDict):
    """The member's newest word about a purpose; `granted: false` also fits who never said anything."""

    field: Literal['consent']
    purpose: NotRequired[str]
    granted: NotRequired[bool]


class Content(TypedDict):
    """One thing or several: a message, a banner, named values that a design may show (an empty text
    removes one), and value that is given once to each card, by unit.
    """

    message: NotRequired[Saying | None]
    banner: NotRequired[Decking | None]
    values: NotRequired[dict[str, Any]]
    gifts: NotRequired[dict[str, Any]]


class CountOut(TypedDict):
    """Cards that fit now; of them, those in each wallet, those in none, and those who allow news."""

    cards: int
    apple: int
    google: int
    samsung: int
    nowhere: int
    news: int


class Coupon(TypedDict):
    """One of `percent`, `amount_minor` (off the receipt, or off items of `skus` and `categories`),
    `points`, `stamps` or a `reward`, to whoever shows its public `code` or a personal one.
    `uses_per_card` null: as often as one likes. Days are of the programme's zone, `valid_to` included.
    A public code with `on_card` stands on the cards of all who may use it.
    """

    kind: NotRequired[Literal['coupon']]
    key: str
    name: dict[str, str]
    percent: NotRequired[float | str | None]
    amount_minor: NotRequired[int | None]
    points: NotRequired[int | None]
    stamps: NotRequired[int | None]
    reward: NotRequired[dict[str, str] | None]
    skus: NotRequired[list[str]]
    categories: NotRequired[list[str]]
    code: NotRequired[str]
    on_card: NotRequired[bool]
    uses_per_card: NotRequired[int | None]
    uses_in_all: NotRequired[int | None]
    valid_from: NotRequired[str | None]
    valid_to: NotRequired[str | None]
    minimum_minor: NotRequired[int]
    tiers: NotRequired[list[str]]
    stores: NotRequired[list[str]]
    adds_up: NotRequired[bool]
    expires_after_days: NotRequired[int | None]


class DayOut(TypedDict):
    """A day, or the first day of a week or month."""

    views: int
    forms: int
    issued: int
    installed: int
    installed_apple: int
    installed_google: int
    installed_samsung: int
    active: int
    visits: int
    receipts: int
    sales_minor: int
    refunds_minor: int
    revenue_minor: int
    points_earned: int
    points_redeemed: int
    removed: int
    day: str


class Decking(TypedDict):
    """A banner that stands in for the design's own until `ends_at`; `image` is an uploaded picture."""

    image: str
    ends_at: NotRequired[str | None]


class DeliveriesOut(TypedDict):
    """Why a phone shows what it shows, in one sentence, and the facts."""

    why: str
    code: str
    version: int
    queues: list[QueueOut]
    devices: list[DeviceOut]
    complaints: list[ComplaintOut]


class Design(TypedDict):
    """One version of a card's look. `images` maps a slot to the SHA-256 of an uploaded picture. `progress`
    draws the mechanic's progress into the banner: `auto` as the mechanic says, `none` leaves the banner
    as it is. `starter` names the starter design whose art fills slots without a picture. `local_images`
    replaces pictures for one language. `apple` and `google` hold what only that vendor knows.
    """

    style: NotRequired[Literal['storeCard', 'coupon', 'generic', 'eventTicket', 'boardingPass']]
    starter: NotRequired[Literal['stamp-cafe', 'points-shop', 'discount-club']]
    palette: Palette
    organisation: dict[str, str]
    programme_name: dict[str, str]
    logo_text: NotRequired[dict[str, str]]
    description: NotRequired[dict[str, str]]
    fields: NotRequired[Fields]
    barcode: NotRequired[BarcodeSpec]
    images: NotRequired[dict[str, str]]
    local_images: NotRequired[dict[str, Any]]
    progress: NotRequired[Literal['auto', 'none']]
    tiers: NotRequired[list[TierLook]]
    tier_label: NotRequired[dict[str, str]]
    holder_label: NotRequired[dict[str, str]]
    links: NotRequired[list[LinkSpec]]
    places: NotRequired[list[Place]]
    apple: NotRequired[AppleLook | None]
    google: NotRequired[GoogleLook | None]


class DesignOut(TypedDict):
    """A version of a look, whole; `advice` says what a phone may cut off, and stops nothing."""

    id: int
    version: int
    note: str
    author: str
    current: bool
    created_at: str
    published_at: str | None
    design: Design
    advice: list[str]


class DesignQuery(TypedDict):
    """A word about a draft, for the history."""

    note: NotRequired[str]


class DesignSummary(TypedDict):
    """A version of a look."""

    id: int
    version: int
    note: str
    author: str
    current: bool
    created_at: str
    published_at: str | None


class DeviceOut(TypedDict):
    """How far the news went to one phone; versions are the card's."""

    wallet: str
    device: str
    registered_at: str | None
    pushed_version: int
    pushed_at: str | None
    asked_version: int
    asked_at: str | None
    fetched_version: int
    fetched_at: str | None
    error: str


class Discount(TypedDict):
    """`percent` off, or what `tier_percents` gives the card's tier, if that is more."""

    kind: NotRequired[Literal['discount']]
    key: NotRequired[str]
    name: NotRequired[dict[str, str]]
    excluded: NotRequired[Things]
    minimum_minor: NotRequired[int]
    adds_up: NotRequired[bool]
    till_applies: NotRequired[bool]
    percent: NotRequired[float | str]
    tier_percents: NotRequired[dict[str, float | str]]


class Discoverable(TypedDict):
    """Sign-up from inside Google Wallet (Google must enable it): where, and what Google hands over."""

    state: NotRequired[Literal['trusted_testers', 'live', 'disabled']]
    sign_up_url: NotRequired[str]
    sign_in_url: NotRequired[str]
    shares: NotRequired[list[Literal['first_name', 'last_name', 'street_address', 'address_line_1', 'address_line_2', 'address_line_3', 'city', 'state', 'zipcode', 'country', 'email', 'phone']]]


class EndpointIn(TypedDict):
    """Where events of a programme go: a `url` of yours, or a `source` whose system is written back to.
    `kinds` empty means all. `member_data`: names, phones and e-mails travel with the events, not the
    external id alone.
    """

    programme: str
    url: NotRequired[str]
    source: NotRequired[str]
    kinds: NotRequired[list[str]]
    description: NotRequired[str]
    member_data: NotRequired[bool]


class EndpointOut(TypedDict):
    """An endpoint. `state`: active, paused (events wait) or disabled (`disabled_reason` says why).
    `former_until`: until when the secret before the last change signs too.
    """

    id: int
    programme: str
    url: str
    source: str
    kinds: list[str]
    description: str
    member_data: bool
    state: str
    disabled_reason: str
    failing_since: str | None
    last_ok_at: str | None
    former_until: str | None
    created_at: str
    changed_at: str


class EndpointPatch(TypedDict):
    """What to change. `paused` keeps events until it is `active` again, which also brings a disabled one
    back.
    """

    url: NotRequired[str | None]
    kinds: NotRequired[list[str] | None]
    description: NotRequired[str | None]
    member_data: NotRequired[bool | None]
    state: NotRequired[Literal['active', 'paused'] | None]


class Enrolment(TypedDict):
    """What a new member is asked."""

    fields: NotRequired[list[FormField]]
    consents: NotRequired[list[Consent]]


class EntryOut(TypedDict):
    """A line of the journal."""

    id: int
    operation: str
    kind: str
    unit: str
    amount: int
    balance: int
    at: str
    reason: str
    actor: str
    store: str
    via: NotRequired[str]
    partner: NotRequired[str]
    against: str
    rule: str
    lot: int | None
    ends_at: str | None


class Event(TypedDict):
    """When the event `key` happens, it `gives`: as often as the `limits` allow, from `starts_on` to
    `ends_on`, on the days `on` (month and day) if any are named. `welcome`, `profile` (when all
    `fields` are known) and `first-purchase` (of `minimum_minor`) come by themselves and once;
    `birthday` comes by itself once a year, `days_around` the day, and what it gives is good for that
    long. With `at_purchase` a purchase is the event. Others are told: by a cashier (`at_till`), a
    program or a CRM.
    """

    kind: NotRequired[Literal['event']]
    key: str
    name: NotRequired[dict[str, str]]
    gives: list[Gift]
    limits: NotRequired[Limits]
    starts_on: NotRequired[str | None]
    ends_on: NotRequired[str | None]
    on: NotRequired[list[str]]
    days_around: NotRequired[int]
    fields: NotRequired[list[Literal['given_name', 'family_name', 'phone', 'email', 'birthday', 'city']]]
    minimum_minor: NotRequired[int]
    at_purchase: NotRequired[bool]
    at_till: NotRequired[bool]


class EventInput(TypedDict):
    """Something that happened, `times` times, and that the programme has a rule for."""

    event: str
    times: NotRequired[int]
    store: NotRequired[str]
    occurred_at: NotRequired[str | None]


class EventKindOut(TypedDict):
    """An event that endpoints may choose; `changed` is an example of what `data.changed` holds."""

    type: str
    says: str
    changed: dict[str, Any]


class EventKindsOut(TypedDict):
    """All of them, and a whole example of what is sent."""

    items: list[EventKindOut]
    example: dict[str, Any]


class EventOut(TypedDict):
    """An inbound event; `body` is what came, as text."""

    id: int
    key: str
    state: str
    content_type: str
    body: str
    result: dict[str, Any]
    last_error: str
    attempts: int
    received_at: str
    due_at: str | None
    applied_at: str | None


class EventQuery(TypedDict):
    """Events of a source, newest first."""

    cursor: NotRequired[str]
    limit: NotRequired[int]
    state: NotRequired[str]


class Every(TypedDict):
    """All of these fit; an empty list is every card."""

    all: list[Every | Some | Not | TierIs | StatusIs | Balance | Spend | Visits | LastPurchase | Joined | Birthday | City | AppDomainSegmentsLanguage | Attribute | ConsentIs | Channel | InWallet | Expiring | Store | RewardReady]


class ExampleOut(TypedDict):
    """One of `cards` in the same state."""

    number: str
    side: str
    cards: int
    before: SideOut
    after: SideOut


class Expiring(TypedDict):
    """So much of a unit ends within so many days."""

    field: Literal['expiring']
    unit: str
    within_days: int
    at_least: NotRequired[int]


class ExportIn(TypedDict):
    """What the file should be."""

    format: NotRequired[Literal['csv', 'ndjson']]


class FeaturedAction(TypedDict):
    """A button under a poster; `identifier` keeps two of one kind apart. A place has Apple's place ID, all
    others an address.
    """

    kind: Literal['membershipBenefits', 'viewOffersRewards', 'addToBalance', 'shop', 'order', 'call', 'place', 'bookAppointment', 'viewSchedule', 'watchTrailer', 'listenToMusic', 'bookCar', 'bookFlight', 'bookStay']
    url: NotRequired[str]
    place_identifier: NotRequired[str]
    identifier: NotRequired[str]


class FieldSpec(TypedDict):
    """A place for a value: `value` is text with `{placeholders}`; one lone placeholder of a number or a
    time stays one, and each phone formats it in its own way. `currency` makes money of minor units
    (`programme`: its own). With `date_style`, `time_style`, `number_style` or `currency` a named value
    (`{values.x}`) is read as a time (ISO 8601) or a whole number. `number_style` `percent` means whole
    percents. `detect`: what the phone makes tappable on the back (None: all). `link` makes the whole
    value a link. `row`: second row of an event ticket. `semantics` gives the field's meaning to the
    phone (tags of app/domain/semantics.py, values may have placeholders).
    """

    key: str
    label: NotRequired[dict[str, str]]
    value: dict[str, str]
    change_message: NotRequired[dict[str, str] | None]
    alignment: NotRequired[Literal['natural', 'left', 'center', 'right']]
    hide_when_empty: NotRequired[bool]
    date_style: NotRequired[Literal['none', 'short', 'medium', 'long', 'full'] | None]
    time_style: NotRequired[Literal['none', 'short', 'medium', 'long', 'full'] | None]
    relative: NotRequired[bool]
    ignores_time_zone: NotRequired[bool]
    number_style: NotRequired[Literal['decimal', 'percent', 'scientific', 'spell_out'] | None]
    currency: NotRequired[str]
    detect: NotRequired[list[Literal['phone', 'link', 'address', 'event']] | None]
    link: NotRequired[str]
    row: NotRequired[Literal[0, 1]]
    semantics: NotRequired[dict[str, Any]]


class Fields(TypedDict):
    """What stands where; a store card has one row for secondary and auxiliary together (at most four).
    `footer` and `additional` are drawn by posters alone. What a style has no room for goes to the back.
    """

    header: NotRequired[list[FieldSpec]]
    primary: NotRequired[list[FieldSpec]]
    secondary: NotRequired[list[FieldSpec]]
    auxiliary: NotRequired[list[FieldSpec]]
    back: NotRequired[list[FieldSpec]]
    footer: NotRequired[list[FieldSpec]]
    additional: NotRequired[list[FieldSpec]]


class Figure(TypedDict):
    """A balance in Google's own place: `value` with placeholders; with `currency` it is money in minor
    units.
    """

    label: NotRequired[dict[str, str]]
    value: str
    currency: NotRequired[str]


class FiguresOut(TypedDict):
    """Whole numbers; money in minor units. `revenue_minor` is `sales_minor` less `refunds_minor`."""

    views: int
    forms: int
    issued: int
    installed: int
    installed_apple: int
    installed_google: int
    installed_samsung: int
    active: int
    visits: int
    receipts: int
    sales_minor: int
    refunds_minor: int
    revenue_minor: int
    points_earned: int
    points_redeemed: int
    removed: int


class FileOut(TypedDict):
    """A file."""



class FormField(TypedDict):
    """One question of the enrolment form."""

    name: Literal['given_name', 'family_name', 'phone', 'email', 'birthday', 'city']
    required: NotRequired[bool]


class FunnelOut(TypedDict):
    """All steps, and each day."""

    programme: str
    currency: str
    since: str
    until: str
    basis: str
    steps: list[StepOut]
    days: list[DayOut]


class GenericFace(TypedDict):
    """A pass for anything else. Empty: `title` is the shop, `header` the programme."""

    type: NotRequired[Literal['loyalty_card', 'membership_card', 'gym_membership', 'library_membership', 'voucher', 'season_pass', 'reservations', 'receipt', 'barcode_pass', 'student_card', 'parking_pass', 'entry_ticket', 'business_card', 'utility_bills', 'auto_insurance', 'home_insurance', 'transit_pass', 'vehicle_registration', 'other']]
    title: NotRequired[dict[str, str]]
    header: NotRequired[dict[str, str]]
    subheader: NotRequired[dict[str, str]]
    expiry_notice: NotRequired[bool]
    upcoming_notice: NotRequired[bool]


class Gift(TypedDict):
    """`amount` of a `unit` (`points`, `stamps`, `chips`), or a `reward` by its key; ends
    `expires_after_days` after it was given. A reward has a `name`, unless another rule names it.
    """

    unit: NotRequired[str]
    reward: NotRequired[str]
    name: NotRequired[dict[str, str]]
    amount: NotRequired[int]
    expires_after_days: NotRequired[int | None]


class GiftCard(TypedDict):
    """A balance of money in the programme's currency: `least_minor` at least is loaded at once, and no
    card ever holds more than `most_minor`. Loading earns nothing; what is bought with it does.
    """

    kind: NotRequired[Literal['gift_card']]
    least_minor: NotRequired[int]
    most_minor: NotRequired[int]
    expires_after_days: NotRequired[int | None]


class GiftCardFace(TypedDict):
    """A gift card. `balance` is money in minor units of its `currency`, most often `{points}` or a named
    value; without one none is shown. Empty: the shop is the merchant, the card's number its number.
    """

    merchant: NotRequired[dict[str, str]]
    card_number: NotRequired[str]
    pin: NotRequired[str]
    event_number: NotRequired[str]
    balance: NotRequired[Figure | None]
    number_label: NotRequired[dict[str, str]]
    pin_label: NotRequired[dict[str, str]]
    event_label: NotRequired[dict[str, str]]
    barcode_redeems: NotRequired[bool | None]


class GiftIn(TypedDict):
    """Money for the card, in minor units of the programme's currency; `reason` says how it was paid."""

    amount_minor: int
    reason: NotRequired[str]
    store: NotRequired[str]


class GivenOut(TypedDict):
    """What was or would be given: points and cashback in money, discounts, and by unit."""

    worth_minor: int
    discount_minor: int
    units: dict[str, int]


class GoneEndpointOut(TypedDict):
    """It is gone, with all that was kept of it."""

    id: int


class GoneOut(TypedDict):
    """What was taken away."""

    id: int


class GoogleLook(TypedDict):
    """Google's own part of a design. `kind` is what new cards become; a card keeps the kind it was made
    with. `announce`: when phones buzz for a change of ours, which Google allows for balances, a
    programme's name and its statuses alone.
    """

    kind: NotRequired[Literal['loyalty', 'offer', 'gift_card', 'generic']]
    offer: NotRequired[OfferFace]
    gift_card: NotRequired[GiftCardFace]
    generic: NotRequired[GenericFace]
    number: NotRequired[str]
    number_label: NotRequired[dict[str, str]]
    holder: NotRequired[str]
    holder_label: NotRequired[dict[str, str]]
    balance: NotRequired[Figure | None]
    second_balance: NotRequired[Figure | None]
    second_tier: NotRequired[SecondTier | None]
    hero: NotRequired[Picture | None]
    own_hero: NotRequired[Picture | None]
    logo: NotRequired[Picture | None]
    wide_logo: NotRequired[Picture | None]
    pictures: NotRequired[list[PicturePart]]
    texts: NotRequired[list[TextPart]]
    links: NotRequired[list[LinkPart]]
    offers: NotRequired[list[Offer]]
    homepage: NotRequired[Link | None]
    app: NotRequired[App | None]
    template: NotRequired[Template]
    valid_from: NotRequired[str]
    holders: NotRequired[Literal['', 'many', 'one_person', 'one_phone']]
    unlock_to_see: NotRequired[bool]
    shimmer: NotRequired[bool]
    screenshots: NotRequired[bool]
    blocks_while_open: NotRequired[list[Literal['payment', 'closed_loop_transit']]]
    save_only_by: NotRequired[str]
    grouping: NotRequired[Grouping | None]
    linked: NotRequired[list[str]]
    linked_offers: NotRequired[list[str]]
    smart_tap: NotRequired[SmartTap | None]
    discoverable: NotRequired[Discoverable | None]
    announce: NotRequired[Literal['nothing', 'balance', 'everything']]
    quiet_end: NotRequired[bool]


class GoogleOut(TypedDict):
    saved: bool


class GoogleSettings(TypedDict):
    """`issuer_id` empty: the only one there is, or the one of the settings."""

    issuer_id: NotRequired[str]


class Grouping(TypedDict):
    """Cards with the same key lie together in the customer's wallet, the lowest `sort` first."""

    key: str
    sort: NotRequired[int | None]


class GrowingDiscount(TypedDict):
    """The highest of `steps` that was reached before this purchase counts for it: what is bought now
    counts from the next one on. Money counts net: after discounts, without what was paid in points.
    """

    kind: NotRequired[Literal['growing_discount']]
    window: NotRequired[Literal['rolling', 'year', 'lifetime']]
    days: NotRequired[int]
    key: NotRequired[str]
    name: NotRequired[dict[str, str]]
    excluded: NotRequired[Things]
    minimum_minor: NotRequired[int]
    adds_up: NotRequired[bool]
    till_applies: NotRequired[bool]
    steps: list[AppDomainMechanicsGrowingDiscountStep]


class HoldIn(TypedDict):
    """The receipt as it stands at "calculate", with the points that are to pay it; they come back by
    themselves after `seconds`.
    """

    amount_minor: int
    currency: str
    receipt: NotRequired[str]
    store: NotRequired[str]
    items: NotRequired[list[ItemInput]]
    redeem_points: int
    gift_minor: NotRequired[int]
    codes: NotRequired[list[str]]
    partner: NotRequired[str]
    occurred_at: NotRequired[str | None]
    seconds: NotRequired[int]


class HoldOut(TypedDict):
    """Points set aside. `state`: open, captured, voided or expired."""

    id: str
    serial: str
    amount: int
    state: str
    receipt: str
    store: str
    expires_at: str
    created_at: str
    resolved_at: str | None


class HolderIn(TypedDict):
    """A new member, who gets a card; or the `serial` of a card that joins with all that it holds."""

    member: NotRequired[MemberInput | None]
    serial: NotRequired[str]


class HolderOut(TypedDict):
    """A card that shares the account; `first` is the one whose account it is."""

    serial: str
    number: str
    name: str
    status: str
    first: bool
    created_at: str


class HoldersOut(TypedDict):
    """All who share an account; `serial` is the card that was brought."""

    items: list[HolderOut]
    serial: NotRequired[str]


class Hours(TypedDict):
    """From one time of day to another, which no longer counts; over midnight where it is earlier."""

    start: str
    end: str


class ImportQuery(TypedDict):
    """`dry_run` tries every row and changes nothing; `announce` also tells the phones that came along."""

    dry_run: NotRequired[bool]
    announce: NotRequired[bool]


class ImportedOut(TypedDict):
    """A draft that was made from somebody's pass or template; `notes` say what could not come along."""

    design: DesignOut
    notes: list[str]


class InWallet(TypedDict):
    """Where the card is installed now; `none` is nowhere."""

    field: Literal['wallet']
    any_of: list[Literal['apple', 'google', 'samsung', 'none']]


class ItemChips(TypedDict):
    """So many chips for each piece of some goods."""

    sku: NotRequired[str]
    category: NotRequired[str]
    chips: NotRequired[int]


class ItemInput(TypedDict):
    """A line of a receipt; `amount_minor` is the line's total."""

    sku: NotRequired[str]
    category: NotRequired[str]
    quantity: NotRequired[int]
    amount_minor: NotRequired[int]


class JobOut(TypedDict):
    """A job: how far it is, and where its files are. `progress` goes from 0 to 1."""

    id: str
    kind: str
    programme: str
    format: str
    dry_run: bool
    state: Literal['waiting', 'running', 'done', 'failed', 'cancelled']
    total: int
    done: int
    rejected: int
    progress: float
    result: ResultOut
    error: str
    file: str | None
    errors: str | None
    created_at: str
    started_at: str | None
    finished_at: str | None


class Joined(TypedDict):
    """When the card was issued: so many days ago, or from the day `since` to the day `until`."""

    at_least_days_ago: NotRequired[int | None]
    at_most_days_ago: NotRequired[int | None]
    field: Literal['joined']
    since: NotRequired[str | None]
    until: NotRequired[str | None]


class Keeps(TypedDict):
    """How long a tier is safe from the day on which the card qualified: so many months, or (None) until
    the end of the next calendar year.
    """

    months: NotRequired[int | None]


class KeyIn(TypedDict):
    """A new key: give a `role`, or `scopes` of its own. Without `programme` it may use all that your own
    may; without `expires_at` it lasts until somebody revokes it.
    """

    name: str
    role: NotRequired[Literal['owner', 'marketer', 'till', 'crm'] | None]
    scopes: NotRequired[list[str]]
    programme: NotRequired[str | None]
    expires_at: NotRequired[str | None]


class KeyOut(TypedDict):
    """A key without its secret. `hint` is how it begins; `state`: active, expired or revoked; one that was
    rotated names its `successor_id` and ends at `expires_at`.
    """

    id: int
    name: str
    hint: str
    state: str
    role: str
    scopes: list[str]
    programme: str | None
    created_at: str
    last_used_at: str | None
    expires_at: str | None
    revoked_at: str | None
    successor_id: int | None


class KeyRotateIn(TypedDict):
    """How many hours the old key still opens beside the new one."""

    overlap_hours: NotRequired[int]


class LastPurchase(TypedDict):
    """The last purchase or visit with stamps; cards that never had one do not fit."""

    at_least_days_ago: NotRequired[int | None]
    at_most_days_ago: NotRequired[int | None]
    field: Literal['last_purchase']


Level = TypedDict("Level", {'key': str, 'name': dict[str, str], 'from': "NotRequired[int]", 'perks': "NotRequired[list[dict[str, str]]]", 'flags': "NotRequired[list[dict[str, str]]]", 'invited': "NotRequired[bool]"})


class LiabilityOut(TypedDict):
    """All units of a programme at a moment."""

    programme: str
    currency: str
    at: str
    worth_minor: int
    units: list[UnitOut]


class Limits(TypedDict):
    """How often a card may have it: a calendar day, month and year of the programme's zone, and ever."""

    day: NotRequired[int | None]
    month: NotRequired[int | None]
    year: NotRequired[int | None]
    ever: NotRequired[int | None]


class LineBoost(TypedDict):
    """Goods that earn their own `percent` (whatever the tier), or `factor` times as much as others."""

    sku: NotRequired[str]
    category: NotRequired[str]
    percent: NotRequired[float | str | None]
    factor: NotRequired[float | str | None]


class LineOut(TypedDict):
    unit: str
    amount: int
    balance: int


class Link(TypedDict):
    """An address with the words that stand for it."""

    url: str
    words: NotRequired[dict[str, str]]


class LinkPart(TypedDict):
    """A link among the details of the card."""

    key: str
    url: str
    words: NotRequired[dict[str, str]]
    own: NotRequired[bool]


class LinkSpec(TypedDict):
    """A link on the back of the card."""

    key: str
    label: dict[str, str]
    url: str


class LinksOut(TypedDict):
    """The customer's card page, and where each wallet's button leads."""

    page: str
    apple: str
    google: str


class MemberInput(TypedDict):
    """A person. An empty text or null takes a value away."""

    phone: NotRequired[str | None]
    email: NotRequired[str | None]
    external_id: NotRequired[str | None]
    given_name: NotRequired[str | None]
    family_name: NotRequired[str | None]
    birthday: NotRequired[str | None]
    city: NotRequired[str | None]
    locale: NotRequired[str | None]
    attributes: NotRequired[dict[str, Any] | None]


class MemberOut(TypedDict):
    """Who holds the card; null in its place means that the person was erased."""

    phone: str | None
    email: str | None
    external_id: str | None
    given_name: str
    family_name: str
    birthday: str | None
    city: str
    locale: str
    attributes: dict[str, Any]


class Membership(TypedDict):
    """`months` or `days` a payment; `price_minor` is what people read. While it is paid (and `grace_days`
    longer) the card has `tier`, if that is higher than what it has earned.
    """

    kind: NotRequired[Literal['membership']]
    key: str
    name: dict[str, str]
    months: NotRequired[int | None]
    days: NotRequired[int | None]
    price_minor: NotRequired[int]
    tier: NotRequired[str]
    perks: NotRequired[list[dict[str, str]]]
    flags: NotRequired[list[dict[str, str]]]
    grace_days: NotRequired[int]


class MembershipDoneOut(TypedDict):
    """What was done, and the membership as it is since."""

    id: str
    kind: str
    earned: dict[str, int]
    redeemed: dict[str, int]
    balances: dict[str, int]
    tier: str
    rewards: list[RewardOut]
    entries: list[LineOut]
    discount_minor: NotRequired[int]
    due_minor: NotRequired[int]
    notes: NotRequired[list[str]]
    event: NotRequired[str | None]
    times: NotRequired[int | None]
    hold: NotRequired[HoldOut | None]
    due: NotRequired[dict[str, int] | None]
    taken: NotRequired[dict[str, int] | None]
    written_off: NotRequired[dict[str, int] | None]
    debt: NotRequired[dict[str, int] | None]
    restored: NotRequired[dict[str, int] | None]
    amount_minor: NotRequired[int | None]
    money_minor: NotRequired[int | None]
    gift_minor: NotRequired[int | None]
    left_minor: NotRequired[int | None]
    membership: MembershipOut
    refund: NotRequired[bool]


class MembershipInput(TypedDict):
    """A payment for a membership; `payment` is its id at whoever took the money, and counts once."""

    membership: str
    payment: str
    periods: NotRequired[int]
    starts_at: NotRequired[str | None]
    store: NotRequired[str]


class MembershipOut(TypedDict):
    """A payment of a membership. `status`: upcoming, paid, grace, over or cancelled."""

    id: int
    key: str
    name: str
    payment: str
    starts_at: str
    ends_at: str
    cancelled_at: str | None
    status: str


class MembershipsOut(TypedDict):
    """All of a card's, the newest first."""

    items: list[MembershipOut]


class MessageInput(TypedDict):
    """A message as somebody writes it: shown from `starts_at` (now) to `ends_at` (30 days later)."""

    header: dict[str, str]
    body: dict[str, str]
    purpose: NotRequired[Literal['service', 'news']]
    loud: NotRequired[bool]
    starts_at: NotRequired[str | None]
    ends_at: NotRequired[str | None]


class MessageOut(TypedDict):
    """A message; `serial` is null for one to all cards. `state`: scheduled, shown, ended or withdrawn.
    `advice` has codes: header-long, language-missing, shouting, insecure-link, news-silent,
    news-permission.
    """

    id: int
    serial: str | None
    header: dict[str, str]
    body: dict[str, str]
    purpose: str
    loud: bool
    starts_at: str
    ends_at: str
    withdrawn_at: str | None
    state: str
    author: str
    created_at: str
    google: ReachOut
    advice: list[str]


class MessageQuery(TypedDict):
    """Messages of an endpoint, newest first."""

    cursor: NotRequired[str]
    limit: NotRequired[int]
    state: NotRequired[Literal['', 'pending', 'delivered', 'failed']]


class MonthOut(TypedDict):
    """What ends in a month of the programme's time zone; null has no end."""

    month: str | None
    usable: int
    pending: int


class Multiplier(TypedDict):
    """`factor` times as much of `unit` where everything holds that is set: `weekdays`, `hours`, `stores`,
    dates from `starts_on` to `ends_on`, `tiers`, `cities`, and member `attributes` (name to values that
    count). Days and hours are those of the programme's zone, by when the purchase happened; the hours
    after midnight belong to the day on which they began. Several at once: of those that stack as `best`
    the highest counts; those that stack as `product` multiply it. `cap` limits the product.
    """

    kind: NotRequired[Literal['multiplier']]
    key: str
    name: NotRequired[dict[str, str]]
    factor: float | str
    unit: NotRequired[str]
    weekdays: NotRequired[list[Literal['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']]]
    hours: NotRequired[Hours | None]
    stores: NotRequired[list[str]]
    starts_on: NotRequired[str | None]
    ends_on: NotRequired[str | None]
    tiers: NotRequired[list[str]]
    cities: NotRequired[list[str]]
    attributes: NotRequired[dict[str, list[str]]]
    stacks: NotRequired[Literal['best', 'product']]
    cap: NotRequired[float | str | None]


class NewEndpointOut(TypedDict):
    """The secret is shown this once; empty for a source."""

    id: int
    programme: str
    url: str
    source: str
    kinds: list[str]
    description: str
    member_data: bool
    state: str
    disabled_reason: str
    failing_since: str | None
    last_ok_at: str | None
    former_until: str | None
    created_at: str
    changed_at: str
    secret: str


class NewKeyOut(TypedDict):
    """The secret is shown this once."""

    id: int
    name: str
    hint: str
    state: str
    role: str
    scopes: list[str]
    programme: str | None
    created_at: str
    last_used_at: str | None
    expires_at: str | None
    revoked_at: str | None
    successor_id: int | None
    key: str


class NewSourceOut(TypedDict):
    """The secret is shown this once."""

    id: int
    slug: str
    programme: str
    kind: str
    url: str
    mapping: dict[str, Any]
    settings: dict[str, Any]
    has_token: bool
    quiet_after_s: int | None
    revision: int
    created_at: str
    paused_at: str | None
    polled_at: str | None
    poll_error: str
    secret: str


class Nfc(TypedDict):
    """What a contactless reader gets: at most 64 bytes; the key is base64 of a compressed P-256 SPKI."""

    message: NotRequired[str]
    encryption_public_key: str
    requires_authentication: NotRequired[bool]


Not = TypedDict("Not", {'not': "Every | Some | Not | TierIs | StatusIs | Balance | Spend | Visits | LastPurchase | Joined | Birthday | City | AppDomainSegmentsLanguage | Attribute | ConsentIs | Channel | InWallet | Expiring | Store | RewardReady"})


class Nothing(TypedDict):
    """No body is needed."""



class Offer(TypedDict):
    """A value-added module: an offer, game or survey below the card, shown from `starts_at` to `ends_at`."""

    header: dict[str, str]
    body: NotRequired[dict[str, str]]
    picture: NotRequired[Picture | None]
    url: str
    sort: NotRequired[int]
    starts_at: NotRequired[str | None]
    ends_at: NotRequired[str | None]
    own: NotRequired[bool]


class OfferFace(TypedDict):
    """An offer: what is given, by whom, where it may be used. Empty: programme and shop of the design."""

    title: NotRequired[dict[str, str]]
    short_title: NotRequired[dict[str, str]]
    provider: NotRequired[dict[str, str]]
    details: NotRequired[dict[str, str]]
    fine_print: NotRequired[dict[str, str]]
    channel: NotRequired[Literal['in_store', 'online', 'both', 'temporary_price_reduction']]
    help: NotRequired[Link | None]


class OfflinePurchase(TypedDict):
    """A receipt that was closed offline, and whose card: name it by `serial`, `number`, `phone`, `email`
    or `external_id`.
    """

    serial: NotRequired[str]
    number: NotRequired[str]
    phone: NotRequired[str]
    email: NotRequired[str]
    external_id: NotRequired[str]
    amount_minor: int
    currency: str
    receipt: str
    store: NotRequired[str]
    items: NotRequired[list[ItemInput]]
    redeem_points: NotRequired[int]
    gift_minor: NotRequired[int]
    codes: NotRequired[list[str]]
    partner: NotRequired[str]
    occurred_at: str
    hold: NotRequired[str]
    kind: NotRequired[Literal['purchase']]


class OfflineRefund(TypedDict):
    """What came back of the receipt `of`: all that is left, an amount, or items. `receipt` is the till's
    own number for the return.
    """

    kind: Literal['refund']
    receipt: str
    of: str
    occurred_at: str
    amount_minor: NotRequired[int | None]
    items: NotRequired[list[ReturnedItem]]
    reason: NotRequired[str]
    store: NotRequired[str]


class OfflineStamps(TypedDict):
    """A visit that earned stamps; `receipt` is the till's own number for it."""

    serial: NotRequired[str]
    number: NotRequired[str]
    phone: NotRequired[str]
    email: NotRequired[str]
    external_id: NotRequired[str]
    kind: Literal['stamps']
    receipt: str
    occurred_at: str
    stamps: NotRequired[int]
    store: NotRequired[str]


class OperationOut(TypedDict):
    """What was done; `id` is what a reversal names. Of a reversal, per unit: `due` back = `taken` +
    `written_off` + `debt`; `restored` went back to the customer. Of a receipt that comes back also:
    `amount_minor` of it now, of which `money_minor` was paid in money and `gift_minor` by gift card,
    and `left_minor` that may still come back.
    """

    id: str
    kind: str
    earned: dict[str, int]
    redeemed: dict[str, int]
    balances: dict[str, int]
    tier: str
    rewards: list[RewardOut]
    entries: list[LineOut]
    discount_minor: NotRequired[int]
    due_minor: NotRequired[int]
    notes: NotRequired[list[str]]
    event: NotRequired[str | None]
    times: NotRequired[int | None]
    hold: NotRequired[HoldOut | None]
    due: NotRequired[dict[str, int] | None]
    taken: NotRequired[dict[str, int] | None]
    written_off: NotRequired[dict[str, int] | None]
    debt: NotRequired[dict[str, int] | None]
    restored: NotRequired[dict[str, int] | None]
    amount_minor: NotRequired[int | None]
    money_minor: NotRequired[int | None]
    gift_minor: NotRequired[int | None]
    left_minor: NotRequired[int | None]


class OverviewOut(TypedDict):
    """A programme; `figures`, `rewards` and `series` are of the days asked for, the rest as it stands now."""

    programme: str
    currency: str
    since: str
    until: str
    basis: str
    cards: dict[str, int]
    active_30_days: int
    active_90_days: int
    in_wallets: dict[str, int]
    tiers: dict[str, int]
    balances: list[BalanceOut]
    liability_minor: int
    figures: FiguresOut
    buyers: int
    average_receipt_minor: int | None
    redemption_rate: float | None
    repeat_rate: float | None
    rewards: list[RewardCountOut]
    series: list[DayOut]


class OverviewQuery(TypedDict):
    """And how long the parts of the series are."""

    programme: str
    since: NotRequired[str | None]
    until: NotRequired[str | None]
    basis: NotRequired[Literal['happened', 'joined']]
    utm_source: NotRequired[str | None]
    utm_medium: NotRequired[str | None]
    utm_campaign: NotRequired[str | None]
    link_code: NotRequired[str | None]
    format: NotRequired[Literal['json', 'csv']]
    every: NotRequired[Literal['day', 'week', 'month']]


class Page(TypedDict):
    """A part of a list; `cursor` is the `next_cursor` of the part before."""

    cursor: NotRequired[str]
    limit: NotRequired[int]


class PageOutBannerOut(TypedDict):
    items: list[BannerOut]
    next_cursor: str | None


class PageOutCampaignOut(TypedDict):
    items: list[CampaignOut]
    next_cursor: str | None


class PageOutCardOut(TypedDict):
    items: list[CardOut]
    next_cursor: str | None


class PageOutDesignSummary(TypedDict):
    items: list[DesignSummary]
    next_cursor: str | None


class PageOutEndpointOut(TypedDict):
    items: list[EndpointOut]
    next_cursor: str | None


class PageOutEntryOut(TypedDict):
    items: list[EntryOut]
    next_cursor: str | None


class PageOutEventOut(TypedDict):
    items: list[EventOut]
    next_cursor: str | None


class PageOutJobOut(TypedDict):
    items: list[JobOut]
    next_cursor: str | None


class PageOutKeyOut(TypedDict):
    items: list[KeyOut]
    next_cursor: str | None


class PageOutMessageOut(TypedDict):
    items: list[MessageOut]
    next_cursor: str | None


class PageOutProgrammeOut(TypedDict):
    items: list[ProgrammeOut]
    next_cursor: str | None


class PageOutSegmentOut(TypedDict):
    items: list[SegmentOut]
    next_cursor: str | None


class PageOutSourceOut(TypedDict):
    items: list[SourceOut]
    next_cursor: str | None


class PageOutWebhookMessageOut(TypedDict):
    items: list[WebhookMessageOut]
    next_cursor: str | None


class Palette(TypedDict):
    """Card colours; `foreground` is for values, `label` for the small words above them, `accent` for
    progress.
    """

    background: str
    foreground: str
    label: str
    accent: str


class Partner(TypedDict):
    """A brand that shares the programme, known by its `key` or by its `stores`. `earn_percent` is its own
    share in place of the general one; `pays_per_point_minor` is what it owes the house for a point it
    gives, `gets_per_point_minor` what the house owes it for one it takes. Its `offer` stands on the
    cards of members in its `cities` (or of all). Days are of the programme's zone, both included.
    """

    kind: NotRequired[Literal['partner']]
    key: str
    name: dict[str, str]
    stores: NotRequired[list[str]]
    cities: NotRequired[list[str]]
    valid_from: NotRequired[str | None]
    valid_to: NotRequired[str | None]
    earn_percent: NotRequired[float | str | None]
    may_burn: NotRequired[bool]
    pays_per_point_minor: NotRequired[float | str]
    gets_per_point_minor: NotRequired[float | str]
    offer: NotRequired[dict[str, str] | None]


class PayLimits(TypedDict):
    """What a shop allows: `most_percent` of what may be paid so, `money_left_minor` still to pay in money,
    so many points at least (`minimum_points`) and in such steps, from `minimum_balance` on, and nothing
    of what is `excluded`.
    """

    most_percent: NotRequired[int]
    minimum_points: NotRequired[int]
    step_points: NotRequired[int]
    money_left_minor: NotRequired[int]
    minimum_balance: NotRequired[int]
    excluded: NotRequired[Things]


class Personalisation(TypedDict):
    """Sign-up in Wallet by a tap on a reader: what the customer is asked."""

    fields: list[Literal['name', 'postal_code', 'email', 'phone']]
    description: dict[str, str]
    terms: NotRequired[dict[str, str]]


class Picture(TypedDict):
    """A picture: one of the design's own by its slot, or a public address."""

    slot: NotRequired[Literal['icon', 'logo', 'banner', 'thumbnail', 'background', 'artwork'] | None]
    url: NotRequired[str]
    words: NotRequired[dict[str, str]]


class PictureOut(TypedDict):
    """A picture that designs may name by its hash."""

    sha256: str
    url: str


class PicturePart(TypedDict):
    """A large picture among the details: Google shows one of the look and one of the card."""

    key: str
    picture: Picture
    own: NotRequired[bool]


class Place(TypedDict):
    """A shop; near it the phone offers the card. Degrees, WGS 84; `altitude` in metres."""

    latitude: float
    longitude: float
    altitude: NotRequired[float | None]
    text: NotRequired[dict[str, str]]


class Points(TypedDict):
    """What is paid in money earns `percent` of it, or `points_per_step` for each full `step_minor`; one
    point is worth `point_value_minor` minor units. `tier_percents` replaces the percent by tier,
    `boosted` for some goods (the first that fits a line); `excluded` goods earn nothing, and a receipt
    below `minimum_minor` neither. What a receipt earns is rounded once. `goal` with `reward` draws a
    line to the next reward. With the kind `cashback` it counts money in minor units: percent and steps
    give that, and it is paid in like points, through `redeem_points`, where the programme has no
    points.
    """

    kind: NotRequired[Literal['points', 'cashback']]
    active_after_days: NotRequired[int | None]
    expires_after_days: NotRequired[int | None]
    expires_after_idle_days: NotRequired[int | None]
    expires_on: NotRequired[str | None]
    expires_least_days: NotRequired[int]
    percent: NotRequired[float | str | None]
    step_minor: NotRequired[int | None]
    points_per_step: NotRequired[int | None]
    rounding: NotRequired[Literal['floor', 'half_up', 'ceil']]
    tier_percents: NotRequired[dict[str, float | str]]
    boosted: NotRequired[list[LineBoost]]
    excluded: NotRequired[Things]
    minimum_minor: NotRequired[int]
    point_value_minor: NotRequired[int]
    paying: NotRequired[PayLimits]
    goal: NotRequired[int | None]
    reward: NotRequired[dict[str, str] | None]


class Poster(TypedDict):
    """A `posterGeneric` face (iOS 27) beside the pass's own style, which older phones go on showing. It
    shows one header, four primary and two footer fields, and `additional` ones behind a button. Where
    the design has no footer fields, the first of the lower rows stand there.
    """



class PresetBodyOut(TypedDict):
    """With the body that `POST /programmes` takes, and the look that `POST …/designs` does; give the
    programme a `slug` and a `name` of your own.
    """

    key: str
    title: dict[str, str]
    about: dict[str, str]
    programme: dict[str, Any]
    design: dict[str, Any]


class PresetOut(TypedDict):
    """A programme to start from."""

    key: str
    title: dict[str, str]
    about: dict[str, str]


class PresetsOut(TypedDict):
    """All of them."""

    items: list[PresetOut]


class PreviewIn(TypedDict):
    """Rules to be tried over the real cards."""

    rules: list[Points | Stamps | Discount | GrowingDiscount | Tiers | Membership | Multiplier | Chips | Coupon | GiftCard | Partner | Company | Event | Surprise | Referral]
    keep_old: NotRequired[bool]


class PreviewOut(TypedDict):
    """What the rules would do; nothing was changed."""

    keeps_old: bool
    cards: CardsOut
    costs: list[AppApiRuleTypesCostOut]
    examples: list[ExampleOut]
    advice: list[AdviceOut]


class Prize(TypedDict):
    """What `at` chips are exchanged for."""

    at: int
    reward: dict[str, str]
    reward_key: NotRequired[str]


class ProblemOut(TypedDict):
    """RFC 9457: `type` is stable, `errors` lists every fault with its JSON pointer, `state` has the facts."""

    type: str
    title: str
    status: int
    detail: str
    errors: NotRequired[list[AppApiRepliesFaultOut] | None]
    state: NotRequired[dict[str, Any] | None]


class Programme(TypedDict):
    """Everything about a programme but its members and designs; money is in minor units of `currency`."""

    slug: str
    name: str
    currency: NotRequired[str]
    locales: NotRequired[list[str]]
    time_zone: NotRequired[str]
    rules: NotRequired[list[Points | Stamps | Discount | GrowingDiscount | Tiers | Membership | Multiplier | Chips | Coupon | GiftCard | Partner | Company | Event | Surprise | Referral]]
    returns: NotRequired[ReturnPolicy]
    late_days: NotRequired[int]
    enrolment: NotRequired[Enrolment]
    texts: NotRequired[Texts]
    apple: NotRequired[AppleSettings]
    google: NotRequired[GoogleSettings]
    country: NotRequired[str]
    card_numbers: NotRequired[Literal['letters', 'ean13', 'digits16']]


class ProgrammeOut(TypedDict):
    """A programme with its join page."""

    slug: str
    name: str
    currency: NotRequired[str]
    locales: NotRequired[list[str]]
    time_zone: NotRequired[str]
    rules: NotRequired[list[Points | Stamps | Discount | GrowingDiscount | Tiers | Membership | Multiplier | Chips | Coupon | GiftCard | Partner | Company | Event | Surprise | Referral]]
    returns: NotRequired[ReturnPolicy]
    late_days: NotRequired[int]
    enrolment: NotRequired[Enrolment]
    texts: NotRequired[Texts]
    apple: NotRequired[AppleSettings]
    google: NotRequired[GoogleSettings]
    country: NotRequired[str]
    card_numbers: NotRequired[Literal['letters', 'ean13', 'digits16']]
    revision: int
    design: int | None
    links: dict[str, str]
    created_at: str
    updated_at: str


class ProgrammePatch(TypedDict):
    """What to replace; what is not named stays. The slug never changes."""

    slug: NotRequired[str]
    name: NotRequired[str]
    currency: NotRequired[str]
    locales: NotRequired[list[str]]
    time_zone: NotRequired[str]
    rules: NotRequired[list[Points | Stamps | Discount | GrowingDiscount | Tiers | Membership | Multiplier | Chips | Coupon | GiftCard | Partner | Company | Event | Surprise | Referral]]
    returns: NotRequired[ReturnPolicy]
    late_days: NotRequired[int]
    enrolment: NotRequired[Enrolment]
    texts: NotRequired[Texts]
    apple: NotRequired[AppleSettings]
    google: NotRequired[GoogleSettings]
    country: NotRequired[str]
    card_numbers: NotRequired[Literal['letters', 'ean13', 'digits16']]


class PublishedOut(TypedDict):
    """A design that goes out to all cards now; `rollout` walks over them in the background. `banner` is
    the number of a banner of some time or some cards, `campaign` the one that deals it out.
    """

    design: DesignSummary
    rollout: int | None
    banner: NotRequired[int | None]
    campaign: NotRequired[int | None]


class PurchaseInput(TypedDict):
    """A receipt as the till closed it; `hold` is what was set aside for it, which pays it in points."""

    amount_minor: int
    currency: str
    receipt: NotRequired[str]
    store: NotRequired[str]
    items: NotRequired[list[ItemInput]]
    redeem_points: NotRequired[int]
    gift_minor: NotRequired[int]
    codes: NotRequired[list[str]]
    partner: NotRequired[str]
    occurred_at: NotRequired[str | None]
    hold: NotRequired[str]


class QueueOut(TypedDict):
    """What waits for a wallet."""

    wallet: str
    state: str
    delivered_version: int
    due_at: str | None
    queued_at: str | None
    delivered_at: str | None
    attempts: int
    last_error: str


class QuoteLineOut(TypedDict):
    """A line of the receipt, counted from 0 in the order of `items`; what no item names is the last one.
    `earned` in points (cashback in minor units) sums up to what the earning rule gives;
    `redeemable_minor` is what `redeemable_points` would pay of the line.
    """

    line: int
    earned: int
    redeemable_minor: int
    discount_minor: int


class QuoteOut(TypedDict):
    """What a purchase would earn, how many points could pay for it, and what would be due in money.
    `pending_until` is the time from which the earned points may be spent, null where they may at once.
    """

    earned: dict[str, int]
    redeemable_points: int
    discount_minor: int
    due_minor: int
    notes: list[str]
    pending_until: str | None
    lines: list[QuoteLineOut]


class ReachOut(TypedDict):
    """How many cards and looks took it, and how many of the cards somebody holds."""

    sent: int
    reached: int


class ReceiptDoneOut(TypedDict):
    """What became of one item. `status`: done, replayed (it was entered before: this is the first answer
    again) or refused, and then `problem` says why.
    """

    index: int
    receipt: str
    status: Literal['done', 'replayed', 'refused']
    operation: OperationOut | None
    problem: ProblemOut | None


class ReceiptsIn(TypedDict):
    """Up to 500 things in the order in which they happened; `kind` is purchase unless you say otherwise."""

    items: list[OfflinePurchase | OfflineStamps | OfflineRefund]


class ReceiptsOut(TypedDict):
    """A result for each item, in order, and how many came out how."""

    items: list[ReceiptDoneOut]
    done: int
    replayed: int
    refused: int


class RedemptionIn(TypedDict):
    """Either points or the key of a reward that is ready."""

    points: NotRequired[int | None]
    reward: NotRequired[str | None]
    reason: NotRequired[str]
    store: NotRequired[str]


class Referral(TypedDict):
    """After a friend's first purchase of at least `minimum_minor`, the friend has `gives_friend` and the
    member whose code it was `gives_referrer`, as often as the `limits` allow.
    """

    kind: NotRequired[Literal['referral']]
    gives_friend: NotRequired[list[Gift]]
    gives_referrer: NotRequired[list[Gift]]
    minimum_minor: NotRequired[int]
    limits: NotRequired[Limits]


class Relevant(TypedDict):
    """When the phone offers the card by itself: one moment, or from a start to an end (ISO 8601 and zone)."""

    at: NotRequired[str | None]
    starts_at: NotRequired[str | None]
    ends_at: NotRequired[str | None]


class RemotePicture(TypedDict):
    """A picture that the phone fetches; it shows only the one whose SHA-256 is this."""

    url: str
    sha256: str
    scale: NotRequired[int]
    size: NotRequired[int | None]


class ResultOut(TypedDict):
    """What became of the rows so far; `faults` are the first twenty."""

    created: NotRequired[int]
    updated: NotRequired[int]
    same: NotRequired[int]
    faults: NotRequired[list[AppApiJobsFaultOut]]


class ReturnPolicy(TypedDict):
    """What happens where points that are to go back were spent already. `only_pending` takes none that
    could be spent; `within_balance` takes what is there and writes the rest off; `allow_debt` notes the
    rest as a debt, which the next award pays first (the names follow ledger-and-delivery 1.1). Points
    that return after their lot ended live `grace_days` longer.
    """

    taken: NotRequired[Literal['only_pending', 'within_balance', 'allow_debt']]
    grace_days: NotRequired[int]


class ReturnedItem(TypedDict):
    """An item that comes back: by its `line` of the receipt (from 1), or by its `sku`."""

    line: NotRequired[int | None]
    sku: NotRequired[str | None]
    quantity: NotRequired[int]


class ReversalIn(TypedDict):
    """Takes all (or all that is left) back; of a receipt also a part: by amount, as the receipt was before
    discounts, or by items.
    """

    amount_minor: NotRequired[int | None]
    items: NotRequired[list[ReturnedItem]]
    reason: NotRequired[str]
    store: NotRequired[str]


class RewardCountOut(TypedDict):
    """A reward: how often it was given and handed out, less what was taken back."""

    reward: str
    given: int
    handed_out: int


class RewardOut(TypedDict):
    """A reward that is ready, `count` times."""

    key: str
    name: str
    count: int


class RewardReady(TypedDict):
    """A reward is ready: this one, or any."""

    field: Literal['reward']
    key: NotRequired[str]


class Rotating(TypedDict):
    """A barcode that changes by itself (RFC 6238), where the wallet can: a photograph of it soon is
    worthless.
    """

    period_s: NotRequired[int]
    digits: NotRequired[int]


class RulebookOut(TypedDict):
    """All versions, newest first; `newest` is what `seen` says when you change the rules."""

    newest: int
    current: int
    waiting: list[int]
    versions: list[VersionOut]
    advice: list[AdviceOut]


class RulesIn(TypedDict):
    """New rules, all of them. `seen` is the newest version that you knew: if there is a newer one, nothing
    is changed and you get 409. With `keep_old`, cards that are out keep the rules that they have.
    """

    rules: list[Points | Stamps | Discount | GrowingDiscount | Tiers | Membership | Multiplier | Chips | Coupon | GiftCard | Partner | Company | Event | Surprise | Referral]
    starts_at: NotRequired[str | None]
    keep_old: NotRequired[bool]
    note: NotRequired[str]
    seen: NotRequired[int | None]


class Saying(TypedDict):
    """A message on the back of each card, from the moment in which its turn comes."""

    header: dict[str, str]
    body: dict[str, str]
    purpose: NotRequired[Literal['service', 'news']]
    loud: NotRequired[bool]
    starts_at: NotRequired[str | None]
    ends_at: NotRequired[str | None]


class SecondTier(TypedDict):
    """A second status that all cards of the look have."""

    name: dict[str, str]
    label: NotRequired[dict[str, str]]


class SegmentIn(TypedDict):
    """A group of cards of a programme."""

    programme: str
    key: str
    name: str
    rule: Every | Some | Not | TierIs | StatusIs | Balance | Spend | Visits | LastPurchase | Joined | Birthday | City | AppDomainSegmentsLanguage | Attribute | ConsentIs | Channel | InWallet | Expiring | Store | RewardReady


class SegmentOut(TypedDict):
    """A segment; `revision` rises with each change."""

    id: int
    programme: str
    key: str
    name: str
    rule: dict[str, Any]
    revision: int
    author: str
    created_at: str
    changed_at: str


class SegmentPatch(TypedDict):
    """What to change. `revision` is the one that you read: with another by now, 409."""

    name: NotRequired[str | None]
    rule: NotRequired[Every | Some | Not | TierIs | StatusIs | Balance | Spend | Visits | LastPurchase | Joined | Birthday | City | AppDomainSegmentsLanguage | Attribute | ConsentIs | Channel | InWallet | Expiring | Store | RewardReady | None]
    revision: NotRequired[int | None]


class SegmentTry(TypedDict):
    """A rule that is only looked at."""

    programme: str
    rule: Every | Some | Not | TierIs | StatusIs | Balance | Spend | Visits | LastPurchase | Joined | Birthday | City | AppDomainSegmentsLanguage | Attribute | ConsentIs | Channel | InWallet | Expiring | Store | RewardReady


class SettlementLineOut(TypedDict):
    """A partner's month. `net_minor` is what the partner owes the house (negative: the house the partner)."""

    month: str
    partner: str
    name: dict[str, str]
    receipts: int
    turnover_minor: int
    returned_minor: int
    given: int
    given_back: int
    taken: int
    restored: int
    expired: int
    pays_minor: int
    gets_minor: int
    net_minor: int


class SettlementOut(TypedDict):
    """All partners' months, in order; money in minor units of `currency`."""

    currency: str
    items: list[SettlementLineOut]


SettlementQuery = TypedDict("SettlementQuery", {'from': str, 'to': str, 'format': "NotRequired[Literal['json', 'csv']]", 'locale': "NotRequired[str]"})


class Shown(TypedDict):
    """One value of a template, or two with a stroke between them; `dates` says how times are written."""

    refs: list[str]
    dates: NotRequired[Literal['', 'date_time', 'date', 'time', 'date_time_year', 'date_year', 'month', 'day']]


class SideOut(TypedDict):
    """A card under some rules: rewards at once, tier, its next usual purchase, per mille of the way to go."""

    rewards: int
    tier: str
    discount_minor: int
    worth_minor: int
    units: dict[str, int]
    progress: int


class SmartTap(TypedDict):
    """A contactless reader gets `value` (ASCII; empty: the card's number) by a tap; `issuers`: whose keys
    open it, ours where empty.
    """

    value: NotRequired[str]
    issuers: NotRequired[list[str]]


class Some(TypedDict):
    """One of these fits at least."""

    any: list[Every | Some | Not | TierIs | StatusIs | Balance | Spend | Visits | LastPurchase | Joined | Birthday | City | AppDomainSegmentsLanguage | Attribute | ConsentIs | Channel | InWallet | Expiring | Store | RewardReady]


class SourceIn(TypedDict):
    """A system that will send webhooks; `secret` is made for you unless you bring one. `settings` are
    those of its kind (docs/connect), `token` is for calling it back. `quiet_after_s`: how long it may
    be silent before that is a finding; 0 goes by what is usual.
    """

    slug: str
    programme: str
    kind: NotRequired[str]
    secret: NotRequired[str | None]
    mapping: NotRequired[dict[str, Any]]
    settings: NotRequired[dict[str, Any]]
    token: NotRequired[str]
    quiet_after_s: NotRequired[int]


class SourceOut(TypedDict):
    """A system that may call `url`; when it was asked last (`polled_at`), and what came of it."""

    id: int
    slug: str
    programme: str
    kind: str
    url: str
    mapping: dict[str, Any]
    settings: dict[str, Any]
    has_token: bool
    quiet_after_s: int | None
    revision: int
    created_at: str
    paused_at: str | None
    polled_at: str | None
    poll_error: str


class SourcePatch(TypedDict):
    """What to change of a source; what is not named stays. An empty `token` takes it away."""

    mapping: NotRequired[dict[str, Any] | None]
    settings: NotRequired[dict[str, Any] | None]
    token: NotRequired[str | None]
    quiet_after_s: NotRequired[int | None]
    paused: NotRequired[bool | None]


class SpanQuery(TypedDict):
    """Days of the programme's time zone, both included; without them the last 30. `basis` is `happened`
    (what was done within the days) or `joined` (cards issued within them, and all that they ever did).
    `format=csv`, or text/csv in Accept, gives a file for a spreadsheet.
    """

    programme: str
    since: NotRequired[str | None]
    until: NotRequired[str | None]
    basis: NotRequired[Literal['happened', 'joined']]
    utm_source: NotRequired[str | None]
    utm_medium: NotRequired[str | None]
    utm_campaign: NotRequired[str | None]
    link_code: NotRequired[str | None]
    format: NotRequired[Literal['json', 'csv']]


class Spend(TypedDict):
    """Money spent in minor units, in all or within the last `days`; what was taken back does not count."""

    at_least: NotRequired[int | None]
    at_most: NotRequired[int | None]
    field: Literal['spend_minor']
    days: NotRequired[int | None]


class Stamps(TypedDict):
    """`goal` stamps become one `reward`; what is over the goal counts towards the next one. `rewards` on
    the way are given at their stamp and take none; the last of them is the goal where that is not
    named. `per` says what gives a stamp by itself: a `visit` (the cashier gives it), each `purchase`,
    each `step_minor` of what is paid, or each `item`: of `category` or `categories`, or in `skus`
    (`match: all`: both must fit). A receipt below `minimum_minor` gives none, a day gives `daily_cap`
    at most.
    """

    kind: NotRequired[Literal['stamps']]
    goal: int
    reward: dict[str, str]
    reward_key: NotRequired[str]
    rewards: NotRequired[list[AppDomainMechanicsStampsStep]]
    per: NotRequired[Literal['visit', 'purchase', 'amount', 'item']]
    step_minor: NotRequired[int]
    minimum_minor: NotRequired[int]
    category: NotRequired[str]
    categories: NotRequired[list[str]]
    skus: NotRequired[list[str]]
    match: NotRequired[Literal['any', 'all']]
    daily_cap: NotRequired[int | None]
    expires_after_days: NotRequired[int | None]
    reward_expires_after_days: NotRequired[int | None]


class StampsInput(TypedDict):
    """Stamps for a visit."""

    stamps: NotRequired[int]
    store: NotRequired[str]


class StatusIs(TypedDict):
    """The card's status; cards that are void are in no segment."""

    field: Literal['status']
    any_of: list[Literal['active', 'blocked', 'expired']]


class StepOut(TypedDict):
    """A step; `share_of_previous` of `removed` is that of `installed`."""

    step: Literal['view', 'form', 'issued', 'installed', 'first_scan', 'revenue', 'removed']
    count: int
    share_of_previous: float | None
    revenue_minor: int | None


class Store(TypedDict):
    """A purchase in one of these stores, ever or within the last `days`."""

    field: Literal['store']
    any_of: list[str]
    days: NotRequired[int | None]


class Surprise(TypedDict):
    """In `chance` of 10,000 purchases (of `minimum_minor`, from `starts_on` to `ends_on`) it `gives`,
    until `budget` units are given away in all; once a day a card at most.
    """

    kind: NotRequired[Literal['surprise']]
    key: str
    name: NotRequired[dict[str, str]]
    chance: int
    gives: list[Gift]
    budget: int
    minimum_minor: NotRequired[int]
    starts_on: NotRequired[str | None]
    ends_on: NotRequired[str | None]


class Template(TypedDict):
    """What stands where; an empty part is left to Google, `rows` to us."""

    rows: NotRequired[list[list[Shown]]]
    details: NotRequired[list[Shown]]
    in_list: NotRequired[list[Shown]]
    above_barcode: NotRequired[list[Shown]]
    below_barcode: NotRequired[Shown | None]


class TextPart(TypedDict):
    """A heading and a text below it. `own`: each card has its own, and placeholders are the card's."""

    key: str
    header: NotRequired[dict[str, str]]
    body: dict[str, str]
    own: NotRequired[bool]


class Texts(TypedDict):
    """What the shop says about itself and its programme."""

    headline: NotRequired[dict[str, str]]
    description: NotRequired[dict[str, str]]
    terms_url: NotRequired[str]
    privacy_url: NotRequired[str]
    contact: NotRequired[str]


class Things(TypedDict):
    """Goods by SKU or category, exactly as the till sends them."""

    skus: NotRequired[list[str]]
    categories: NotRequired[list[str]]


class TierIs(TypedDict):
    """The card's tier is one of these; an empty text stands for cards without one."""

    field: Literal['tier']
    any_of: list[str]


class TierLook(TypedDict):
    """A status: its name on the card and, if it has one, a palette of its own."""

    key: str
    name: dict[str, str]
    palette: NotRequired[Palette | None]


class TierMoveOut(TypedDict):
    before: str
    after: str
    cards: int


class Tiers(TypedDict):
    """`levels`, the lowest first, by what the card spent, earned or how often it came in the window.
    Without `keeps` a tier is safe until the end of the next calendar year (window `year`), for twelve
    months (`rolling`), or for ever (`lifetime`). With `refund_undoes` a refund takes back the upgrade
    that the purchase brought.
    """

    kind: NotRequired[Literal['tiers']]
    window: NotRequired[Literal['rolling', 'year', 'lifetime']]
    days: NotRequired[int]
    levels: list[Level]
    by: NotRequired[Literal['spend', 'points', 'visits']]
    keeps: NotRequired[Keeps | None]
    grace_days: NotRequired[int]
    downgrade: NotRequired[Literal['one_down', 'by_balance']]
    refund_undoes: NotRequired[bool]


class TrialOut(TypedDict):
    """What would happen now: `reaches` cards get something, `without_consent` get no news. `told_today`
    had a loud message within a day; on `over_limit` of them Google shows it silently. `shown` is what
    each wallet would be given for the card `sample`.
    """

    counted: CountOut
    reaches: int
    without_consent: int
    loud: bool
    told_today: int
    over_limit: int
    costs: list[AppApiCampaignsCostOut]
    currency: str
    first: list[str]
    advice: list[str]
    faults: list[CampaignFault]
    sample: str
    shown: dict[str, Any]


class TriedActionOut(TypedDict):
    """An action that the call asks for, what is wrong with it, and the card that it means."""

    kind: str
    body: dict[str, Any]
    faults: list[dict[str, str]]
    card: str
    says: str


class TryIn(TypedDict):
    """A call as the system would send it: `body` as its text; `mapping` instead of the source's own."""

    body: str
    topic: NotRequired[str]
    content_type: NotRequired[str]
    mapping: NotRequired[dict[str, Any] | None]


class UnitOut(TypedDict):
    """One unit; `outstanding` is usable, pending and held together."""

    unit: str
    outstanding: int
    usable: int
    pending: int
    held: int
    debt: int
    over: int
    value_minor: int
    worth_minor: int
    months: list[MonthOut]


class Upcoming(TypedDict):
    """One event to come. Without `header` or `venue_map` the ticket's own picture may be shown again
    (`reuse_header`, `reuse_venue_map`).
    """

    identifier: str
    name: dict[str, str]
    active: NotRequired[bool]
    date: NotRequired[str | None]
    time_zone: NotRequired[str | None]
    all_day: NotRequired[bool]
    unannounced: NotRequired[bool]
    undetermined: NotRequired[bool]
    ignore_time: NotRequired[bool]
    urls: NotRequired[dict[str, str]]
    additional: NotRequired[list[UpcomingField]]
    back: NotRequired[list[UpcomingField]]
    header: NotRequired[list[RemotePicture]]
    venue_map: NotRequired[list[RemotePicture]]
    reuse_header: NotRequired[bool]
    reuse_venue_map: NotRequired[bool]
    store_identifiers: NotRequired[list[int]]
    semantics: NotRequired[dict[str, Any]]


class UpcomingField(TypedDict):
    """A line of an event to come."""

    key: str
    label: NotRequired[dict[str, str]]
    value: dict[str, str]


class VersionOut(TypedDict):
    """The rules of a time. `state`: waiting, current, past, withdrawn; `words` tell each rule by language."""

    number: int
    state: str
    starts_at: str
    keep_old: bool
    note: str
    author: str
    created_at: str
    withdrawn_at: str | None
    rules: list[dict[str, Any]]
    words: list[list[dict[str, str]]]


class Visits(TypedDict):
    """Purchases and visits with stamps, in all or within the last `days`."""

    at_least: NotRequired[int | None]
    at_most: NotRequired[int | None]
    field: Literal['visits']
    days: NotRequired[int | None]


class WalletsOut(TypedDict):
    """Where the card is installed."""

    apple: AppleOut
    google: GoogleOut


class WebhookMessageOut(TypedDict):
    """An event on its way. `id` is its `webhook-id`, the same on every try. `due_at`: when it is tried
    next.
    """

    id: str
    event: int
    type: str
    state: str
    due_at: str | None
    last_status: int | None
    last_error: str
    created_at: str
    delivered_at: str | None
    attempts: list[AttemptOut]


class AppApiCampaignsCostOut(TypedDict):
    """`total` of a unit would be given, worth so much money; 0 is not money's worth."""

    unit: str
    amount: int
    cards: int
    total: int
    worth_minor: int


class AppApiJobsFaultOut(TypedDict):
    """A row that was refused (from 1), and why."""

    row: int
    error: str


class AppApiRepliesFaultOut(TypedDict):
    pointer: str
    detail: str


class AppApiRequestsLanguage(TypedDict):
    """The language of sentences for people."""

    locale: NotRequired[str]


class AppApiRuleTypesCostOut(TypedDict):
    """Receipts of the last `days` days counted again; `exact` or an estimate from `looked_at` of them."""

    days: int
    receipts: int
    looked_at: int
    exact: bool
    spent_minor: int
    before: GivenOut
    after: GivenOut
    monthly_minor: int
    margin_minor: int


class AppApiSegmentsTriedOut(TypedDict):
    """The same with the serials of the first cards."""

    cards: int
    apple: int
    google: int
    samsung: int
    nowhere: int
    news: int
    first: list[str]


class AppApiSourceTypesReplayIn(TypedDict):
    """Which events: those since a time, those in a state, or these; all where nothing is said."""

    since: NotRequired[str | None]
    state: NotRequired[str]
    events: NotRequired[list[int]]


class AppApiSourceTypesReplayedOut(TypedDict):
    """How many events are in the queue again."""

    replayed: int


class AppApiSourceTypesRotateIn(TypedDict):
    """How many hours the secret before is good for, and the new one, unless it is made for you."""

    overlap_hours: NotRequired[int]
    secret: NotRequired[str | None]


class AppApiSourceTypesSecretOut(TypedDict):
    """The new secret, which is shown this once; the one before it is good until `former_until`."""

    secret: str
    former_until: str


class AppApiSourceTypesTriedOut(TypedDict):
    """What the call would do; nothing was done. `asks` are things that would be read from the system."""

    actions: list[TriedActionOut]
    asks: list[str]
    faults: list[dict[str, str]]


class AppApiWebhookTypesReplayIn(TypedDict):
    """One `message`, all that happened `since` a time, or all that `failed`; exactly one of them."""

    message: NotRequired[str | None]
    since: NotRequired[str | None]
    state: NotRequired[Literal['failed'] | None]


class AppApiWebhookTypesReplayedOut(TypedDict):
    """How many messages are on their way again."""

    messages: int


class AppApiWebhookTypesRotateIn(TypedDict):
    """How many hours the former secret goes on signing beside the new one."""

    hours: NotRequired[int]


class AppApiWebhookTypesSecretOut(TypedDict):
    """The new secret, shown this once; until `former_until` the former one signs too."""

    secret: str
    former_until: str


class AppDomainMechanicsGrowingDiscountStep(TypedDict):
    """From `from_minor` spent on, `percent` off."""

    from_minor: int
    percent: float | str


class AppDomainMechanicsStampsStep(TypedDict):
    """A reward that waits at `at` stamps of a round."""

    at: int
    reward: dict[str, str]
    reward_key: NotRequired[str]


class AppDomainSegmentsLanguage(TypedDict):
    """The member's language; `pt` stands for `pt-BR` too, an empty text for members who chose none."""

    field: Literal['locale']
    any_of: list[str]


class AnalyticsCalls(Room):
    def by_channel(
        self,
        programme: str,
        *,
        since: str | None = None,
        until: str | None = None,
        basis: Literal['happened', 'joined'] | None = None,
        utm_source: str | None = None,
        utm_medium: str | None = None,
        utm_campaign: str | None = None,
        link_code: str | None = None,
        format: Literal['json', 'csv'] | None = None,
        group_by: Literal['channel', 'source', 'medium', 'campaign', 'link'] | None = None,
    ) -> ChannelsOut:
        """Which channel brought which cards and which revenue. Counted now. A card belongs to the channel that
        brought it first, and so does all that it buys.
        """
        return cast("ChannelsOut", self.call(
            "GET",
            "/analytics/channels",
            query={'programme': programme, 'since': since, 'until': until, 'basis': basis, 'utm_source': utm_source, 'utm_medium': utm_medium, 'utm_campaign': utm_campaign, 'link_code': link_code, 'format': format, 'group_by': group_by},
            repeatable=True,
        ))

    def steps(
        self,
        programme: str,
        *,
        since: str | None = None,
        until: str | None = None,
        basis: Literal['happened', 'joined'] | None = None,
        utm_source: str | None = None,
        utm_medium: str | None = None,
        utm_campaign: str | None = None,
        link_code: str | None = None,
        format: Literal['json', 'csv'] | None = None,
    ) -> FunnelOut:
        """How many went how far, from an opened join page to revenue. Each step with its share of the step
        before, and each day; a file has the days.
        """
        return cast("FunnelOut", self.call(
            "GET",
            "/analytics/funnel",
            query={'programme': programme, 'since': since, 'until': until, 'basis': basis, 'utm_source': utm_source, 'utm_medium': utm_medium, 'utm_campaign': utm_campaign, 'link_code': link_code, 'format': format},
            repeatable=True,
        ))

    def at_a_glance(
        self,
        programme: str,
        *,
        since: str | None = None,
        until: str | None = None,
        basis: Literal['happened', 'joined'] | None = None,
        utm_source: str | None = None,
        utm_medium: str | None = None,
        utm_campaign: str | None = None,
        link_code: str | None = None,
        format: Literal['json', 'csv'] | None = None,
        every: Literal['day', 'week', 'month'] | None = None,
    ) -> OverviewOut:
        """A programme at a glance. Cards, wallets, balances and rates; a file has the series. A channel
        narrows the figures and the series alone.
        """
        return cast("OverviewOut", self.call(
            "GET",
            "/analytics/programme",
            query={'programme': programme, 'since': since, 'until': until, 'basis': basis, 'utm_source': utm_source, 'utm_medium': utm_medium, 'utm_campaign': utm_campaign, 'link_code': link_code, 'format': format, 'every': every},
            repeatable=True,
        ))


class ApiKeysCalls(Room):
    def create(self, body: KeyIn) -> NewKeyOut:
        """Make a key. It gets no scope, no programme and no longer life than your own key has. Was the answer
        lost? Revoke the key that `GET /keys` lists, and make another.
        """
        return cast("NewKeyOut", self.call("POST", "/keys", body=body))

    def listed(self, *, cursor: str | None = None, limit: int | None = None) -> PageOutKeyOut:
        """Keys, newest first. When each was used last, and when it ends; the secrets are not kept."""
        return cast("PageOutKeyOut", self.call(
            "GET",
            "/keys",
            query={'cursor': cursor, 'limit': limit},
            repeatable=True,
        ))

    def listed_each(self, *, limit: int | None = None) -> Iterator[KeyOut]:
        """All of `listed`, part after part."""
        yield from self.walk(lambda cursor: cast(Any, self.listed(limit=limit, cursor=cursor)))

    def read(self, key_id: int) -> KeyOut:
        """A key. Without its secret."""
        return cast("KeyOut", self.call("GET", f"/keys/{self.part(key_id)}", repeatable=True))

    def revoke(self, key_id: int) -> KeyOut:
        """End a key for good. From now on it opens nothing; again changes nothing."""
        return cast("KeyOut", self.call("DELETE", f"/keys/{self.part(key_id)}", repeatable=True))

    def rotate(self, key_id: int, body: KeyRotateIn | None = None) -> NewKeyOut:
        """A new key in the place of another. The same rights and the same end; the old one opens for
        `overlap_hours` more, so that no till stands still. Again is 409 with `state.successor_id`: was that
        answer lost, rotate the successor.
        """
        return cast("NewKeyOut", self.call("POST", f"/keys/{self.part(key_id)}/rotate", body=body))


class BannersCalls(Room):
    def put(
        self,
        slug: str,
        image: bytes,
        *,
        starts_at: str | None = None,
        ends_at: str | None = None,
        segment: str | None = None,
        if_match: str | None = None,
    ) -> PublishedOut:
        """A new banner, for all cards or for some, for good or for a time. Multipart with one picture called
        `image` (PNG, JPEG or WebP). Alone it is a new version of the look, which everybody sees from now
        on; restore the version before to undo it. `If-Match` takes the ETag of the programme. With
        `starts_at`, `ends_at` or `segment` it stands in for the look's own banner; delete it to undo it.
        """
        return cast("PublishedOut", self.call(
            "PUT",
            f"/programmes/{self.part(slug)}/banner",
            file=("image", image),
            form={'starts_at': starts_at, 'ends_at': ends_at, 'segment': segment},
            if_match=if_match,
        ))

    def listed(self, slug: str, *, cursor: str | None = None, limit: int | None = None) -> PageOutBannerOut:
        """Banners of a time or of a segment, newest first. The look's own banner is in its design."""
        return cast("PageOutBannerOut", self.call(
            "GET",
            f"/programmes/{self.part(slug)}/banners",
            query={'cursor': cursor, 'limit': limit},
            repeatable=True,
        ))

    def listed_each(self, slug: str, *, limit: int | None = None) -> Iterator[BannerOut]:
        """All of `listed`, part after part."""
        yield from self.walk(lambda cursor: cast(Any, self.listed(slug, limit=limit, cursor=cursor)))

    def withdraw(self, slug: str, banner_id: int) -> BannerOut:
        """Take a banner from all cards. Cards show their look's own again with their next update; again
        changes nothing.
        """
        return cast("BannerOut", self.call(
            "DELETE",
            f"/programmes/{self.part(slug)}/banners/{self.part(banner_id)}",
            repeatable=True,
        ))


class CampaignsCalls(Room):
    def listed(self, *, cursor: str | None = None, limit: int | None = None) -> PageOutCampaignOut:
        """Campaigns. Newest first, with how far they are; a key of a programme sees its own."""
        return cast("PageOutCampaignOut", self.call(
            "GET",
            "/campaigns",
            query={'cursor': cursor, 'limit': limit},
            repeatable=True,
        ))

    def listed_each(self, *, limit: int | None = None) -> Iterator[CampaignOut]:
        """All of `listed`, part after part."""
        yield from self.walk(lambda cursor: cast(Any, self.listed(limit=limit, cursor=cursor)))

    def create(self, body: CampaignIn, *, key: str | None = None) -> CampaignOut:
        """Write a campaign. A draft: nothing happens before it is started. `content` has a message, a banner,
        values, gifts, or several of them.
        """
        return cast("CampaignOut", self.call("POST", "/campaigns", body=body, key=key, keyed=True))

    def read(self, campaign_id: int) -> CampaignOut:
        """A campaign. With how far it is."""
        return cast("CampaignOut", self.call("GET", f"/campaigns/{self.part(campaign_id)}", repeatable=True))

    def change(self, campaign_id: int, body: CampaignPatch) -> CampaignOut:
        """Change a campaign. Once it was started, nothing but its name."""
        return cast("CampaignOut", self.call("PATCH", f"/campaigns/{self.part(campaign_id)}", body=body))

    def dry_run(self, campaign_id: int) -> TrialOut:
        """Try a campaign. Whom it would reach now, by wallet and consent, what it would cost, and one card as
        phones would show it. Nothing is changed.
        """
        return cast("TrialOut", self.call("POST", f"/campaigns/{self.part(campaign_id)}/dry-run"))

    def start(self, campaign_id: int) -> CampaignOut:
        """Start a campaign, or let it go on. At once, or at its `starts_at`; again changes nothing. Cards
        follow in the background, each once.
        """
        return cast("CampaignOut", self.call("POST", f"/campaigns/{self.part(campaign_id)}/start"))

    def pause(self, campaign_id: int) -> CampaignOut:
        """Pause a campaign. What was done stays; start lets it go on from there. Again changes nothing."""
        return cast("CampaignOut", self.call("POST", f"/campaigns/{self.part(campaign_id)}/pause"))


class CardsCalls(Room):
    def issue(self, body: CardIn) -> CardOut:
        """Issue a card, or find the one that this member has. 201, or 200 with the same card when the phone,
        e-mail or external id is a member's already.
        """
        return cast("CardOut", self.call("POST", "/cards", body=body))

    def find(
        self,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        phone: str | None = None,
        number: str | None = None,
        external_id: str | None = None,
        email: str | None = None,
        programme: str | None = None,
    ) -> PageOutCardOut:
        """Find cards by phone, number, external id or e-mail. Cards that match every value that is given,
        oldest first. A rotating code as `number` is used up by that.
        """
        return cast("PageOutCardOut", self.call(
            "GET",
            "/cards",
            query={'cursor': cursor, 'limit': limit, 'phone': phone, 'number': number, 'external_id': external_id, 'email': email, 'programme': programme},
            repeatable=True,
        ))

    def find_each(
        self,
        *,
        limit: int | None = None,
        phone: str | None = None,
        number: str | None = None,
        external_id: str | None = None,
        email: str | None = None,
        programme: str | None = None,
    ) -> Iterator[CardOut]:
        """All of `find`, part after part."""
        yield from self.walk(lambda cursor: cast(Any, self.find(
            limit=limit,
            phone=phone,
            number=number,
            external_id=external_id,
            email=email,
            programme=programme,
            cursor=cursor,
        )))

    def read(self, serial: str) -> CardOut:
        """A card as it is now. The card with its balances, links and phones."""
        return cast("CardOut", self.call("GET", f"/cards/{self.part(serial)}", repeatable=True))

    def change(self, serial: str, body: CardPatch, *, if_match: str | None = None) -> CardOut:
        """Change status, tier, end, named values or member data. What is not named stays; the phones follow if
        anybody can see a difference. `If-Match` with the ETag that you read refuses it where somebody else
        changed the same things meanwhile.
        """
        return cast("CardOut", self.call(
            "PATCH",
            f"/cards/{self.part(serial)}",
            body=body,
            if_match=if_match,
        ))

    def erase(self, serial: str) -> CardOut:
        """Erase the person; the ledger keeps opaque numbers. What names the member is deleted and the card is
        void on every phone; there is no way back.
        """
        return cast("CardOut", self.call("DELETE", f"/cards/{self.part(serial)}/member", repeatable=True))

    def entries(self, serial: str, *, cursor: str | None = None, limit: int | None = None) -> PageOutEntryOut:
        """The ledger of a card, newest first. Every line says when, what, how much, the balance after it, why
        and by whom.
        """
        return cast("PageOutEntryOut", self.call(
            "GET",
            f"/cards/{self.part(serial)}/entries",
            query={'cursor': cursor, 'limit': limit},
            repeatable=True,
        ))

    def entries_each(self, serial: str, *, limit: int | None = None) -> Iterator[EntryOut]:
        """All of `entries`, part after part."""
        yield from self.walk(lambda cursor: cast(Any, self.entries(serial, limit=limit, cursor=cursor)))

    def deliveries(self, serial: str, *, locale: str | None = None) -> DeliveriesOut:
        """Why does this phone not show it?. Per phone what was queued, pushed, asked for and fetched, with
        times; `why` says it in one sentence.
        """
        return cast("DeliveriesOut", self.call(
            "GET",
            f"/cards/{self.part(serial)}/deliveries",
            query={'locale': locale},
            repeatable=True,
        ))


class CodesCalls(Room):
    def create(self, slug: str, body: CodesIn, *, key: str | None = None) -> CodesOut:
        """Make codes of a coupon. A card shows its own codes at once. The same Idempotency-Key answers with
        the same codes.
        """
        return cast("CodesOut", self.call(
            "POST",
            f"/programmes/{self.part(slug)}/codes",
            body=body,
            key=key,
            keyed=True,
        ))

    def listed(
        self,
        slug: str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        rule: str | None = None,
        serial: str | None = None,
    ) -> CodesOut:
        """Codes, and what became of them. In the order in which they were made."""
        return cast("CodesOut", self.call(
            "GET",
            f"/programmes/{self.part(slug)}/codes",
            query={'cursor': cursor, 'limit': limit, 'rule': rule, 'serial': serial},
            repeatable=True,
        ))

    def listed_each(
        self,
        slug: str,
        *,
        limit: int | None = None,
        rule: str | None = None,
        serial: str | None = None,
    ) -> Iterator[CodeOut]:
        """All of `listed`, part after part."""
        yield from self.walk(lambda cursor: cast(Any, self.listed(
            slug,
            limit=limit,
            rule=rule,
            serial=serial,
            cursor=cursor,
        )))


class CompaniesCalls(Room):
    def listed(self, serial: str) -> HoldersOut:
        """Who shares the card's account. The first card first."""
        return cast("HoldersOut", self.call("GET", f"/cards/{self.part(serial)}/holders", repeatable=True))

    def create(self, serial: str, body: HolderIn, *, key: str | None = None) -> HoldersOut:
        """Bring one more holder. 201, or 200 where they share the account already. What a card holds that
        joins goes over to the account with its ends.
        """
        return cast("HoldersOut", self.call(
            "POST",
            f"/cards/{self.part(serial)}/holders",
            body=body,
            key=key,
            keyed=True,
        ))

    def remove(self, serial: str, holder: str) -> HoldersOut:
        """Let a holder go. Their card stays theirs and is empty; the account stays with the others."""
        return cast("HoldersOut", self.call(
            "DELETE",
            f"/cards/{self.part(serial)}/holders/{self.part(holder)}",
            repeatable=True,
        ))


class DesignsCalls(Room):
    def listed(
        self,
        slug: str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> PageOutDesignSummary:
        """Versions of a programme's look, newest first. Drafts and published versions."""
        return cast("PageOutDesignSummary", self.call(
            "GET",
            f"/programmes/{self.part(slug)}/designs",
            query={'cursor': cursor, 'limit': limit},
            repeatable=True,
        ))

    def listed_each(self, slug: str, *, limit: int | None = None) -> Iterator[DesignSummary]:
        """All of `listed`, part after part."""
        yield from self.walk(lambda cursor: cast(Any, self.listed(slug, limit=limit, cursor=cursor)))

    def draft(self, slug: str, body: Design, *, note: str | None = None) -> DesignOut:
        """Keep a draft. Nobody sees it before it is published."""
        return cast("DesignOut", self.call(
            "POST",
            f"/programmes/{self.part(slug)}/designs",
            query={'note': note},
            body=body,
        ))

    def import_draft(self, slug: str, pass_: bytes) -> ImportedOut:
        """A draft from a pass or template made elsewhere. Multipart with one file called `pass`: a .pkpass, or
        a zipped .pkpasstemplate of Pass Designer. `notes` say what could not be carried over, and what to
        look at before publishing.
        """
        return cast("ImportedOut", self.call(
            "POST",
            f"/programmes/{self.part(slug)}/designs/import",
            file=("pass", pass_),
        ))

    def read(self, slug: str, design_id: int) -> DesignOut:
        """A version of a look, whole. `design` may be changed and sent again as a new draft."""
        return cast("DesignOut", self.call(
            "GET",
            f"/programmes/{self.part(slug)}/designs/{self.part(design_id)}",
            repeatable=True,
        ))

    def publish(self, slug: str, design_id: int) -> PublishedOut:
        """Make a draft the look of all cards. 422 lists what should be mended first; the cards follow in the
        background.
        """
        return cast("PublishedOut", self.call(
            "POST",
            f"/programmes/{self.part(slug)}/designs/{self.part(design_id)}/publish",
        ))

    def restore(self, slug: str, design_id: int) -> PublishedOut:
        """Go back to an earlier look. Published again, as a new version."""
        return cast("PublishedOut", self.call(
            "POST",
            f"/programmes/{self.part(slug)}/designs/{self.part(design_id)}/restore",
        ))

    def upload(self, image: bytes) -> PictureOut:
        """Upload a picture for a design. Multipart with one picture called `image`; a design names it by
        `sha256`.
        """
        return cast("PictureOut", self.call("POST", "/images", file=("image", image)))


class GiftsCalls(Room):
    def load(self, serial: str, body: GiftIn, *, key: str | None = None) -> OperationOut:
        """Load money onto a gift card. Earns nothing; what is bought with it does."""
        return cast("OperationOut", self.call(
            "POST",
            f"/cards/{self.part(serial)}/gifts",
            body=body,
            key=key,
            keyed=True,
        ))


class HappeningsCalls(Room):
    def happen(self, serial: str, body: EventInput, *, key: str | None = None) -> OperationOut:
        """Something happened that a rule rewards. As often as the rule allows; `notes` say what its limits
        kept back.
        """
        return cast("OperationOut", self.call(
            "POST",
            f"/cards/{self.part(serial)}/events",
            body=body,
            key=key,
            keyed=True,
        ))


class HoldsCalls(Room):
    def set_aside(self, serial: str, body: HoldIn, *, key: str | None = None) -> OperationOut:
        """Points were promised to a receipt that is not closed yet. Send `hold.id` with the purchase, or
        capture or void it; after `seconds` the points come back by themselves.
        """
        return cast("OperationOut", self.call(
            "POST",
            f"/cards/{self.part(serial)}/holds",
            body=body,
            key=key,
            keyed=True,
        ))

    def shown(self, hold: str) -> HoldOut:
        """What became of points that were set aside. `state` tells."""
        return cast("HoldOut", self.call("GET", f"/holds/{self.part(hold)}", repeatable=True))

    def capture(self, hold: str, body: CaptureIn | None = None, *, key: str | None = None) -> OperationOut:
        """Points that were set aside are spent. Only for receipts that are not sent as purchases: a purchase
        captures its hold by itself.
        """
        return cast("OperationOut", self.call(
            "POST",
            f"/holds/{self.part(hold)}/capture",
            body=body,
            key=key,
            keyed=True,
        ))

    def void(self, hold: str, body: Nothing | None = None, *, key: str | None = None) -> OperationOut:
        """Points that were set aside go back. Also on a blocked card. 409 for a hold that is resolved."""
        return cast("OperationOut", self.call(
            "POST",
            f"/holds/{self.part(hold)}/void",
            body=body,
            key=key,
            keyed=True,
        ))


class JobsCalls(Room):
    def import_members(
        self,
        slug: str,
        content: bytes,
        content_type: Literal['text/csv', 'application/x-ndjson', 'application/json'],
        *,
        dry_run: bool | None = None,
        announce: bool | None = None,
        key: str | None = None,
    ) -> JobOut:
        """Import members from a file. The body is the file: CSV, NDJSON or a JSON array, up to 64 MB. The same
        file again changes nothing; with another Idempotency-Key it counts as a new statement of what
        balances are.
        """
        return cast("JobOut", self.call(
            "POST",
            f"/programmes/{self.part(slug)}/imports",
            query={'dry_run': dry_run, 'announce': announce},
            raw=(content, content_type),
            key=key,
            keyed=True,
        ))

    def export_members(self, slug: str, body: ExportIn | None = None, *, key: str | None = None) -> JobOut:
        """Export all members to a file. The file can be fetched once the job is done, for seven days."""
        return cast("JobOut", self.call(
            "POST",
            f"/programmes/{self.part(slug)}/exports",
            body=body,
            key=key,
            keyed=True,
        ))

    def members_ndjson(self, slug: str) -> Iterator[bytes]:
        """All members, straight away. One member a line, in the format that an import takes; it flows while it
        is read.
        """
        return self.pieces("GET", f"/programmes/{self.part(slug)}/members.ndjson", repeatable=True)

    def members_csv(self, slug: str) -> Iterator[bytes]:
        """All members as a spreadsheet, straight away. The same in CSV; what begins like a formula has an
        apostrophe before it.
        """
        return self.pieces("GET", f"/programmes/{self.part(slug)}/members.csv", repeatable=True)

    def listed(self, *, cursor: str | None = None, limit: int | None = None) -> PageOutJobOut:
        """Jobs, the newest first. Imports and exports of the caller's programmes, the newest first."""
        return cast("PageOutJobOut", self.call(
            "GET",
            "/jobs",
            query={'cursor': cursor, 'limit': limit},
            repeatable=True,
        ))

    def listed_each(self, *, limit: int | None = None) -> Iterator[JobOut]:
        """All of `listed`, part after part."""
        yield from self.walk(lambda cursor: cast(Any, self.listed(limit=limit, cursor=cursor)))

    def read(self, job: str) -> JobOut:
        """How far a job is. Its state, counts and first faults."""
        return cast("JobOut", self.call("GET", f"/jobs/{self.part(job)}", repeatable=True))

    def cancel(self, job: str, body: Nothing | None = None) -> JobOut:
        """Stop a job. What was done stays done; the rest is not begun. Again changes nothing."""
        return cast("JobOut", self.call("POST", f"/jobs/{self.part(job)}/cancel", body=body))

    def errors(self, job: str) -> Iterator[bytes]:
        """The rows that were refused. As they came, with the reason in `error`: mend them, and send the file
        again as it is.
        """
        return self.pieces("GET", f"/jobs/{self.part(job)}/errors", repeatable=True)

    def file(self, job: str) -> Iterator[bytes]:
        """The file of an export. Once the job is done, for seven days."""
        return self.pieces("GET", f"/jobs/{self.part(job)}/file", repeatable=True)


class LedgerCalls(Room):
    def quote(self, serial: str, body: PurchaseInput) -> QuoteOut:
        """What a purchase would earn, and how much points may pay. Changes nothing."""
        return cast("QuoteOut", self.call(
            "POST",
            f"/cards/{self.part(serial)}/quotes",
            body=body,
            repeatable=True,
        ))

    def purchase(self, serial: str, body: PurchaseInput, *, key: str | None = None) -> OperationOut:
        """A receipt was closed. The Idempotency-Key may be left out where `receipt` is given: the same receipt
        counts once.
        """
        return cast("OperationOut", self.call(
            "POST",
            f"/cards/{self.part(serial)}/purchases",
            body=body,
            key=key,
            keyed=True,
        ))

    def stamps(self, serial: str, body: StampsInput, *, key: str | None = None) -> OperationOut:
        """A visit. A full card becomes a reward at once."""
        return cast("OperationOut", self.call(
            "POST",
            f"/cards/{self.part(serial)}/stamps",
            body=body,
            key=key,
            keyed=True,
        ))

    def redeem(self, serial: str, body: RedemptionIn, *, key: str | None = None) -> OperationOut:
        """A reward was handed out, or points taken. 409 with the present balance when the card holds less."""
        return cast("OperationOut", self.call(
            "POST",
            f"/cards/{self.part(serial)}/redemptions",
            body=body,
            key=key,
            keyed=True,
        ))

    def adjust(self, serial: str, body: AdjustmentInput, *, key: str | None = None) -> OperationOut:
        """Value given or taken by hand. A signed amount with a reason; works on blocked cards too."""
        return cast("OperationOut", self.call(
            "POST",
            f"/cards/{self.part(serial)}/adjustments",
            body=body,
            key=key,
            keyed=True,
        ))

    def reverse(
        self,
        operation: str,
        body: ReversalIn | None = None,
        *,
        key: str | None = None,
    ) -> OperationOut:
        """Take an operation back: whole, or a part of a receipt. `id` of any answer above. Whole only once,
        with or without an Idempotency-Key; without one, again is 409. Parts of a receipt need a key, so
        that no return counts twice.
        """
        return cast("OperationOut", self.call(
            "POST",
            f"/receipts/{self.part(operation)}/reversal",
            body=body,
            key=key,
            keyed=True,
        ))


class LiabilityCalls(Room):
    def owed(self, slug: str) -> LiabilityOut:
        """What the programme owes its customers, by the month in which it ends. Outstanding points, rewards
        and money on cards, and what they are worth; counted now.
        """
        return cast("LiabilityOut", self.call(
            "GET",
            f"/programmes/{self.part(slug)}/liability",
            repeatable=True,
        ))


class MembershipsCalls(Room):
    def pay(self, serial: str, body: MembershipInput, *, key: str | None = None) -> MembershipDoneOut:
        """A membership was paid, or renewed. The same `payment` counts once, with or without an
        Idempotency-Key. A renewal follows on what is paid.
        """
        return cast("MembershipDoneOut", self.call(
            "POST",
            f"/cards/{self.part(serial)}/memberships",
            body=body,
            key=key,
            keyed=True,
        ))

    def listed(self, serial: str) -> MembershipsOut:
        """A card's memberships, newest first. Each payment with its period."""
        return cast("MembershipsOut", self.call(
            "GET",
            f"/cards/{self.part(serial)}/memberships",
            repeatable=True,
        ))

    def cancel(
        self,
        serial: str,
        membership_id: int,
        body: CancelIn | None = None,
        *,
        key: str | None = None,
    ) -> MembershipDoneOut:
        """End a membership before its time. Once: the same again gives the first answer; one that is over or
        was cancelled is 409.
        """
        return cast("MembershipDoneOut", self.call(
            "POST",
            f"/cards/{self.part(serial)}/memberships/{self.part(membership_id)}/cancel",
            body=body,
            key=key,
            keyed=True,
        ))


class MessagesCalls(Room):
    def listed(self, slug: str, *, cursor: str | None = None, limit: int | None = None) -> PageOutMessageOut:
        """Messages to all cards, newest first. Those that were sent to one card are listed there."""
        return cast("PageOutMessageOut", self.call(
            "GET",
            f"/programmes/{self.part(slug)}/messages",
            query={'cursor': cursor, 'limit': limit},
            repeatable=True,
        ))

    def listed_each(self, slug: str, *, limit: int | None = None) -> Iterator[MessageOut]:
        """All of `listed`, part after part."""
        yield from self.walk(lambda cursor: cast(Any, self.listed(slug, limit=limit, cursor=cursor)))

    def post(self, slug: str, body: MessageInput, *, key: str | None = None) -> MessageOut:
        """Say something on all cards. Shown from `starts_at` (now) to `ends_at` (30 days later). News are
        shown to members who gave the consent `marketing`; `advice` says what to think of.
        """
        return cast("MessageOut", self.call(
            "POST",
            f"/programmes/{self.part(slug)}/messages",
            body=body,
            key=key,
            keyed=True,
        ))

    def withdraw(self, slug: str, message_id: int) -> MessageOut:
        """Take a message from all cards. It leaves the phones with their next update; again changes nothing."""
        return cast("MessageOut", self.call(
            "DELETE",
            f"/programmes/{self.part(slug)}/messages/{self.part(message_id)}",
            repeatable=True,
        ))

    def listed_of_card(
        self,
        serial: str,
        *,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> PageOutMessageOut:
        """Messages to this card alone, newest first. Those to all cards are listed with the programme."""
        return cast("PageOutMessageOut", self.call(
            "GET",
            f"/cards/{self.part(serial)}/messages",
            query={'cursor': cursor, 'limit': limit},
            repeatable=True,
        ))

    def listed_of_card_each(self, serial: str, *, limit: int | None = None) -> Iterator[MessageOut]:
        """All of `listed_of_card`, part after part."""
        yield from self.walk(lambda cursor: cast(Any, self.listed_of_card(
            serial,
            limit=limit,
            cursor=cursor,
        )))

    def post_to_card(self, serial: str, body: MessageInput, *, key: str | None = None) -> MessageOut:
        """Say something on this card. News to a member who did not give the consent `marketing` are refused
        with 409.
        """
        return cast("MessageOut", self.call(
            "POST",
            f"/cards/{self.part(serial)}/messages",
            body=body,
            key=key,
            keyed=True,
        ))

    def withdraw_from_card(self, serial: str, message_id: int) -> MessageOut:
        """Take a message from this card. Only one that was sent to this card alone; again changes nothing."""
        return cast("MessageOut", self.call(
            "DELETE",
            f"/cards/{self.part(serial)}/messages/{self.part(message_id)}",
            repeatable=True,
        ))


class PresetsCalls(Room):
    def preset_list(self) -> PresetsOut:
        """Programmes to start from. By key."""
        return cast("PresetsOut", self.call("GET", "/presets", repeatable=True))

    def preset(self, key: str) -> PresetBodyOut:
        """A programme to start from. Its programme is what `POST /programmes` takes."""
        return cast("PresetBodyOut", self.call("GET", f"/presets/{self.part(key)}", repeatable=True))


class ProgrammesCalls(Room):
    def create(self, body: Programme) -> ProgrammeOut:
        """Start a programme. It gets a starter design that fits its rules."""
        return cast("ProgrammeOut", self.call("POST", "/programmes", body=body))

    def listed(self, *, cursor: str | None = None, limit: int | None = None) -> PageOutProgrammeOut:
        """Programmes. By slug."""
        return cast("PageOutProgrammeOut", self.call(
            "GET",
            "/programmes",
            query={'cursor': cursor, 'limit': limit},
            repeatable=True,
        ))

    def listed_each(self, *, limit: int | None = None) -> Iterator[ProgrammeOut]:
        """All of `listed`, part after part."""
        yield from self.walk(lambda cursor: cast(Any, self.listed(limit=limit, cursor=cursor)))

    def read(self, slug: str) -> ProgrammeOut:
        """A programme. With its rules, form and texts."""
        return cast("ProgrammeOut", self.call("GET", f"/programmes/{self.part(slug)}", repeatable=True))

    def change(self, slug: str, body: ProgrammePatch, *, if_match: str | None = None) -> ProgrammeOut:
        """Change a programme. Keys that are given are replaced whole; all cards follow in the background.
        `If-Match` with the ETag that you read refuses it where somebody else was faster.
        """
        return cast("ProgrammeOut", self.call(
            "PATCH",
            f"/programmes/{self.part(slug)}",
            body=body,
            if_match=if_match,
        ))


class ReceiptsCalls(Room):
    def upload(self, slug: str, body: ReceiptsIn) -> ReceiptsOut:
        """Upload what a till closed offline. Always 200, with a result for each item in order: each is a
        transaction of its own, and its `receipt` is its idempotency key. Send the whole batch again after a
        lost answer: what was entered is `replayed`. Late receipts count by the rules of `occurred_at`.
        Points are spent up to what is there: an item that would spend more is refused with the balance, and
        can be sent again with less.
        """
        return cast("ReceiptsOut", self.call(
            "POST",
            f"/programmes/{self.part(slug)}/receipts",
            body=body,
            repeatable=True,
        ))


class RulesCalls(Room):
    def read(self, slug: str) -> RulebookOut:
        """Rules, past and to come. Every version with its author and why, in words too."""
        return cast("RulebookOut", self.call("GET", f"/programmes/{self.part(slug)}/rules", repeatable=True))

    def schedule(self, slug: str, body: RulesIn) -> RulebookOut:
        """Change the rules, now or on a date. A new version; purchases from before it starts are counted by
        the old ones, whenever they come in.
        """
        return cast("RulebookOut", self.call("POST", f"/programmes/{self.part(slug)}/rules", body=body))

    def preview(self, slug: str, body: PreviewIn) -> PreviewOut:
        """Try rules over the real cards. Who gains, who loses, what is complete at once, what it costs;
        changes nothing. A million cards take up to a minute.
        """
        return cast("PreviewOut", self.call(
            "POST",
            f"/programmes/{self.part(slug)}/rules/preview",
            body=body,
        ))

    def withdraw(self, slug: str, number_id: int) -> RulebookOut:
        """Take back rules that have not started. Again changes nothing; 409 for what has started."""
        return cast("RulebookOut", self.call(
            "POST",
            f"/programmes/{self.part(slug)}/rules/{self.part(number_id)}/withdraw",
        ))


class SegmentsCalls(Room):
    def listed(self, *, cursor: str | None = None, limit: int | None = None) -> PageOutSegmentOut:
        """Segments. Oldest first; a key of a programme sees its own."""
        return cast("PageOutSegmentOut", self.call(
            "GET",
            "/segments",
            query={'cursor': cursor, 'limit': limit},
            repeatable=True,
        ))

    def listed_each(self, *, limit: int | None = None) -> Iterator[SegmentOut]:
        """All of `listed`, part after part."""
        yield from self.walk(lambda cursor: cast(Any, self.listed(limit=limit, cursor=cursor)))

    def create(self, body: SegmentIn) -> SegmentOut:
        """Keep a segment. `rule` is a condition, or `all`, `any` or `not` of conditions; who fits is asked
        when it is used.
        """
        return cast("SegmentOut", self.call("POST", "/segments", body=body))

    def preview(self, body: SegmentTry) -> AppApiSegmentsTriedOut:
        """Whom a rule would find. Counted now; nothing is kept."""
        return cast("AppApiSegmentsTriedOut", self.call("POST", "/segments/preview", body=body))

    def read(self, segment_id: int) -> SegmentOut:
        """A segment. With its rule."""
        return cast("SegmentOut", self.call("GET", f"/segments/{self.part(segment_id)}", repeatable=True))

    def change(self, segment_id: int, body: SegmentPatch) -> SegmentOut:
        """Change a segment. Campaigns that run keep the rule with which they started."""
        return cast("SegmentOut", self.call("PATCH", f"/segments/{self.part(segment_id)}", body=body))

    def delete(self, segment_id: int) -> GoneOut:
        """Take a segment away. 409 while a campaign that was started and is not done needs it."""
        return cast("GoneOut", self.call("DELETE", f"/segments/{self.part(segment_id)}", repeatable=True))

    def count(self, segment_id: int) -> CountOut:
        """How many cards fit now. And how many of them can be reached by which way."""
        return cast("CountOut", self.call("GET", f"/segments/{self.part(segment_id)}/count", repeatable=True))


class SettlementCalls(Room):
    def report(self, slug: str, from_: str, to: str, *, locale: str | None = None) -> SettlementOut:
        """What partners and the house owe each other. By month and partner, exact to the entry; an entry
        belongs to the month in which it was recorded.
        """
        return cast("SettlementOut", self.call(
            "GET",
            f"/programmes/{self.part(slug)}/settlement",
            query={'from': from_, 'to': to, 'locale': locale},
            repeatable=True,
        ))


class SourcesCalls(Room):
    def create(self, body: SourceIn) -> NewSourceOut:
        """Let a system send webhooks. The secret is shown this once."""
        return cast("NewSourceOut", self.call("POST", "/sources", body=body))

    def listed(self, *, cursor: str | None = None, limit: int | None = None) -> PageOutSourceOut:
        """Sources. By slug, without their secrets."""
        return cast("PageOutSourceOut", self.call(
            "GET",
            "/sources",
            query={'cursor': cursor, 'limit': limit},
            repeatable=True,
        ))

    def listed_each(self, *, limit: int | None = None) -> Iterator[SourceOut]:
        """All of `listed`, part after part."""
        yield from self.walk(lambda cursor: cast(Any, self.listed(limit=limit, cursor=cursor)))

    def read(self, source_id: int) -> SourceOut:
        """A source. As it is set up now, without its secrets."""
        return cast("SourceOut", self.call("GET", f"/sources/{self.part(source_id)}", repeatable=True))

    def change(self, source_id: int, body: SourcePatch, *, if_match: str | None = None) -> SourceOut:
        """Change how a source is read, called and watched, or pause it. While it is paused, what comes is
        kept; it is applied in order when the pause ends.
        """
        return cast("SourceOut", self.call(
            "PATCH",
            f"/sources/{self.part(source_id)}",
            body=body,
            if_match=if_match,
        ))

    def rotate(
        self,
        source_id: int,
        body: AppApiSourceTypesRotateIn | None = None,
    ) -> AppApiSourceTypesSecretOut:
        """Give a source a new secret. The one before it is good for some hours longer, until the system has
        the new one.
        """
        return cast("AppApiSourceTypesSecretOut", self.call(
            "POST",
            f"/sources/{self.part(source_id)}/secret",
            body=body,
        ))

    def replay_many(
        self,
        source_id: int,
        body: AppApiSourceTypesReplayIn | None = None,
    ) -> AppApiSourceTypesReplayedOut:
        """Apply many events again. Since a time, all that are dead, or those that are named; nothing is done
        twice.
        """
        return cast("AppApiSourceTypesReplayedOut", self.call(
            "POST",
            f"/sources/{self.part(source_id)}/replay",
            body=body,
        ))

    def attempt(self, source_id: int, body: TryIn) -> AppApiSourceTypesTriedOut:
        """What a call would do, before it does it. A pasted sample goes through connector and mapping; nothing
        is stored, and no signature is needed.
        """
        return cast("AppApiSourceTypesTriedOut", self.call(
            "POST",
            f"/sources/{self.part(source_id)}/try",
            body=body,
        ))

    def events(
        self,
        source_id: int,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        state: str | None = None,
    ) -> PageOutEventOut:
        """What a source sent, newest first. `received` waits, `applied` is done, `dead` says why it cannot be."""
        return cast("PageOutEventOut", self.call(
            "GET",
            f"/sources/{self.part(source_id)}/events",
            query={'cursor': cursor, 'limit': limit, 'state': state},
            repeatable=True,
        ))

    def events_each(
        self,
        source_id: int,
        *,
        limit: int | None = None,
        state: str | None = None,
    ) -> Iterator[EventOut]:
        """All of `events`, part after part."""
        yield from self.walk(lambda cursor: cast(Any, self.events(
            source_id,
            limit=limit,
            state=state,
            cursor=cursor,
        )))

    def replay(self, event_id: int, body: Nothing | None = None) -> EventOut:
        """Apply an event again. What it did before is recalled and not done twice."""
        return cast("EventOut", self.call("POST", f"/events/{self.part(event_id)}/replay", body=body))


class WebhooksCalls(Room):
    def create(self, body: EndpointIn) -> NewEndpointOut:
        """Let an address hear of events. The secret is shown this once. An address in a private network is
        refused.
        """
        return cast("NewEndpointOut", self.call("POST", "/webhook-endpoints", body=body))

    def listed(self, *, cursor: str | None = None, limit: int | None = None) -> PageOutEndpointOut:
        """Endpoints. The oldest first, without their secrets."""
        return cast("PageOutEndpointOut", self.call(
            "GET",
            "/webhook-endpoints",
            query={'cursor': cursor, 'limit': limit},
            repeatable=True,
        ))

    def listed_each(self, *, limit: int | None = None) -> Iterator[EndpointOut]:
        """All of `listed`, part after part."""
        yield from self.walk(lambda cursor: cast(Any, self.listed(limit=limit, cursor=cursor)))

    def read(self, endpoint_id: int) -> EndpointOut:
        """An endpoint. How it is: when it last took something, since when it fails, why it was disabled."""
        return cast("EndpointOut", self.call(
            "GET",
            f"/webhook-endpoints/{self.part(endpoint_id)}",
            repeatable=True,
        ))

    def change(self, endpoint_id: int, body: EndpointPatch, *, if_match: str | None = None) -> EndpointOut:
        """Change, pause or bring back an endpoint. What is not named stays. A paused endpoint misses nothing:
        its events wait up to 30 days. `If-Match` with the ETag that you read refuses it where somebody else
        was faster.
        """
        return cast("EndpointOut", self.call(
            "PATCH",
            f"/webhook-endpoints/{self.part(endpoint_id)}",
            body=body,
            if_match=if_match,
        ))

    def delete(self, endpoint_id: int) -> GoneEndpointOut:
        """Take an endpoint away. With all that waits for it and all that was kept of it."""
        return cast("GoneEndpointOut", self.call(
            "DELETE",
            f"/webhook-endpoints/{self.part(endpoint_id)}",
            repeatable=True,
        ))

    def rotate(
        self,
        endpoint_id: int,
        body: AppApiWebhookTypesRotateIn | None = None,
    ) -> AppApiWebhookTypesSecretOut:
        """A new secret, with an overlap. For `hours` every webhook has a signature of both, so a receiver
        changes over without losing any.
        """
        return cast("AppApiWebhookTypesSecretOut", self.call(
            "POST",
            f"/webhook-endpoints/{self.part(endpoint_id)}/secret",
            body=body,
        ))

    def attempts(
        self,
        endpoint_id: int,
        *,
        cursor: str | None = None,
        limit: int | None = None,
        state: Literal['', 'pending', 'delivered', 'failed'] | None = None,
    ) -> PageOutWebhookMessageOut:
        """What was sent, and how it was answered. Messages of the last 30 days, the newest first, each with
        all its tries.
        """
        return cast("PageOutWebhookMessageOut", self.call(
            "GET",
            f"/webhook-endpoints/{self.part(endpoint_id)}/attempts",
            query={'cursor': cursor, 'limit': limit, 'state': state},
            repeatable=True,
        ))

    def attempts_each(
        self,
        endpoint_id: int,
        *,
        limit: int | None = None,
        state: Literal['', 'pending', 'delivered', 'failed'] | None = None,
    ) -> Iterator[WebhookMessageOut]:
        """All of `attempts`, part after part."""
        yield from self.walk(lambda cursor: cast(Any, self.attempts(
            endpoint_id,
            limit=limit,
            state=state,
            cursor=cursor,
        )))

    def replay(self, endpoint_id: int, body: AppApiWebhookTypesReplayIn) -> AppApiWebhookTypesReplayedOut:
        """Send again. Each with the `webhook-id` that it had, so a receiver knows what it has. `since` also
        sends what the endpoint never got, because it was disabled then.
        """
        return cast("AppApiWebhookTypesReplayedOut", self.call(
            "POST",
            f"/webhook-endpoints/{self.part(endpoint_id)}/replay",
            body=body,
        ))

    def test(self, endpoint_id: int, body: Nothing | None = None) -> WebhookMessageOut:
        """Send a ping. To this endpoint alone; what came of it stands in its attempts a moment later."""
        return cast("WebhookMessageOut", self.call(
            "POST",
            f"/webhook-endpoints/{self.part(endpoint_id)}/test",
            body=body,
        ))

    def kinds(self) -> EventKindsOut:
        """Events that there are. What an endpoint may choose, and a whole example of what is sent."""
        return cast("EventKindsOut", self.call("GET", "/webhook-events", repeatable=True))


class Rooms:
    """Every call of the API, by room."""

    def __init__(self, transport: Transport) -> None:
        self.analytics = AnalyticsCalls(transport)
        self.api_keys = ApiKeysCalls(transport)
        self.banners = BannersCalls(transport)
        self.campaigns = CampaignsCalls(transport)
        self.cards = CardsCalls(transport)
        self.codes = CodesCalls(transport)
        self.companies = CompaniesCalls(transport)
        self.designs = DesignsCalls(transport)
        self.gifts = GiftsCalls(transport)
        self.happenings = HappeningsCalls(transport)
        self.holds = HoldsCalls(transport)
        self.jobs = JobsCalls(transport)
        self.ledger = LedgerCalls(transport)
        self.liability = LiabilityCalls(transport)
        self.memberships = MembershipsCalls(transport)
        self.messages = MessagesCalls(transport)
        self.presets = PresetsCalls(transport)
        self.programmes = ProgrammesCalls(transport)
        self.receipts = ReceiptsCalls(transport)
        self.rules = RulesCalls(transport)
        self.segments = SegmentsCalls(transport)
        self.settlement = SettlementCalls(transport)
        self.sources = SourcesCalls(transport)
        self.webhooks = WebhooksCalls(transport)

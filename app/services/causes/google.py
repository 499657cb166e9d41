"""Causes between us and Google Wallet."""

from __future__ import annotations

from app.services.causes.cause import Cause, Symptom

_ANDROID: tuple[Symptom, ...] = ("not-on-android", "does-not-update")

CAUSES = (
    Cause(
        "google-off",
        ("not-on-android",),
        "Google Wallet is off: no credentials or issuer id.",
        "Set TILLPASS_GOOGLE_CREDENTIALS and _ISSUER_ID.",
        "warning",
    ),
    Cause(
        "google-credentials-unusable",
        _ANDROID,
        "Google's key cannot be used: %(said)s.",
        "Download the JSON key of the service account anew; see docs/going-live.md.",
    ),
    Cause(
        "google-credentials-refused",
        _ANDROID,
        "Google does not sign us in: %(said)s",
        "Was the key deleted, or the service account? Make a new key in the Cloud console.",
    ),
    Cause(
        "google-clock-refused",
        _ANDROID,
        "Google refuses our sign-in because of its time: %(said)s",
        "Let the clock be set by NTP: timedatectl set-ntp true",
    ),
    Cause(
        "google-unreachable",
        _ANDROID,
        "Google Wallet's interface is not reached: %(said)s",
        "Let https to %(host)s out of this network; look at the DNS.",
    ),
    Cause(
        "google-permission-denied",
        _ANDROID,
        "Google refuses us the issuer %(issuer)s: %(said)s",
        "Invite %(email)s in the Wallet console (Users), and switch the Wallet API on in the project.",
    ),
    Cause(
        "google-issuer-wrong",
        _ANDROID,
        "Google knows no issuer %(issuer)s: %(said)s",
        "Set TILLPASS_GOOGLE_ISSUER_ID to the number in the Wallet console, not the Cloud project's.",
    ),
    Cause(
        "google-quota",
        _ANDROID,
        "Google's quota is used up: %(said)s",
        "Wait for the next day; send fewer messages with a notification.",
        "warning",
    ),
    Cause(
        "google-rate-limited",
        _ANDROID,
        "Google slows us down: %(said)s",
        "It heals by itself. Does another program use the same project?",
        "warning",
    ),
    Cause(
        "google-unwell",
        _ANDROID,
        "Google answers, but not well: %(said)s",
        "Nothing to mend here: cards wait and are tried again.",
        "warning",
    ),
    Cause(
        "google-class-rejected",
        _ANDROID,
        "Google rejected the look %(class_id)s: cards of it cannot be added.",
        "Read Google's words in the Wallet console, mend the design and publish it again.",
    ),
    Cause(
        "google-class-waiting",
        _ANDROID,
        "The look %(class_id)s waits for Google's review (%(status)s).",
        "Until then only testers can add it; it takes a working day most often.",
        "warning",
    ),
    Cause(
        "google-class-missing",
        _ANDROID,
        "The look %(class_id)s, which we made at Google, is not there: another issuer or another project.",
        "Set TILLPASS_GOOGLE_ISSUER_ID and the key back to those that cards were made with.",
    ),
    Cause(
        "google-demo-mode",
        ("not-on-android",),
        "%(count)s cards were offered for Google Wallet, and nobody could add one: the issuer is most likely"
        " in demo mode, where testers alone can.",
        "Ask for publishing access in the Wallet console; until then add testers there.",
        "warning",
    ),
    Cause(
        "google-callbacks-silent",
        _ANDROID,
        "Google says that %(count)s cards were added, and told us of none: callbacks do not arrive.",
        "Must reach us: POST %(url)s, allowed in robots.txt, no login in front. The nightly round makes up"
        " for it.",
        "warning",
    ),
    Cause(
        "google-callbacks-unverified",
        _ANDROID,
        "The keys by which Google's callbacks are verified cannot be fetched: %(said)s",
        "Let https to %(host)s out of this network.",
        "warning",
    ),
    Cause(
        "google-image-refused",
        ("images-missing", "not-on-android"),
        "Google could not load a picture, and refuses %(count)s cards as a whole: %(said)s",
        "Pictures must be public and https: tillpass doctor fetches them from outside. Then publish anew.",
    ),
    Cause(
        "google-round-unheard",
        _ANDROID,
        "The nightly round found %(count)s cards that were added or removed without a word from Google"
        " (%(checked)s looked at): callbacks were lost.",
        "They are mended. If it happens every night, look whether POST /google/callback reaches us.",
        "warning",
    ),
    Cause(
        "google-round-failed",
        _ANDROID,
        "The nightly round through Google's lists could not be finished: %(said)s",
        "It goes on by itself. At once: tillpass google reconcile",
        "warning",
    ),
    Cause(
        "google-schema-changed",
        ("not-on-android", "does-not-update"),
        "Google changed %(count)s things of its interface that we use (%(ours)s, now %(theirs)s): %(names)s",
        "See whether there is a newer Tillpass; tillpass google contract asks Google what it would refuse.",
        "warning",
    ),
    Cause(
        "google-round",
        (),
        level="ok",
        fine="The last nightly round saw %(checked)s cards at Google and mended %(repaired)s, in %(took_s)s.",
    ),
    Cause(
        "google-schema",
        (),
        level="ok",
        fine="Google's interface (%(theirs)s) is as we know it; %(others)s changes touch nothing of ours.",
    ),
    Cause(
        "google-image-unreachable",
        ("images-missing", "not-on-android"),
        "Google could not fetch the picture %(url)s: %(said)s. Cards with it wait.",
        "Make /media/ reachable from the internet without sign-in, and allow it in robots.txt.",
    ),
    Cause(
        "google-issuer-unknown",
        _ANDROID,
        "There is no key for the Google issuer %(issuer)s, which the programme %(programme)s names.",
        "Put %(issuer)s.json into the folder of TILLPASS_GOOGLE_ISSUERS_DIR, or choose another issuer there.",
    ),
    Cause("google-credentials", (), level="ok", fine="Google service account %(email)s"),
    Cause("google", (), level="ok", fine="Google signs %(email)s in and gives it issuer %(issuer)s."),
)

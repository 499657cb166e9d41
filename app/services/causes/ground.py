"""Causes in the ground under the service: settings, database, disk, clock, and what must not change."""

from __future__ import annotations

from app.services.causes.cause import Cause

CAUSES = (
    Cause("settings", ("service-down",), "%(fault)s.", "See the settings in docs/operations.md."),
    Cause(
        "setting-unknown",
        ("good-to-know",),
        "%(name)s is set, but there is no such setting.",
        "Is it a typing error? Nobody reads it.",
        "warning",
    ),
    Cause(
        "sandbox",
        ("good-to-know",),
        "This is the sandbox: stand-ins answer for Apple and Google, and no real phone is reached.",
        "Unset TILLPASS_SANDBOX to go live.",
        "warning",
    ),
    Cause(
        "mail-off",
        ("good-to-know",),
        "There is no mail server: no letters.",
        "Set TILLPASS_SMTP_URL.",
        "warning",
    ),
    Cause(
        "key-readable",
        ("good-to-know",),
        "%(path)s can be read by others.",
        "chmod 600 %(path)s",
        "warning",
    ),
    Cause(
        "database",
        ("service-down", "does-not-open", "does-not-update", "not-on-android"),
        "The database cannot be used: %(said)s",
        "Look at TILLPASS_DATABASE_URL and the server. A fresh database needs: tillpass migrate",
        fine="The %(dialect)s database answers and is up to date.",
    ),
    Cause(
        "database-migrations",
        ("service-down", "does-not-open", "does-not-update", "not-on-android"),
        "The database lacks migrations: its tables are not those of this version.",
        "Run: tillpass migrate",
    ),
    Cause(
        "clock-database",
        ("does-not-update",),
        "The clocks of this machine and of the database differ by %(skew_s)s: work is taken too early or too"
        " late.",
        "Let both set their clocks by NTP (timedatectl).",
        "warning",
    ),
    Cause(
        "clock-skew",
        ("does-not-open", "not-on-android"),
        "This machine's clock is wrong by %(skew_s)s, says %(source)s. Signatures with a wrong time are"
        " refused.",
        "Let the clock be set by NTP: timedatectl set-ntp true",
    ),
    Cause(
        "folder-not-writable",
        ("service-down",),
        "Nothing can be written into %(path)s: %(said)s.",
        "Give the folder to the user that runs Tillpass, or set TILLPASS_INSTANCE_DIR.",
    ),
    Cause(
        "disk-full",
        ("service-down",),
        "Only %(free_mb)s MB are free where %(path)s lies: soon nothing can be kept.",
        "Make room: old logs, old backups, a larger disk.",
    ),
    Cause(
        "secret-key-changed",
        ("does-not-update",),
        "TILLPASS_SECRET_KEY is another one than on %(since_on)s: passes on phones are refused with 401 and"
        " never update again.",
        "Put the earlier key back. If it is lost: tillpass doctor --accept, and customers add the card anew.",
    ),
    Cause(
        "base-url-changed",
        ("does-not-update",),
        "Passes that were added before now call %(before)s; the public address is %(now)s.",
        "Let the earlier address lead here too, certificate included, without a redirect. When no phone"
        " calls it any more: tillpass doctor --accept",
    ),
    Cause(
        "time-zone-unknown",
        ("does-not-open", "does-not-update"),
        "Programme %(programme)s is in the time zone %(zone)s, which this machine does not know.",
        "pip install tzdata (or apt-get install tzdata), or mend the programme's time zone.",
    ),
    Cause(
        "fonts-missing",
        ("images-missing", "does-not-open"),
        "The typeface of the pictures cannot be read: %(said)s.",
        "Install Tillpass anew: templates/cards/_fonts/Manrope-Bold.ttf belongs to it.",
    ),
)

"""Causes with Apple's papers and our passes: why an iPhone refuses a card without a word."""

from __future__ import annotations

from app.services.causes.cause import Cause, Symptom

_BOTH: tuple[Symptom, ...] = ("does-not-open", "does-not-update")
_RENEW = "Renew it with the same pass type: tillpass certs csr --pass-type %(pass_type)s --renew"
_ENDS = "%(pass_type)s: the certificate ends in %(days)s days, on %(until_on)s; then no card can be updated."

CAUSES = (
    Cause(
        "apple-no-certificate",
        _BOTH,
        "%(folder)s holds no pass certificate.",
        "Make one with `tillpass certs csr` and `tillpass certs import`.",
        "warning",
    ),
    Cause(
        "apple-paper-missing",
        _BOTH,
        "%(pass_type)s: %(said)s",
        "Copy certificate.pem, key.pem and wwdr.pem into the folder, readable by the service.",
    ),
    Cause(
        "apple-key-mismatch",
        _BOTH,
        "%(pass_type)s: the key in key.pem is not the one of certificate.pem.",
        "Take the key that made the request (CSR); if it is lost, make a new request.",
    ),
    Cause(
        "apple-key-locked",
        _BOTH,
        "%(pass_type)s: key.pem is locked by a passphrase.",
        "Store it without one, readable by the service alone: openssl rsa -in key.pem -out key.pem",
    ),
    Cause(
        "apple-wwdr-wrong",
        _BOTH,
        "%(pass_type)s: wwdr.pem did not issue certificate.pem, so the chain is broken.",
        "Take Apple's WWDR intermediate of the right generation; for new pass certificates that is G4.",
    ),
    Cause(
        "apple-certificate-unusable",
        _BOTH,
        "%(pass_type)s: %(said)s",
        "Mend the files in that folder; `tillpass certs show` looks at them.",
    ),
    Cause(
        "apple-certificate-expired",
        _BOTH,
        "%(pass_type)s: the certificate ended on %(until_on)s; cards can neither be added nor updated.",
        _RENEW,
    ),
    Cause(
        "apple-certificate-not-yet-valid",
        _BOTH,
        "%(pass_type)s: the certificate begins on %(from_on)s.",
        "Look at this machine's clock.",
    ),
    Cause("apple-certificate-ends-in-7-days", _BOTH, _ENDS, _RENEW, "warning"),
    Cause("apple-certificate-ends-in-30-days", _BOTH, _ENDS, _RENEW, "warning"),
    Cause("apple-certificate-ends-in-60-days", _BOTH, _ENDS, _RENEW, "warning"),
    Cause(
        "apple-folder-mismatch",
        _BOTH,
        "The folder %(folder)s holds the certificate of %(pass_type)s.",
        "Rename the folder to %(pass_type)s, or put the right certificate in.",
    ),
    Cause(
        "apple-not-a-pass-certificate",
        _BOTH,
        "%(folder)s: the certificate's extension names %(marked)s, its subject %(pass_type)s: Wallet refuses"
        " it.",
        "Download the certificate again, of the kind 'Pass Type ID Certificate'.",
    ),
    Cause(
        "apple-wwdr-expired",
        _BOTH,
        "%(pass_type)s: the WWDR intermediate ended on %(until_on)s.",
        "Take Apple's current one and renew the certificate.",
    ),
    Cause(
        "apple-wwdr-not-g4",
        _BOTH,
        "%(pass_type)s: wwdr.pem is not Apple's WWDR G4, so iPhones will refuse the cards.",
        "Fine for a trial; for real phones take both files from Apple's developer site.",
        "warning",
    ),
    Cause(
        "apple-renewal-unusable",
        _BOTH,
        "%(pass_type)s: the files were changed and cannot be used, so the earlier ones still are. %(said)s",
        "Copy all three files anew.",
        "warning",
    ),
    Cause(
        "apple-team-changed",
        _BOTH,
        "%(pass_type)s: the certificate is of team %(team)s, passes were made for team %(before)s: phones"
        " refuse the update.",
        "Put back a certificate of the earlier team. If the move is meant: tillpass doctor --accept",
    ),
    Cause(
        "apple-pass-type-missing",
        _BOTH,
        "Programme %(programme)s uses %(pass_type)s, for which there is no certificate.",
        "Put its papers into %(folder)s, or name another pass type in the programme.",
    ),
    Cause(
        "apple-pass-type-unnamed",
        ("does-not-open",),
        "There are several pass types (%(names)s), and programme %(programme)s names none.",
        "Name one in the programme: apple.pass_type_identifier",
    ),
    Cause(
        "apple-pass-refused",
        ("does-not-open", "images-missing"),
        "Cards of programme %(programme)s would be refused by a phone: %(fault)s",
        "%(advice)s",
    ),
    Cause(
        "apple-certificate", (), level="ok", fine="%(pass_type)s: signs for team %(team)s until %(until_on)s."
    ),
    Cause(
        "apple-pass",
        (),
        level="ok",
        fine="The newest cards of %(count)s programmes were made and checked: a phone takes them.",
    ),
    Cause(
        "apple-nfc-certificate-missing",
        ("good-to-know", "does-not-open"),
        "Programme %(programme)s uses NFC or sign-up at a reader, but the certificate of %(pass_type)s is not"
        " one for NFC: both are left out of its cards.",
        "Ask Apple for an NFC certificate (developer.apple.com/contact/passkit), or design without NFC.",
        "warning",
    ),
    Cause(
        "apple-sign-up-without-nfc",
        ("good-to-know",),
        "Programme %(programme)s asks customers to sign up in Wallet, but its design has no NFC: no phone"
        " will ask them.",
        "Add NFC to the design, or take the sign-up out.",
        "warning",
    ),
    Cause(
        "apple-old-pass-type-ended",
        ("does-not-update",),
        "%(pass_type)s has no certificate that works, and no programme issues it: %(count)s old passes that"
        " nobody replaced yet no longer update.",
        "Their holders find the new card on its page; tillpass certs migrate with --status counts them.",
        "warning",
    ),
    Cause(
        "apple-push-key-unusable",
        ("does-not-update",),
        "%(pass_type)s: %(said)s Pushes go by certificate.",
        "Mend the .p8 key, or take it away.",
        "warning",
    ),
    Cause(
        "apple-push-key",
        (),
        level="ok",
        fine="%(pass_type)s: pushes with the key %(key_id)s of team %(team)s.",
    ),
)

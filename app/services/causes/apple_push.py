"""Causes between us and Apple's push service: why no phone hears of a change."""

from __future__ import annotations

from app.services.causes.cause import Cause, Symptom

_UPDATES: tuple[Symptom, ...] = ("does-not-update",)
_PORT = "Let TCP to %(host)s port %(port)s out of this network (17.0.0.0/8); no proxy may open it."

CAUSES = (
    Cause(
        "apns-not-production",
        _UPDATES,
        "TILLPASS_APNS_URL is %(url)s: passes are pushed by Apple's production service alone.",
        "Unset TILLPASS_APNS_URL.",
    ),
    Cause(
        "apns-unresolved",
        _UPDATES,
        "The name of Apple's push service, %(host)s, is not found.",
        "Look at this machine's DNS and at TILLPASS_APNS_URL.",
    ),
    Cause(
        "apns-blocked",
        _UPDATES,
        "Apple's push service %(host)s does not answer on port %(port)s (%(said)s).",
        _PORT,
    ),
    Cause(
        "apns-not-trusted",
        _UPDATES,
        "Who answers for %(host)s is not trusted (%(said)s): a proxy that looks inside, or missing root"
        " certificates.",
        "Take Apple out of TLS inspection; install ca-certificates; TILLPASS_APNS_CA adds an authority.",
    ),
    Cause(
        "apns-no-http2",
        _UPDATES,
        "%(host)s does not speak HTTP/2 with us: something stands in between.",
        _PORT,
    ),
    Cause(
        "apns-certificate-refused",
        _UPDATES,
        "Apple's push service refuses the certificate of %(pass_type)s (%(said)s): ended, revoked, or not"
        " for passes.",
        "tillpass certs show; renew it at Apple.",
    ),
    Cause(
        "apns-topic-refused",
        _UPDATES,
        "Apple's push service refuses the topic %(pass_type)s (%(said)s).",
        "The folder's name, the certificate and the pass type must be the same.",
    ),
    Cause(
        "apns-environment",
        _UPDATES,
        "Apple's push service says that certificate or key is for another environment (%(said)s).",
        "Use the production address and a production key: unset TILLPASS_APNS_URL.",
    ),
    Cause(
        "apns-token-refused",
        _UPDATES,
        "Apple's push service refuses our provider token for %(pass_type)s (%(said)s).",
        "Key, key id and team must belong together and to the owner of the pass type; look at the clock.",
    ),
    Cause(
        "apns-unwell",
        _UPDATES,
        "Apple's push service is unwell (%(said)s).",
        "Nothing to mend here: pushes wait and are tried again.",
        "warning",
    ),
    Cause(
        "apns-mass-rejection",
        _UPDATES,
        "Apple rejected %(rejected)s of the last %(answered)s push tokens (%(reason)s): topic, certificate"
        " or host is wrong; no token was dropped.",
        "Check TILLPASS_APNS_URL and the certificate of %(pass_type)s.",
    ),
    Cause(
        "apns",
        (),
        level="ok",
        fine="Apple's push service answers and accepts our certificate for %(pass_type)s.",
    ),
    Cause(
        "apns-refused",
        _UPDATES,
        "%(pass_type)s: Apple's push service says %(said)s.",
        "%(advice)s",
    ),
)

"""Causes at the public address: where phones and vendors call us, and what stands in between."""

from __future__ import annotations

from app.services.causes.cause import Cause, Symptom

_PHONES: tuple[Symptom, ...] = ("does-not-update", "does-not-open")
_ALL: tuple[Symptom, ...] = ("does-not-update", "does-not-open", "not-on-android", "images-missing")
_FULL_CHAIN = "Give the web server the whole chain (fullchain.pem), leaf first."
_ALLOW = "Let the proxy pass /apple/ on as it comes: see Proxies in docs/operations.md."

CAUSES = (
    Cause(
        "base-url-http",
        _ALL,
        "The public address is %(url)s: a phone refuses a pass whose address is not https.",
        "Set TILLPASS_BASE_URL to your https address.",
        "warning",
    ),
    Cause(
        "base-url-localhost",
        _ALL,
        "The public address is %(url)s: only this machine can reach it, no phone can.",
        "Set TILLPASS_BASE_URL to your https address.",
        "warning",
    ),
    Cause(
        "base-url-private",
        _ALL,
        "The public address %(url)s leads into a private network: phones on the road and Google cannot"
        " reach it.",
        "Use a public name, and a proxy or tunnel that leads here.",
        "warning",
    ),
    Cause(
        "base-url-path",
        _ALL,
        "TILLPASS_BASE_URL %(url)s has a path: phones add /apple/v1 by themselves.",
        "Leave the scheme and the host: %(better)s",
    ),
    Cause(
        "address-unresolved",
        _ALL,
        "The name %(host)s has no address in the DNS.",
        "Add an A or AAAA record for it, or mend TILLPASS_BASE_URL.",
    ),
    Cause(
        "address-silent",
        _ALL,
        "Nothing answers at %(url)s (%(said)s).",
        "Is the proxy running, is the port open in the firewall, does the name lead to this machine?",
    ),
    Cause(
        "address-other-service",
        _ALL,
        "At %(url)s answers something else than this Tillpass (%(said)s).",
        "Let the proxy pass everything of this name to this service; staging and production must not share"
        " a name.",
    ),
    Cause(
        "web-certificate-expired",
        _ALL,
        "The web server's certificate for %(host)s has ended.",
        "Renew it, and let the web server load it: certbot renew, then reload.",
    ),
    Cause(
        "web-certificate-incomplete",
        _ALL,
        "The web server of %(host)s does not send its intermediate certificate: browsers find it, phones"
        " and Google do not.",
        _FULL_CHAIN,
    ),
    Cause(
        "web-certificate-self-signed",
        _ALL,
        "The web server's certificate for %(host)s is signed by nobody that phones know.",
        "Take one from a public authority, such as Let's Encrypt.",
    ),
    Cause(
        "web-certificate-wrong-name",
        _ALL,
        "The web server's certificate is for another name than %(host)s.",
        "Ask for one with this name, and look at the server's default site.",
    ),
    Cause(
        "web-certificate-invalid",
        _ALL,
        "TLS with %(host)s fails: %(said)s.",
        "Look at the web server's certificate, key and protocol versions (TLS 1.2 or newer).",
    ),
    Cause(
        "web-certificate-ends-soon",
        _ALL,
        "The web server's certificate for %(host)s ends in %(days)s days.",
        "Is the renewal running? certbot renew --dry-run",
        "warning",
    ),
    Cause(
        "proxy-redirects",
        _PHONES,
        "Calls to %(path)s are redirected to %(target)s: phones do not follow, and lose their token on the"
        " way.",
        "Serve this very name without a redirect, or set TILLPASS_BASE_URL to where it leads.",
    ),
    Cause(
        "proxy-answers",
        _PHONES,
        "Something in front answers calls of phones itself (%(said)s), most often a login page or a"
        " firewall.",
        "Take /apple/, /c/, /media/ and /google/callback out of its protection.",
    ),
    Cause(
        "proxy-strips-authorization",
        _PHONES,
        "The proxy takes the Authorization header away: every phone gets 401.",
        _ALLOW,
    ),
    Cause(
        "proxy-strips-since",
        _PHONES,
        "The proxy takes the If-Modified-Since header away: phones fetch unchanged cards again and complain.",
        _ALLOW,
        "warning",
    ),
    Cause(
        "proxy-caches",
        _PHONES,
        "The proxy keeps answers of /apple/ and gives them again: phones get an old card.",
        "Switch caching off for /apple/, /c/ and /api/ (proxy_cache off; in a CDN: bypass).",
    ),
    Cause(
        "proxy-refuses-head",
        _PHONES,
        "HEAD is refused with %(status)s below /apple/: phones use it before they fetch.",
        _ALLOW,
        "warning",
    ),
    Cause(
        "proxy-blocks-methods",
        _PHONES,
        "%(method)s is refused with %(status)s below /apple/: phones cannot register or leave.",
        "Allow GET, HEAD, POST and DELETE below /apple/v1/ in the proxy and the firewall.",
    ),
    Cause(
        "proxy-not-trusted",
        ("good-to-know",),
        "Requests come through a proxy, but TILLPASS_TRUSTED_PROXIES is 0: all customers share one limit.",
        "Set TILLPASS_TRUSTED_PROXIES to the number of your own proxies, most often 1.",
        "warning",
    ),
    Cause(
        "robots-block",
        ("images-missing", "not-on-android"),
        "robots.txt forbids Google to fetch %(path)s: it refuses cards whose pictures it may not fetch.",
        "Serve our own /robots.txt, or allow %(path)s for Googlebot in yours.",
    ),
    Cause(
        "image-unreachable",
        ("images-missing", "not-on-android"),
        "The picture %(url)s cannot be fetched from outside (%(said)s).",
        "Let the proxy pass /media/ to this service without a login.",
    ),
    Cause(
        "image-wrong-type",
        ("images-missing", "not-on-android"),
        "The picture %(url)s comes as %(said)s, not as an image.",
        "Let the proxy pass /media/ on unchanged.",
    ),
    Cause(
        "image-too-large",
        ("images-missing", "not-on-android"),
        "The picture %(url)s has %(size_kb)s KB: Google may give up before it is loaded.",
        "Upload a smaller picture: 1 MB is plenty for a banner.",
        "warning",
    ),
    Cause(
        "image-http",
        ("images-missing", "not-on-android"),
        "Google is given pictures by http (%(url)s): it fetches https alone.",
        "Set TILLPASS_BASE_URL to your https address.",
        "warning",
    ),
    Cause("base-url", (), level="ok", fine="The public address is %(url)s."),
    Cause("address", (), level="ok", fine="%(url)s leads here, and phones are let through as they come."),
)

"""What stands between a phone and us: a web server with a certificate of its own, and its bad habits."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from werkzeug.serving import WSGIRequestHandler, make_server

Wsgi = Callable[[dict[str, Any], Any], Any]
DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class WebPapers:
    """Root (what is trusted), chain and key of a web server, as files."""

    root: Path
    chain: Path
    key: Path


@cache
def _key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def web_papers(
    folder: Path,
    *,
    name: str = "localhost",
    days: int = 90,
    with_intermediate: bool = True,
    self_signed: bool = False,
) -> WebPapers:
    """A chain of root, intermediate and leaf, with the fault that is wanted."""
    root = _certificate("Root", "root", "Root", "root", 365)
    middle = _certificate("Middle", "middle", "Root", "root", 365)
    issuer = ("Leaf", "leaf") if self_signed else ("Middle", "middle")
    leaf = _certificate("Leaf", "leaf", *issuer, days, host=name)
    chain = [leaf, middle] if with_intermediate and not self_signed else [leaf]
    folder.mkdir(parents=True, exist_ok=True)
    papers = WebPapers(folder / "root.pem", folder / "chain.pem", folder / "key.pem")
    papers.root.write_bytes(_pem(root))
    papers.chain.write_bytes(b"".join(_pem(one) for one in chain))
    papers.key.write_bytes(
        _key("leaf").private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return papers


def _certificate(
    name: str, key: str, issuer: str, signed_by: str, days: int, *, host: str = ""
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(_key(key).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 30 * DAY)
        .not_valid_after(now + days * DAY)
        .add_extension(x509.BasicConstraints(ca=not host, path_length=None), critical=True)
    )
    if host:
        names = [x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.9"))]
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return made.sign(_key(signed_by), hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: pytest's report stays readable."""

    def log_error(self, format: str, *args: Any) -> None:
        """Nothing: callers hang up on purpose."""


@contextmanager
def fronted(
    app: Wsgi, papers: WebPapers | None = None, host: str = "localhost", *, date: str = ""
) -> Iterator[str]:
    """The application behind a real socket, with TLS where there are papers; gives its address. `date` is
    what its clock says.
    """
    handler = type("Dated", (_Quiet,), {"date_time_string": lambda *_: date}) if date else _Quiet
    context = None
    if papers:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(papers.chain, papers.key)
    server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=context, request_handler=handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"{'https' if papers else 'http'}://{host}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


# -- bad habits ------------------------------------------------------------------------------------


def answering(status: str, body: bytes = b"", **headers: str) -> Wsgi:
    """A server that always says this."""
    said = [(name.replace("_", "-"), value) for name, value in headers.items()]

    def app(environ: dict[str, Any], start: Any) -> Any:
        start(status, [("Content-Length", str(len(body))), *said])
        return [body]

    return app


def instead(behind: Wsgi, path: str, other: Wsgi, *, methods: tuple[str, ...] = ()) -> Wsgi:
    """`other` answers what begins with `path` (with these methods only), the rest is passed on."""

    def app(environ: dict[str, Any], start: Any) -> Any:
        hit = environ["PATH_INFO"].startswith(path)
        hit = hit and (not methods or environ["REQUEST_METHOD"] in methods)
        return (other if hit else behind)(environ, start)

    return app


def without_header(behind: Wsgi, name: str) -> Wsgi:
    """A proxy that takes a header away."""
    key = "HTTP_" + name.upper().replace("-", "_")

    def app(environ: dict[str, Any], start: Any) -> Any:
        environ.pop(key, None)
        return behind(environ, start)

    return app


def with_header(behind: Wsgi, name: str, value: str) -> Wsgi:
    """A proxy that adds one to the request."""

    def app(environ: dict[str, Any], start: Any) -> Any:
        environ["HTTP_" + name.upper().replace("-", "_")] = value
        return behind(environ, start)

    return app


def caching(behind: Wsgi) -> Wsgi:
    """A proxy that keeps every answer to GET and gives it again."""
    kept: dict[str, tuple[str, list[tuple[str, str]], bytes]] = {}

    def app(environ: dict[str, Any], start: Any) -> Any:
        key = environ["PATH_INFO"] + "?" + environ.get("QUERY_STRING", "")
        if environ["REQUEST_METHOD"] != "GET":
            return behind(environ, start)
        if key not in kept:
            told: list[Any] = []
            body = b"".join(behind(environ, lambda status, headers, *rest: told.extend((status, headers))))
            kept[key] = (told[0], told[1], body)
        status, headers, body = kept[key]
        start(status, headers)
        return [body]

    return app

"""A TLS door that turns untrusted certificates away with an alert, as Apple does (asyncio closes without a
word).
"""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from app.sandbox.certificates import DevelopmentAuthority


@contextmanager
def strict_door(authority: DevelopmentAuthority) -> Iterator[str]:
    """The address of a server that only shakes hands, and only with our own authority's clients."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.clients_ca))
    context.load_cert_chain(*authority.apns_server())
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(0.05)
        closing = threading.Event()
        keeper = threading.Thread(target=_keep, args=(door, context, closing))
        keeper.start()
        yield f"https://127.0.0.1:{door.getsockname()[1]}"
        closing.set()
        keeper.join(5)


def _keep(door: socket.socket, context: ssl.SSLContext, closing: threading.Event) -> None:
    while not closing.is_set():
        with suppress(TimeoutError):
            visitor, _ = door.accept()
            with visitor:
                visitor.settimeout(0.5)
                _greet(visitor, context)


def _greet(visitor: socket.socket, context: ssl.SSLContext) -> None:
    duplicate = (
        visitor.dup()
    )  # a failed handshake closes its own socket, and unread bytes would eat the alert
    with duplicate:
        with suppress(OSError):
            context.wrap_socket(visitor, server_side=True)
        with suppress(OSError):
            duplicate.shutdown(socket.SHUT_WR)
            while duplicate.recv(65536):
                pass

"""Ports that nobody listens on at this moment."""

import random
import socket


def free_ports(count: int) -> int:
    """The first of `count` ports in a row on 127.0.0.1 that are free now."""
    for _ in range(200):
        first = random.randrange(20_000, 30_000)
        if all(_is_free(first + step) for step in range(count)):
            return first
    raise OSError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True

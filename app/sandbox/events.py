"""What happens in the sandbox, as one numbered stream that any number of open pages follow."""

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `number` grows by one and is what a page resumes from."""

    number: int
    kind: str
    at: datetime
    data: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {"number": self.number, "kind": self.kind, "at": self.at.isoformat(), **self.data}


class Events:
    """A bounded history and a way to wait for what comes next. Safe for any number of threads."""

    def __init__(self, *, keep: int = 600, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._past: deque[Event] = deque(maxlen=keep)
        self._numbers = itertools.count(1)
        self._arrived = threading.Condition()
        self._now = now
        self._closed = False

    def publish(self, kind: str, data: dict[str, Any]) -> None:
        with self._arrived:
            self._past.append(Event(next(self._numbers), kind, self._now(), data))
            self._arrived.notify_all()

    def close(self) -> None:
        """Let all followers end."""
        with self._arrived:
            self._closed = True
            self._arrived.notify_all()

    def last_number(self) -> int:
        with self._arrived:
            return self._past[-1].number if self._past else 0

    def since(self, number: int) -> list[Event]:
        """Events after `number`, oldest first; the oldest may be forgotten already."""
        with self._arrived:
            return [event for event in self._past if event.number > number]

    def follow(self, number: int, *, for_s: float, beat_s: float = 5.0) -> Iterator[Event | None]:
        """Events after `number` as they come, for `for_s` seconds; None every `beat_s` quiet seconds."""
        end = time.monotonic() + for_s
        while time.monotonic() < end and not self._closed:
            found = self._wait(number, min(beat_s, max(0.0, end - time.monotonic())))
            if not found:
                yield None
                continue
            yield from found
            number = found[-1].number

    def _wait(self, number: int, wait_s: float) -> list[Event]:
        with self._arrived:
            self._arrived.wait_for(lambda: self._closed or self._newest() > number, timeout=wait_s)
            return [event for event in self._past if event.number > number]

    def _newest(self) -> int:
        return self._past[-1].number if self._past else 0


def server_sent(events: Iterator[Event | None]) -> Iterator[bytes]:
    """Events in the text format of `text/event-stream`; a comment keeps a quiet line open."""
    yield b"retry: 500\n\n"
    for event in events:
        yield b": quiet\n\n" if event is None else _server_sent(event)


def _server_sent(event: Event) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (
        event.number,
        event.kind.encode(),
        orjson.dumps(event.as_json()),
    )

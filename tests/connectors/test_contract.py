"""Every connector keeps the same promises: genuine calls do what they say, anything else does nothing.

What a hostile call may cause is HookRejected from `verify` or Invalid from `actions`, quickly. Which calls
are genuine, each connector's file in `samples/` says.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.errors import Invalid
from app.services.ports import Action, Ask, HookRejected, Inbound, Stored
from tests.connectors.samples import KINDS, Sample, Samples, samples_of
from tests.connectors.strictly import faults_of_action

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SOON_S = 2.0
OTHER = "whsec_b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldC1vdGhlci0="
JUNK = {
    "nothing": b"",
    "NUL letters": b"\x00" * 50,
    "not UTF-8": b"\xff\xfe\xfd{\xc3\x28",
    "not UTF-8 in a form": b"a=%ff%fe&data[FIELDS][ID]=%c3%28",
    "not UTF-8 in JSON": b'{"id": "\xff\xfe", "type": "\xc3\x28"}',
    "a megabyte of letters": b"a" * 2**20,
    "a megabyte of noise": bytes(range(256)) * 4096,
    "a megabyte of fields": b"&".join(b"f%d=1" % i for i in range(120_000)),
    "10,000 fields": b"&".join(b"data[F%d]=1" % i for i in range(10_000)),
    "fields in fields": b"a" + b"[b]" * 20_000 + b"=1",
    "open brackets": b"data[FIELDS[ID=1&[[[]=2&]=3&data[]]=4&=5&&&",
    "lists in lists": b"[" * 200_000,
    "closed lists in lists": b"[" * 50_000 + b"]" * 50_000,
    "objects in objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "a list of nothings": b'[null, 1, true, [], {}, "x"]',
    "a huge number": b'{"id": ' + b"9" * 5000 + b', "ts": 1e400}',
    "no numbers": b'{"id": NaN, "amount": -Infinity}',
    "a lone surrogate": b'{"id": "\\ud800", "type": "\\udfff"}',
    "one thing twice": b'{"id": 1, "id": {"id": 2}}',
    "a tag": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
}


@pytest.fixture(params=KINDS)
def system(request: pytest.FixtureRequest) -> Samples:
    return samples_of(request.param)


def verified_key(system: Samples, call: Inbound, *secrets: str, now: datetime = NOW) -> str:
    return system.connector.verify(call, secrets or (system.secret,), now=now).dedup_key


def asked(system: Samples, call: Inbound, now: datetime = NOW) -> Sequence[Action | Ask]:
    """What comes of a call, all the way; raises HookRejected and Invalid."""
    known = system.connector.verify(call, (system.secret,), now=now)
    stored = Stored(call.body, known.topic, known.content_type, now)
    return system.connector.actions(stored, system.mapping)


def is_rejected(system: Samples, call: Inbound, *secrets: str, now: datetime = NOW) -> bool:
    try:
        verified_key(system, call, *secrets, now=now)
    except HookRejected:
        return True
    return False


def require_harmless(system: Samples, call: Inbound) -> None:
    """Refused in one of the two ways, or parsed into actions; and soon."""
    began = time.process_time()
    try:
        found = asked(system, call)
    except (HookRejected, Invalid):
        found = []
    assert SOON_S > time.process_time() - began
    assert all(isinstance(each, Action | Ask) for each in found)


def require_harmless_to_read(system: Samples, body: bytes) -> None:
    """The same for what was kept before, or is pasted into the mapping tester."""
    began = time.process_time()
    for topic in ("", "nonsense", "ключ"):
        try:
            system.connector.actions(Stored(body, topic, "text/plain", None), system.mapping)
        except Invalid as error:
            assert all(where == "" or where.startswith("/") for where in error.faults)
    assert SOON_S > time.process_time() - began


def pairs_of(system: Samples) -> list[tuple[Sample, Inbound]]:
    return [(sample, system.sign(sample, system.secret, NOW)) for sample in system.genuine]


def test_a_genuine_call_asks_for_exactly_what_it_says(system: Samples) -> None:
    assert len(system.genuine) >= 3
    for sample, call in pairs_of(system):
        assert list(sample.wants) == list(asked(system, call)), sample.name


def test_what_a_genuine_call_asks_for_is_something_that_the_service_takes(system: Samples) -> None:
    for sample, call in pairs_of(system):
        for each in asked(system, call):
            assert {} == faults_of_action(each), sample.name


def test_the_same_call_again_is_known_by_its_key_and_another_one_never_is(system: Samples) -> None:
    keys = []
    for sample, call in pairs_of(system):
        again = system.sign(sample, system.secret, NOW + timedelta(seconds=60))
        assert verified_key(system, call) == verified_key(system, call)
        assert verified_key(system, call) == verified_key(system, again), sample.name
        keys.append(verified_key(system, call))

    assert len(keys) == len(set(keys))
    assert all(0 < len(key) <= 200 for key in keys)


def test_events_that_tell_of_a_thing_say_which_and_how_new(system: Samples) -> None:
    """Reordering does no harm only where the version rises; the same thing has one `ref` in all events."""
    for _, call in pairs_of(system):
        for each in asked(system, call):
            if isinstance(each, Action) and each.version:
                assert each.ref and 0 < each.version < 2**63
            if isinstance(each, Ask):
                assert 0 < len(each.ref) <= 120
    for older, newer in system.changes:
        first, second = (
            versions(asked(system, system.sign(it, system.secret, NOW))) for it in (older, newer)
        )
        assert first and first.keys() == second.keys()
        assert all(first[ref] < second[ref] for ref in first), newer.name


def versions(found: Sequence[Action | Ask]) -> dict[str, int]:
    return {each.ref: each.version for each in found if isinstance(each, Action) and each.ref}


def test_another_secret_is_rejected(system: Samples) -> None:
    for sample, call in pairs_of(system):
        assert is_rejected(system, system.sign(sample, OTHER, NOW)), sample.name
        assert is_rejected(system, call, OTHER), sample.name
        assert is_rejected(system, call, OTHER, system.secret + "x", system.secret[:-1]), sample.name


def test_while_a_secret_is_changed_both_work(system: Samples) -> None:
    for sample, call in pairs_of(system):
        fresh = system.sign(sample, OTHER, NOW)
        for secrets in ((system.secret, OTHER), (OTHER, system.secret)):
            assert verified_key(system, call, *secrets) == verified_key(system, fresh, *secrets)


def test_a_call_without_its_proof_is_rejected(system: Samples) -> None:
    for sample, call in pairs_of(system):
        assert is_rejected(system, Inbound({}, sample.body, {})), sample.name
        assert is_rejected(system, Inbound(sample.headers, sample.body, sample.query)), sample.name
        assert is_rejected(system, Inbound({}, b"", {})), sample.name
        for name in call.headers:
            less = {key: value for key, value in call.headers.items() if key != name}
            require_harmless(system, replace(call, headers=less))


def test_one_changed_byte_is_rejected_where_the_proof_covers_the_body(system: Samples) -> None:
    for sample, call in pairs_of(system):
        size = len(call.body)
        for place in {0, size // 3, size // 2, size - 1}:
            changed = bytearray(call.body)
            changed[place] ^= 1
            body = bytes(changed)
            if system.signed:
                assert is_rejected(system, replace(call, body=body)), sample.name
            require_harmless(system, replace(call, body=body))


def test_a_truncated_call_does_nothing_wrong(system: Samples) -> None:
    for sample, call in pairs_of(system):
        for size in {0, 1, len(call.body) // 2, len(call.body) - 1}:
            cut = replace(call, body=call.body[:size])
            if system.signed:
                assert is_rejected(system, cut), sample.name
            require_harmless(system, cut)
            require_harmless_to_read(system, call.body[:size])


@pytest.mark.parametrize(
    "value",
    ["", " ", "ключ", "\x00", "a" * 9000, "1e9", "-1", "9" * 400, "v1,", "sha256=", "=", "t=,v1=", "\udcff"],
)
def test_hostile_headers_and_queries_break_nothing(system: Samples, value: str) -> None:
    sample, call = pairs_of(system)[0]
    proofs = {name for name in call.headers if name not in sample.headers and name != "content-type"}
    for name in call.headers:
        require_harmless(system, replace(call, headers={**call.headers, name: value}))
    for name in call.query:
        require_harmless(system, replace(call, query={**call.query, name: value}))
    if proofs or call.query:
        spoilt = {**call.headers, **dict.fromkeys(proofs, value)}
        assert is_rejected(system, Inbound(spoilt, call.body, dict.fromkeys(call.query, value)))


@pytest.mark.parametrize("name", JUNK)
def test_hostile_bodies_are_refused_soon_even_when_their_proof_is_right(system: Samples, name: str) -> None:
    sample = replace(system.genuine[0], body=JUNK[name])
    require_harmless(system, system.sign(sample, system.secret, NOW))
    require_harmless_to_read(system, JUNK[name])


def test_old_and_future_calls_are_rejected_where_calls_carry_their_time(system: Samples) -> None:
    if not system.timed:
        return
    for sample, _ in pairs_of(system):
        for seconds in (-86400, -302, 302, 86400):
            call = system.sign(sample, system.secret, NOW + timedelta(seconds=seconds))
            assert is_rejected(system, call), sample.name
        for seconds in (-290, 290):
            call = system.sign(sample, system.secret, NOW + timedelta(seconds=seconds))
            assert not is_rejected(system, call), sample.name


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=st.binary(max_size=200), place=st.floats(0, 1))
def test_bodies_with_noise_in_them_break_nothing(system: Samples, noise: bytes, place: float) -> None:
    for sample in system.genuine[:3]:
        at = int(place * len(sample.body))
        for body in (noise, sample.body[:at] + noise + sample.body[at + len(noise) :]):
            require_harmless(system, system.sign(replace(sample, body=body), system.secret, NOW))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["id", "type", "data", "event", "object", "x"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_at_all_is_parsed_or_refused(system: Samples, body: object) -> None:
    require_harmless_to_read(system, json.dumps(body).encode())

"""Android apps that read passes: registering in their own words, and being woken by their own servers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest

from app.sandbox.pass_apps import KEY, PassApps, create_pass_apps
from app.wallets.apple.app_push import AppPushers, AppServer
from app.wallets.apple.app_wire import post
from tests.support.google_server import served
from tests.support.service import PASS_TYPE, Phone, Service

WORDS = {
    "walletpasses": "AndroidPass",
    "walletunion": "WalletUnionPass",
    "walletunionhms": "WalletUnionHMSPass",
    "attido": "AttidoPass",
    "pass2u": "ApplePass",
    "passworks": "ApplePass",
}
NAMES = {
    "walletpasses": "WalletPasses",
    "walletunion": "WalletUnion",
    "walletunionhms": "WalletUnion (Huawei)",
    "attido": "PassWallet",
    "pass2u": "Pass2U",
    "passworks": "Passworks",
}
CLIENTS = {"pass2u": "Passes", "passworks": "Passworks"}


@dataclass
class AppPhone(Phone):
    """An Android phone with an app that reads passes."""

    app: str = "walletpasses"
    server: str = ""

    def calls(
        self, method: str, path: str, serial: str = "", *, token: str | None = None, **rest: Any
    ) -> Any:
        word = f"{WORDS[self.app]} {token or self.token(serial)}" if serial else ""
        headers = {**({"Authorization": word} if word else {}), **rest.pop("headers", {})}
        if client := CLIENTS.get(self.app):
            headers["X-Pass-Client"] = client
        return self.service.app.test_client().open(path, method=method, headers=headers, **rest)

    def registers(self, serial: str, *, body: Any = None, token: str | None = None) -> int:
        path = self.registration(serial)
        if self.app != "attido":
            return super().registers(serial, body=body, token=token)
        told = {"pushToken": self.push_token, "pushServiceUrl": self.server} if body is None else body
        path = path.replace("/registrations/", "/registrations_attido/")
        return int(self.calls("POST", path, serial, token=token, json=told).status_code)


@dataclass
class World:
    """A shop, and the apps' push servers across the wire."""

    service: Service
    apps: PassApps
    url: str
    made: int = 0

    def phone(self, app: str) -> AppPhone:
        self.made += 1
        token = f"c{self.made:03d}_x:APA91b-{app}"
        return AppPhone(
            self.service, f"{app}-{self.made:028x}", token, app=app, server=f"{self.url}/passwallet/"
        )

    def holder(self, app: str, name: str = "Anna") -> tuple[str, AppPhone]:
        serial, phone = self.service.customer(name), self.phone(app)
        phone.adds(serial)
        self.service.works()
        return serial, phone

    def uses(self, **changes: Any) -> None:
        """Other servers, keys or ways to send."""
        wallets: Any = self.service.parts.deps.wallets
        wallets["apple"] = replace(self.service.apple, apps=replace(self.service.apple.apps, **changes))
        self.service.__dict__.pop("worker_parts", None)

    def buys(self, serial: str) -> None:
        self.service.shop.buys(serial, 1000)
        self.service.works()

    def later(self, **wait: float) -> None:
        self.service.clock.forward(**wait)
        self.service.works()

    def is_in_step(self, serial: str) -> bool:
        row = self.service.delivery(serial)
        return row.due_at is None and row.delivered_version == self.service.card(serial).version


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[PassApps, str]]:
    state = PassApps()
    with served(create_pass_apps(state)) as url:
        yield state, url


@pytest.fixture
def world(sqlite_service: Service, servers: tuple[PassApps, str]) -> Iterator[World]:
    state, url = servers
    state.__init__()  # type: ignore[misc]
    world = World(sqlite_service, state, url)
    before = sqlite_service.apple.apps
    told = {
        "walletpasses": AppServer(f"{url}/walletpasses/api/v1/push"),
        "pass2u": AppServer(f"{url}/pass2u", KEY),
        "passworks": AppServer(f"{url}/passworks/v1/pushUpdate", KEY),
        "walletunion": AppServer(f"{url}/walletunion/send", KEY),
        "walletunionhms": AppServer(f"{url}/walletunion/send", KEY),
    }
    fresh = AppPushers(told, (url,), sqlite_service.clock.now)
    world.uses(**{name: getattr(fresh, name) for name in ("servers", "origins", "now", "send")})
    world.uses(_resting={})
    yield world
    world.uses(**{name: getattr(before, name) for name in ("servers", "origins", "now", "send", "_resting")})


# --- registering ---


@pytest.mark.parametrize("app", WORDS)
def test_each_app_registers_fetches_and_leaves_in_its_own_words(world: World, app: str) -> None:
    serial, phone = world.service.customer(), world.phone(app)

    assert 200 == phone.fetches(serial).status_code
    assert [201, 200] == [phone.registers(serial), phone.registers(serial)]
    [news] = world.service.apple.devices(world.service.card(serial).id)
    assert f"{NAMES[app]} …{phone.library_id[-4:]}" == news.device
    assert [200, 200] == [phone.unregisters(serial), phone.unregisters(serial)]
    assert [] == world.service.registrations(serial)


@pytest.mark.parametrize("app", ["attido", "walletpasses", "walletunion"])
def test_a_wrong_token_is_refused_in_every_word(world: World, app: str) -> None:
    serial, phone = world.service.customer(), world.phone(app)

    assert 401 == phone.registers(serial, token="x" * 43)
    assert [] == world.service.registrations(serial)


def test_an_unknown_word_before_the_token_is_refused(world: World) -> None:
    serial, phone = world.service.customer(), world.service.phone()
    wrong = {"Authorization": f"OtherPass {phone.token(serial)}"}

    assert 401 == phone.calls("POST", phone.registration(serial), serial, headers=wrong, json={}).status_code


@pytest.mark.parametrize(
    "url",
    [
        *(None, 7, ""),
        "https://evil.example/",
        "https://{host}.evil.example/",
        "https://push.passwallet.net@evil.example/",
        "{url}@evil.example/",
        "{url}:81/",
        "{url}/v1?to=other",
        "{url}/v1#x",
        "{url}/../admin",
        "{url}/a b",
        "{url}\\@evil.example",
        "file:///etc/passwd",
        "gopher://{host}/",
        "//{host}/",
        "https://[::1]/",
        "http://169.254.169.254/latest/",
        "{url}/" + "x" * 300,
    ],
)
def test_a_push_server_that_we_do_not_know_is_refused(world: World, url: Any) -> None:
    serial, phone = world.service.customer(), world.phone("attido")
    host = world.url.removeprefix("http://")
    named = url.replace("{url}", world.url).replace("{host}", host) if isinstance(url, str) else url

    assert 400 == phone.registers(serial, body={"pushToken": "t", "pushServiceUrl": named})
    assert [] == world.service.registrations(serial)


def test_a_phone_that_changes_its_app_is_woken_by_the_new_one(world: World) -> None:
    serial, phone = world.holder("walletunion")
    phone.app = "walletpasses"
    assert 200 == phone.registers(serial)
    world.buys(serial)

    assert ([], [phone.push_token]) == (world.apps.tokens("walletunion"), world.apps.tokens("walletpasses"))


# --- pushing ---


@pytest.mark.parametrize("app", WORDS)
def test_a_purchase_wakes_the_app_by_its_own_server_and_never_by_apples(world: World, app: str) -> None:
    serial, phone = world.holder(app)
    world.buys(serial)

    assert [(app, PASS_TYPE, (phone.push_token,))] == [
        (push.app, push.topic, push.tokens) for push in world.apps.pushes
    ]
    assert [] == world.service.apns.answers
    assert world.is_in_step(serial)
    assert [serial] == phone.catches_up()
    [row] = world.service.registrations(serial)
    assert (2, "", 2) == (row.pushed_version, row.push_error, row.fetched_version)


def test_one_card_on_an_iphone_and_an_android_phone_is_a_push_each_way(world: World) -> None:
    serial, android = world.holder("walletpasses")
    iphone = world.service.phone()
    iphone.adds(serial)
    world.buys(serial)

    assert [(iphone.push_token, 200)] == world.service.apns.answers
    assert [android.push_token] == world.apps.tokens("walletpasses")


def test_many_phones_are_woken_in_batches(world: World) -> None:
    serial = world.service.customer()
    phones = [world.phone("walletunion") for _ in range(49)]
    assert {201} == {phone.registers(serial) for phone in phones}
    others = [world.phone("walletunion") for _ in range(3)]
    hers = world.service.customer("Vera")
    assert {201} == {phone.registers(hers) for phone in others}
    world.service.works()

    assert [50, 2] == [len(push.tokens) for push in world.apps.pushes]
    assert {phone.push_token for phone in (*phones, *others)} == set(world.apps.tokens("walletunion"))


@pytest.mark.parametrize("status", [500, 503, 429, 302])
def test_an_app_server_that_is_down_holds_up_no_iphone(world: World, status: int) -> None:
    hers, android = world.holder("walletpasses")
    his, iphone = world.service.holder("Vera")
    world.apps.failing["walletpasses"] = status
    world.service.shop.buys(hers, 1000)
    world.service.shop.buys(his, 1000)
    world.service.works()

    assert [(iphone.push_token, 200)] == world.service.apns.answers
    assert (True, False) == (world.is_in_step(his), world.is_in_step(hers))
    assert "WalletPasses" in world.service.delivery(hers).last_error

    world.apps.failing.clear()
    world.later(hours=2)
    assert (True, [android.push_token]) == (world.is_in_step(hers), world.apps.tokens("walletpasses"))


def test_a_server_that_fails_is_left_alone_for_a_while(world: World) -> None:
    serials = [world.holder("walletpasses", f"Anna {number}")[0] for number in range(3)]
    world.apps.failing["walletpasses"] = 503
    for serial in serials:
        world.buys(serial)
    assert 1 == len(world.apps.calls)
    assert all(world.service.delivery(serial).due_at for serial in serials)

    world.apps.failing.clear()
    world.later(hours=2)
    assert all(world.is_in_step(serial) for serial in serials)


def test_the_iphone_of_a_card_is_not_woken_again_for_its_other_phone(world: World) -> None:
    serial, _ = world.holder("walletpasses")
    iphone = world.service.phone()
    iphone.adds(serial)
    world.apps.failing["walletpasses"] = 503
    world.buys(serial)
    for _ in range(3):
        world.later(hours=1)

    assert [(iphone.push_token, 200)] == world.service.apns.answers
    assert not world.is_in_step(serial)


def test_a_server_that_hangs_costs_its_time_limit_once(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        slow = partial(post, total_s=0.2)
        world.uses(servers={"walletpasses": AppServer(url)}, send=slow)
        hers, _ = world.holder("walletpasses")
        his, iphone = world.service.holder("Vera")
        world.service.shop.buys(hers, 1000)
        world.service.shop.buys(his, 1000)
        world.service.works()

    assert [(iphone.push_token, 200)] == world.service.apns.answers
    assert "WalletPasses" in world.service.delivery(hers).last_error


def test_a_wish_when_to_come_back_is_respected(world: World) -> None:
    serial, _ = world.holder("walletunion")
    world.apps.failing["walletunion"], world.apps.retry_after_s = 429, 1200
    world.buys(serial)

    due = world.service.delivery(serial).due_at
    assert due is not None and (due - world.service.clock.now()).total_seconds() >= 1200


def test_a_refused_key_is_our_fault_and_forgets_nobody(world: World) -> None:
    world.uses(servers={"pass2u": AppServer(f"{world.url}/pass2u", "another key")})
    serial, _ = world.holder("pass2u")
    world.buys(serial)
    world.later(days=60)

    assert 1 == len(world.service.registrations(serial))
    assert "Pass2U's server: status 403" in world.service.delivery(serial).last_error


def test_an_app_without_a_key_asks_by_itself_and_holds_up_nothing(world: World) -> None:
    world.uses(servers={"pass2u": AppServer(f"{world.url}/pass2u")})
    serial, phone = world.holder("pass2u")
    world.buys(serial)

    assert ([], True) == (world.apps.calls, world.is_in_step(serial))
    assert [serial] == phone.catches_up()


# --- phones that are gone ---


def test_a_token_that_walletunion_calls_expired_is_forgotten(world: World) -> None:
    serial, gone = world.holder("walletunion")
    alive = world.phone("walletunion")
    alive.adds(serial)
    world.apps.expired.add(gone.push_token)
    world.buys(serial)

    assert 1 == len(world.service.registrations(serial))
    assert world.is_in_step(serial)


def test_all_tokens_unknown_at_once_is_our_fault_and_forgets_nobody(world: World) -> None:
    serial = world.service.customer()
    phones = [world.phone("walletunion") for _ in range(25)]
    world.apps.unknown.update(phone.push_token for phone in phones)
    assert {201} == {phone.registers(serial) for phone in phones}
    world.service.works()

    assert 25 == len(world.service.registrations(serial))
    assert not world.is_in_step(serial)


def test_one_dead_token_of_passwallet_holds_up_no_other(world: World) -> None:
    """PassWallet never says goodbye, and its server refuses the whole batch."""
    gone, dead = world.holder("attido", "Vera")
    held = [world.holder("attido", f"Anna {number}") for number in range(5)]
    world.apps.expired.add(dead.push_token)
    for serial in (gone, *(serial for serial, _ in held)):
        world.service.shop.buys(serial, 1000)
    world.service.works()

    assert {phone.push_token for _, phone in held} == set(world.apps.tokens("attido"))
    assert all(world.is_in_step(serial) for serial, _ in held)
    assert not world.is_in_step(gone)


def test_a_passwallet_that_failed_for_a_month_is_forgotten(world: World) -> None:
    serial, dead = world.holder("attido")
    world.apps.expired.add(dead.push_token)
    world.buys(serial)
    world.later(days=29)
    assert 1 == len(world.service.registrations(serial))

    world.later(days=2)
    assert [] == world.service.registrations(serial)
    assert world.is_in_step(serial)


def test_passwallets_410_is_a_goodbye_but_walletpasses_410_is_an_outage(world: World) -> None:
    hers, _ = world.holder("attido")
    his, _ = world.holder("walletpasses", "Vera")
    world.apps.failing.update({"attido": 410, "walletpasses": 410})
    world.buys(hers)
    world.buys(his)

    assert ([], 1) == (world.service.registrations(hers), len(world.service.registrations(his)))


def test_a_card_that_rested_for_a_year_survives_an_outage(world: World) -> None:
    serial, phone = world.holder("attido")
    world.service.clock.forward(days=365)
    world.apps.failing["attido"] = 503
    world.buys(serial)
    assert 1 == len(world.service.registrations(serial))

    world.apps.failing.clear()
    world.later(hours=2)
    assert [phone.push_token] == world.apps.tokens("attido")

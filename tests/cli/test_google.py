"""What an operator settles with Google, with the stand-in on the wire."""

from __future__ import annotations

import json
import stat

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.cli.conftest import Desk
from tests.support.google_server import ANOTHER_ISSUER, ISSUER, SECOND_ISSUER, Google

COLLEAGUE = "olga@shop.example"


def test_the_issuers_that_a_key_sees_are_listed_with_their_use(operator: Desk) -> None:
    done = operator.run("google", "issuers")
    lines = {line.split("  ")[0]: line for line in done.stdout.splitlines()}
    assert (0, {ISSUER, SECOND_ISSUER}) == (done.returncode, set(lines)), done.stderr
    assert ("for programmes that name none" in lines[ISSUER], "in use" in lines[SECOND_ISSUER]) == (
        True,
        False,
    )


def test_a_colleague_is_let_in_and_nobody_is_lost(operator: Desk, google: Google) -> None:
    for _ in range(2):
        assert 0 == operator.run("google", "permissions", "grant", COLLEAGUE, "--role", "reader").returncode
    shown = operator.run("google", "permissions", "show").stdout.splitlines()
    assert {f"owner    {google.account.email}", f"reader   {COLLEAGUE}"} == set(shown)
    demoted = operator.run("google", "permissions", "grant", google.account.email, "--role", "reader")
    assert (1, True) == (demoted.returncode, "no owner left" in demoted.stderr)


def test_a_smart_tap_key_is_made_once_and_its_collector_id_said(operator: Desk, google: Google) -> None:
    first, second = (operator.run("google", "smart-tap", "--out", "keys") for _ in range(2))
    path = operator.folder / "keys" / f"{ISSUER}-1.pem"
    assert (0, first.stdout) == (first.returncode, second.stdout), first.stderr
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    tap = google.state.offices.get(ISSUER)["smartTapMerchantData"]
    assert f"Collector id: {tap['smartTapMerchantId']}" in first.stdout
    assert [1] == [key["id"] for key in tap["authenticationKeys"]]
    assert load_pem_private_key(path.read_bytes(), None).key_size == 256  # type: ignore[union-attr]
    assert "PRIVATE" not in json.dumps(list(google.state.requests)) + first.stdout


def test_a_key_of_another_reader_is_never_replaced(operator: Desk, google: Google) -> None:
    operator.run("google", "smart-tap", "--out", "keys")
    other = operator.run("google", "smart-tap", "--out", "elsewhere")
    assert (1, True) == (other.returncode, "choose --key-id" in other.stderr)
    assert 0 == operator.run("google", "smart-tap", "--out", "elsewhere", "--key-id", "2").returncode
    keys = google.state.offices.get(ISSUER)["smartTapMerchantData"]["authenticationKeys"]
    assert [1, 2] == [key["id"] for key in keys]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("smart-tap", "--issuer", ANOTHER_ISSUER),
            f"There is no key for the Google issuer {ANOTHER_ISSUER}",
        ),
        (("permissions", "grant", "olga"), "must be an e-mail address"),
    ],
)
def test_a_slip_is_one_line(operator: Desk, arguments: tuple[str, ...], said: str) -> None:
    done = operator.run("google", *arguments)
    assert (True, True) == (done.returncode != 0, said in done.stderr)


def test_without_google_the_command_says_what_to_set(shop_desk: Desk) -> None:
    done = shop_desk.run("google", "issuers")
    assert (1, True) == (done.returncode, "TILLPASS_GOOGLE_CREDENTIALS" in done.stderr)


def test_googles_refusal_is_one_line(operator: Desk, google: Google) -> None:
    google.state.modes.change({"permission_denied": True})
    done = operator.run("google", "permissions", "show")
    assert (1, "Error: Google refuses: Permission denied. (permission)") == (
        done.returncode,
        done.stderr.strip(),
    )

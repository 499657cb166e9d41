"""From a new key to a working pass type, with a test authority in Apple's place."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.sandbox import certificates as made
from app.wallets.apple.certificates import CertificateStore
from tests.cli.conftest import Desk
from tests.support import apple_certs

SHOP = "pass.com.example.shop"
DER = serialization.Encoding.DER
NOW = datetime.now(UTC)


def signed_by_apple(request: Path, *, life: timedelta = made.LEAF_LIFE) -> bytes:
    """What Apple would give for this request, as a `.cer`."""
    asked = x509.load_pem_x509_csr(request.read_bytes())
    assert asked.is_signature_valid
    leaf = made.make_pass_certificate(
        SHOP,
        made.new_key(),
        issuer=apple_certs.wwdr().subject,
        signed_by=apple_certs.key("wwdr"),
        now=NOW,
        life=life,
    )
    builder = x509.CertificateBuilder(issuer_name=leaf.issuer, subject_name=leaf.subject)
    builder = builder.public_key(asked.public_key()).serial_number(leaf.serial_number)
    builder = builder.not_valid_before(leaf.not_valid_before_utc).not_valid_after(leaf.not_valid_after_utc)
    for extension in leaf.extensions:
        if extension.oid != x509.SubjectKeyIdentifier.oid:
            builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(apple_certs.key("wwdr"), hashes.SHA256()).public_bytes(DER)


def ordered(desk: Desk, *more: str) -> Path:
    """Ask for a certificate and get it; returns the `.cer`."""
    done = desk.run("certs", "csr", "--pass-type", SHOP, *more)
    assert 0 == done.returncode, done.stderr
    folder = desk.folder / "certs" / SHOP
    request = folder / ("renewal/request.csr" if more else "request.csr")
    bought = desk.folder / "pass.cer"
    bought.write_bytes(signed_by_apple(request))
    return bought


def wwdr_file(desk: Desk) -> str:
    path = desk.folder / "AppleWWDRCAG4.cer"
    path.write_bytes(apple_certs.wwdr().public_bytes(DER))
    return str(path)


def test_a_request_has_a_key_that_nobody_else_may_read(desk: Desk) -> None:
    done = desk.run("certs", "csr", "--pass-type", SHOP)

    key_file = desk.folder / "certs" / SHOP / "key.pem"
    key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    assert 0 == done.returncode
    assert 0o600 == stat.S_IMODE(key_file.stat().st_mode)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert 2048 == key.key_size


def test_a_request_needs_no_secret_key_yet(desk: Desk) -> None:
    assert 0 == desk.run("certs", "csr", "--pass-type", SHOP, TILLPASS_SECRET_KEY="").returncode


def test_asking_twice_keeps_the_key_that_apple_knows(desk: Desk) -> None:
    desk.run("certs", "csr", "--pass-type", SHOP, "--out", "here")
    first = (desk.folder / "here" / "key.pem").read_bytes()
    desk.run("certs", "csr", "--pass-type", SHOP, "--out", "here")

    assert first == (desk.folder / "here" / "key.pem").read_bytes()


def test_apples_certificate_and_the_key_become_a_working_pass_type(desk: Desk) -> None:
    bought = ordered(desk)

    done = desk.run("certs", "import", str(bought), "--wwdr", wwdr_file(desk))

    assert 0 == done.returncode, done.stderr
    assert SHOP == CertificateStore(desk.folder / "certs").identity(SHOP).pass_type_identifier
    shown = desk.run("certs", "show")
    assert 0 == shown.returncode
    assert f"{SHOP}  team {made.TEAM_IDENTIFIER}" in shown.stdout


def test_the_intermediate_is_found_in_the_certs_folder(desk: Desk) -> None:
    bought = ordered(desk)
    (desk.folder / "certs" / "wwdr-g4.pem").write_bytes(apple_certs.pem(apple_certs.wwdr()))

    assert 0 == desk.run("certs", "import", str(bought)).returncode


def test_pem_as_openssl_writes_it_with_notes_above_is_taken(desk: Desk) -> None:
    """As it comes out of a `.p12`; the key was made elsewhere."""
    papers = apple_certs.papers(issued=NOW)
    for name, content in papers.arguments().items():
        (desk.folder / f"{name}.pem").write_bytes(b"Bag Attributes\n    friendlyName: cafe\n" + content)

    done = desk.run("certs", "import", "certificate.pem", "--key", "key.pem", "--wwdr", "wwdr.pem")

    assert 0 == done.returncode, done.stderr
    assert apple_certs.PASS_TYPE in desk.run("certs", "show").stdout


def test_a_missing_intermediate_is_told_with_the_page_that_has_it(desk: Desk) -> None:
    done = desk.run("certs", "import", str(ordered(desk)))

    assert 1 == done.returncode
    assert "'Worldwide Developer Relations - G4'" in done.stderr
    assert "https://www.apple.com/certificateauthority/" in done.stderr
    assert not (desk.folder / "certs" / SHOP / "certificate.pem").exists()


def test_the_wrong_intermediate_is_refused(desk: Desk) -> None:
    wrong = desk.folder / "other.pem"
    wrong.write_bytes(apple_certs.pem(apple_certs.wwdr("another")))

    assert 1 == desk.run("certs", "import", str(ordered(desk)), "--wwdr", str(wrong)).returncode


def test_a_certificate_without_its_key_is_refused(desk: Desk) -> None:
    bought = ordered(desk)
    (desk.folder / "certs" / SHOP / "key.pem").unlink()

    done = desk.run("certs", "import", str(bought), "--wwdr", wwdr_file(desk))

    assert 1 == done.returncode
    assert "--key" in done.stderr


def test_a_key_with_a_certificate_is_never_overwritten(desk: Desk) -> None:
    desk.run("certs", "import", str(ordered(desk)), "--wwdr", wwdr_file(desk))
    key_file = desk.folder / "certs" / SHOP / "key.pem"
    before = key_file.read_bytes()

    done = desk.run("certs", "csr", "--pass-type", SHOP)

    assert 1 == done.returncode
    assert "--renew" in done.stderr
    assert before == key_file.read_bytes()


def test_a_renewal_is_made_beside_and_takes_over_in_the_end(desk: Desk) -> None:
    desk.run("certs", "import", str(ordered(desk)), "--wwdr", wwdr_file(desk))
    before = (desk.folder / "certs" / SHOP / "key.pem").read_bytes()

    bought = ordered(desk, "--renew")
    assert before == (desk.folder / "certs" / SHOP / "key.pem").read_bytes()
    done = desk.run("certs", "import", str(bought))

    assert 0 == done.returncode, done.stderr
    assert before != (desk.folder / "certs" / SHOP / "key.pem").read_bytes()
    assert not (desk.folder / "certs" / SHOP / "renewal").exists()
    assert CertificateStore(desk.folder / "certs").identity(SHOP)


def test_a_certificate_for_something_else_is_refused_with_the_right_kinds_name(desk: Desk) -> None:
    (desk.folder / "web.pem").write_bytes(apple_certs.pem(apple_certs.wwdr()))

    done = desk.run("certs", "import", "web.pem")

    assert 1 == done.returncode
    assert "Pass Type ID Certificate" in done.stderr


def test_unusable_papers_are_shown_and_fail(desk: Desk) -> None:
    folder = apple_certs.papers(leaf_key="leaf").write(desk.folder / "certs" / apple_certs.PASS_TYPE)
    (folder / "key.pem").write_bytes(apple_certs.key_pem(apple_certs.key("another")))

    shown = desk.run("certs", "show")

    assert 1 == shown.returncode
    assert "does not belong" in shown.stdout

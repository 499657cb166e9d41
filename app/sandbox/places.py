"""Where the stand-ins live: their ports, their files, and what the app must be told to find them.

One address, `TILLPASS_SANDBOX_URL`, moves everything: the control API and Google listen on its port, APNs on
the next one, mail on the one after that.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from app.sandbox.certificates import DevelopmentAuthority
from app.sandbox.google_accounts import Account, read_service_account, write_service_account
from app.sandbox.world import utc_now
from app.settings import Settings

GOOGLE_ISSUER = "3388000000012345678"
PASS_TYPES = ("pass.example.tillpass",)


@dataclass(frozen=True, slots=True)
class Places:
    """Addresses and folders of one sandbox."""

    host: str
    port: int
    base_url: str
    folder: Path
    certs: Path
    issuer: str
    more_issuers: Mapping[str, Path] = field(default_factory=dict)
    """Keys of further issuers, by issuer id."""

    @classmethod
    def of(cls, settings: Settings) -> "Places":
        parts = urlsplit(settings.sandbox_url)
        return cls(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or 80,
            base_url=settings.base_url.rstrip("/"),
            folder=Path(settings.instance_dir) / "sandbox",
            certs=Path(settings.certs_dir),
            issuer=settings.google_issuer_id or GOOGLE_ISSUER,
            more_issuers=_issuer_files(settings.google_issuers_dir),
        )

    @property
    def control_url(self) -> str:
        return f"http://{_bracketed(self.host)}:{self.port}"

    @property
    def google_url(self) -> str:
        return f"{self.control_url}/google"

    @property
    def save_url(self) -> str:
        """Google's save page as a person reaches it: through the shop's own port."""
        return f"{self.base_url}/sandbox/google/gp/v/save"

    @property
    def apns_port(self) -> int:
        return self.port + 1

    @property
    def mail_port(self) -> int:
        return self.port + 2

    @property
    def account_file(self) -> Path:
        return self.folder / "google-account.json"

    def authority(self) -> DevelopmentAuthority:
        return DevelopmentAuthority(self.folder, now=utc_now)

    def account(self) -> Account:
        """Google's service account; made on first use, kept afterwards."""
        return write_service_account(self.account_file, f"{self.google_url}/token")

    def accounts(self) -> list[Account]:
        """That one, and those of further issuers whose keys can be read."""
        found = [self.account()]
        for path in self.more_issuers.values():
            with suppress(OSError, ValueError, KeyError):
                found.append(read_service_account(path))
        return found


def _issuer_files(folder: Path | None) -> dict[str, Path]:
    return (
        {path.stem: path for path in sorted(folder.glob("*.json")) if path.stem.isdecimal()} if folder else {}
    )


def environment_for_app(settings: Settings, *, pass_types: Sequence[str] = PASS_TYPES) -> dict[str, str]:
    """The environment in which the app talks to the stand-ins; makes certificates and keys it names.

    `pass_types` get development certificates in the settings' `certs_dir`; what is there already is kept.
    """
    places = Places.of(settings)
    authority = places.authority()
    for pass_type in pass_types:
        authority.issue(pass_type, places.certs)
    places.account()
    host = _bracketed(places.host)
    return {
        "TILLPASS_SANDBOX": "1",
        "TILLPASS_SANDBOX_URL": places.control_url,
        "TILLPASS_BASE_URL": places.base_url,
        "TILLPASS_CERTS_DIR": str(places.certs),
        "TILLPASS_APNS_URL": f"https://{host}:{places.apns_port}",
        "TILLPASS_APNS_CA": str(authority.root),
        "TILLPASS_GOOGLE_CREDENTIALS": str(places.account_file),
        "TILLPASS_GOOGLE_ISSUER_ID": places.issuer,
        "TILLPASS_GOOGLE_API_URL": places.google_url,
        "TILLPASS_GOOGLE_SAVE_URL": places.save_url,
        "TILLPASS_GOOGLE_KEYS_URL": f"{places.google_url}/gp/m/issuer/keys",
        "TILLPASS_SMTP_URL": f"smtp://{host}:{places.mail_port}",
        "TILLPASS_MAIL_FROM": "cards@shop.example",
    }


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host

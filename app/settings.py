"""What the operator tells Tillpass through the environment.

Settings are read once, at the composition root and in the command line, and handed down as values. A service
that starts with half of its settings wrong fails at the till, so all faults are found at the start and told
together, in words and by the names the operator typed.
"""

import json
import os
import secrets
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "TILLPASS_"
SECRET_KEY_LENGTH_MIN = 32
_GOOGLE_KEY_PARTS = ("client_email", "private_key", "token_uri")
_PLAIN_WORDS = {
    "bool_parsing": "must be 1 or 0 (true or false)",
    "bool_type": "must be 1 or 0 (true or false)",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "string_pattern_mismatch": "must be digits only",
}


class SettingsError(Exception):
    """The environment cannot be started from; `faults` has one sentence for each thing to mend."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("The settings need mending:\n" + "\n".join(f"  - {fault}" for fault in faults))


class _Unreadable:
    """Stands for a value whose file cannot be used, so that its fault is told with all the others."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


class _ValueFiles(PydanticBaseSettingsSource):
    """Reads `NAME_FILE`: the file that holds the value of `NAME`, as Docker and systemd hand over secrets."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        name = PREFIX + field_name.upper()
        path = os.environ.get(f"{name}_FILE", "")
        if not path:
            return None, field_name, False
        if os.environ.get(name):
            return _Unreadable(f"is set twice: remove {name} or {name}_FILE"), field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            return (
                _Unreadable(f"cannot be read from {path}, which {name}_FILE names: {reason}"),
                field_name,
                False,
            )

    def __call__(self) -> dict[str, Any]:
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    """Every setting, parsed; the order matters, because later ones are judged by earlier ones.

    Raises pydantic's `ValidationError` when built directly; use `Settings.load()` where a person reads the
    message.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    sandbox: bool = False
    instance_dir: Path = Path("instance")
    secret_key: SecretStr = Field(default=SecretStr(""), validate_default=True)
    base_url: str = Field(default="http://127.0.0.1:8000", validate_default=True)
    database_url: str = Field(default="", validate_default=True, repr=False)
    certs_dir: Path = Path("certs")
    apns_url: str = "https://api.push.apple.com"
    apns_ca: Path | None = None
    google_credentials: SecretStr | None = None
    google_issuer_id: str | None = Field(default=None, pattern=r"^[0-9]{1,32}$")
    google_issuers_dir: Path | None = None
    google_api_url: str = "https://walletobjects.googleapis.com"
    google_save_url: str = "https://pay.google.com/gp/v/save"
    google_keys_url: str = "https://pay.google.com/gp/m/issuer/keys"
    google_discovery_url: str = ""
    samsung_partner_id: str = Field(default="", pattern=r"^[A-Za-z0-9_-]{0,32}$")
    samsung_card_id: str = Field(default="", pattern=r"^[A-Za-z0-9_-]{0,32}$")
    samsung_certificate_id: str = Field(default="", pattern=r"^[A-Za-z0-9_-]{0,64}$")
    samsung_private_key: SecretStr = SecretStr("")
    samsung_public_keys: SecretStr = Field(default=SecretStr(""), validate_default=True)
    samsung_api_url: str = "https://tsapi-card.walletsvc.samsung.com"
    samsung_link_url: str = "https://a.swallet.link/atw/v3"
    walletpasses_url: str = "https://walletpasses.appspot.com/api/v1/push"
    walletpasses_api_key: SecretStr | None = None
    pass2u_url: str = "https://api.passesalliance.com"
    pass2u_api_key: SecretStr | None = None
    passworks_url: str = "https://wallet.passworks.io/v1/pushUpdate"
    passworks_api_key: SecretStr | None = None
    walletunion_url: str = "https://push.walletunion.com/send"
    walletunion_api_key: SecretStr | None = None
    passwallet_origins: Annotated[tuple[str, ...], NoDecode] = (
        "https://push.passwallet.net",
        "https://walletpasses.appspot.com",
    )
    smtp_url: SecretStr | None = None
    mail_from: str | None = None
    embedded_worker: bool | None = None
    metrics_token: SecretStr | None = None
    sandbox_url: str = "http://127.0.0.1:8001"
    log_format: Literal["json", "text"] = "text"
    trusted_proxies: int = Field(default=0, ge=0, le=10)
    api_calls_per_minute: int = Field(default=12_000, ge=1, le=10**9)
    own_networks: Annotated[tuple[str, ...], NoDecode] = Field(default=(), validate_default=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then files named by `NAME_FILE`, then plain variables."""
        return init_settings, _ValueFiles(settings_cls), env_settings

    @classmethod
    def load(cls) -> Self:
        """Read the environment; raises `SettingsError` with every fault at once."""
        try:
            return cls()
        except ValidationError as error:
            raise SettingsError([_in_words(fault) for fault in error.errors()]) from None

    @property
    def google_service_account(self) -> dict[str, Any] | None:
        """The parsed service-account key (`client_email`, `private_key`, `token_uri`, ...), or None."""
        if self.google_credentials is None:
            return None
        key: dict[str, Any] = json.loads(self.google_credentials.get_secret_value())
        return key

    @field_validator("*", mode="before")
    @classmethod
    def _was_readable(cls, value: Any) -> Any:
        if isinstance(value, _Unreadable):
            raise ValueError(value.reason)
        return value

    @field_validator("secret_key")
    @classmethod
    def _secret_key_is_strong(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        if not value.get_secret_value() and info.data.get("sandbox"):
            return SecretStr(_kept_secret(info.data.get("instance_dir", Path("instance")) / "secret-key"))
        if not value.get_secret_value():
            hint = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
            raise ValueError(f"is required outside the sandbox; make one with: {hint}")
        if len(value.get_secret_value()) < SECRET_KEY_LENGTH_MIN and not info.data.get("sandbox"):
            raise ValueError(f"needs at least {SECRET_KEY_LENGTH_MIN} characters")
        return value

    @field_validator("base_url")
    @classmethod
    def _base_url_is_an_origin(cls, value: str, info: ValidationInfo) -> str:
        url = _web_address(value, sandbox=bool(info.data.get("sandbox")))
        if urlsplit(url).path:
            raise ValueError("must be scheme and host only, such as https://cards.example.com")
        return url

    @field_validator("passwallet_origins", mode="before")
    @classmethod
    def _origins_are_a_list(cls, value: Any, info: ValidationInfo) -> Any:
        """Addresses with commas between them; each is scheme and host alone."""
        listed = [one.strip() for one in value.split(",")] if isinstance(value, str) else list(value)
        found = [_web_address(one, sandbox=bool(info.data.get("sandbox"))) for one in listed if one]
        if any(urlsplit(one).path for one in found):
            raise ValueError("must be scheme and host only, with commas between several")
        return tuple(one.lower() for one in found)

    @field_validator("own_networks", mode="before")
    @classmethod
    def _networks_are_a_list(cls, value: Any, info: ValidationInfo) -> Any:
        """Networks of the operator's own, such as 10.1.0.0/16, with commas between; this machine's in the
        sandbox.
        """
        listed = [one.strip() for one in value.split(",")] if isinstance(value, str) else list(value)
        try:
            found = [str(ip_network(one)) for one in listed if one]
        except ValueError:
            raise ValueError("must be networks such as 10.1.0.0/16, with commas between several") from None
        return tuple(found or (["127.0.0.0/8", "::1/128"] if info.data.get("sandbox") else []))

    @field_validator(
        *("apns_url", "google_api_url", "google_save_url", "google_keys_url", "sandbox_url"),
        *("samsung_api_url", "samsung_link_url"),
        *("walletpasses_url", "pass2u_url", "passworks_url", "walletunion_url"),
    )
    @classmethod
    def _vendor_url_is_safe(cls, value: str, info: ValidationInfo) -> str:
        url = _web_address(value, sandbox=bool(info.data.get("sandbox")))
        return url.removesuffix("/walletobjects/v1") if info.field_name == "google_api_url" else url

    @field_validator("google_discovery_url")
    @classmethod
    def _discovery_is_an_address_or_off(cls, value: str, info: ValidationInfo) -> str:
        """Empty: beside `google_api_url`."""
        if value in ("", "off"):
            return value
        _web_address(value.partition("?")[0], sandbox=bool(info.data.get("sandbox")))
        return value

    @field_validator("database_url")
    @classmethod
    def _database_is_supported(cls, value: str, info: ValidationInfo) -> str:
        if not value:
            return f"sqlite:///{info.data.get('instance_dir', Path('instance'))}/tillpass.db"
        scheme, _, rest = value.partition("://")
        if scheme in ("postgres", "postgresql"):
            return f"postgresql+psycopg://{rest}"
        if scheme not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg") or not rest:
            raise ValueError("must begin with sqlite:/// or postgresql+psycopg://")
        if scheme.startswith("sqlite") and rest.partition("?")[0] in ("", "/", "/:memory:"):
            raise ValueError("must name a file, such as sqlite:///instance/tillpass.db")
        return value

    @field_validator("apns_ca", mode="before")
    @classmethod
    def _anchor_is_pem(cls, value: Any, info: ValidationInfo) -> Any:
        """Always a path for the caller: PEM text itself is kept in the instance folder."""
        if not isinstance(value, str | Path):
            return value
        text = _text_or_file(str(value))
        if "-----BEGIN CERTIFICATE-----" not in text:
            raise ValueError("must be a PEM certificate, or the path of a file with one")
        return _kept_anchor(text, info) if text == value else Path(value)

    @field_validator("google_issuers_dir")
    @classmethod
    def _issuers_lie_in_a_folder(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_dir():
            raise ValueError(f"must be a folder with <issuer id>.json keys; there is none at {value}")
        return value

    @field_validator("google_credentials")
    @classmethod
    def _google_key_is_whole(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        text = _text_or_file(value.get_secret_value())
        try:
            key = json.loads(text)
        except ValueError:
            raise ValueError("must be the service account's JSON key, or the path of that file") from None
        missing = [part for part in _GOOGLE_KEY_PARTS if not isinstance(key, dict) or not key.get(part)]
        if missing:
            raise ValueError(f"lacks {', '.join(missing)}: download the JSON key of the service account anew")
        return SecretStr(text)

    @field_validator("samsung_private_key", "samsung_public_keys")
    @classmethod
    def _samsung_keys_are_text(cls, value: SecretStr) -> SecretStr:
        """PEM itself, or the path of a file with it."""
        return SecretStr(_text_or_file(value.get_secret_value())) if value.get_secret_value() else value

    @field_validator("samsung_public_keys")
    @classmethod
    def _samsung_is_whole(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        names = ("partner_id", "card_id", "certificate_id", "private_key")
        given = {name: info.data.get(f"samsung_{name}") for name in names} | {"public_keys": value}
        lacking = [f"TILLPASS_SAMSUNG_{name.upper()}" for name, one in given.items() if not one]
        if 0 < len(lacking) < len(given):
            raise ValueError(f"is set together with the others of Samsung, or none is: {', '.join(lacking)}")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _mail_server_is_an_address(cls, value: SecretStr | None) -> SecretStr | None:
        parts = _split(value.get_secret_value()) if value else None
        if parts is not None and (parts.scheme not in ("smtp", "smtps") or not parts.hostname):
            raise ValueError("must look like smtp://user:password@host:port, or smtps://")
        return value


def unknown_names(environ: Mapping[str, str]) -> list[str]:
    """Variables that look like ours but that nobody reads: most often a typing error."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    known |= {f"{name}_FILE" for name in known}
    return sorted(name for name in environ if name.startswith(PREFIX) and name not in known)


def is_loopback(host: str) -> bool:
    """Whether only this machine can be behind `host`, so that plain http is no danger."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _web_address(value: str, *, sandbox: bool) -> str:
    """`value` without its closing slash; raises ValueError unless it is https, or http where that is safe."""
    parts = _split(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be a web address such as https://cards.example.com")
    if parts.query or parts.fragment or parts.username:
        raise ValueError("must have no user name, query or fragment")
    if parts.scheme == "http" and not sandbox and not is_loopback(parts.hostname):
        raise ValueError("must begin with https:// (http is for the sandbox and this machine only)")
    return value.rstrip("/")


def _split(value: str) -> Any:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        raise ValueError("is not an address that can be read") from None
    return parts


def _text_or_file(value: str) -> str:
    """The text itself when it is PEM or JSON, else what stands in the file of that name."""
    if value.lstrip().startswith(("{", "-----BEGIN")):
        return value
    try:
        return Path(value).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text file"
        raise ValueError(f"cannot be read: {reason}") from None


def _kept_anchor(text: str, info: ValidationInfo) -> Path:
    path: Path = info.data.get("instance_dir", Path("instance")) / "apns-ca.pem"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
    except (OSError, UnicodeEncodeError) as error:
        raise ValueError(f"cannot be kept in {path}: {error}") from None
    return path


def _kept_secret(path: Path) -> str:
    """The sandbox's own secret: made once, kept for the next start; two processes at once agree on one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(48), encoding="ascii")
            _link_unless_there(draft, path)
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"is not set, and none can be kept in {path}: {error}") from None


def _link_unless_there(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _in_words(fault: Mapping[str, Any]) -> str:
    name = PREFIX + str(fault["loc"][0]).upper() if fault["loc"] else "The settings"
    said = str(fault["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    return f"{name} {_PLAIN_WORDS.get(fault['type'], said)}"

"""The deployment's settings: read once from `LUREWATCH_*` variables, frozen, passed down.

A name we do not know stops the start, because a misspelt setting is a setting that is not set.
What can change a score is not here: it travels with the release.
"""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from service.errors import SettingsError

PREFIX = "LUREWATCH_"
READ_ELSEWHERE = frozenset({"LUREWATCH_CONTACT"})
"""Names that other parts of Lurewatch read for themselves: the crawler's contact address."""
PLACEHOLDERS = frozenset({"changeme", "change-me", "secret", "password", "placeholder", "example", "todo"})


class Settings(BaseSettings):
    """One process's settings; tests build their own."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )

    database_url: str = "sqlite:///var/lurewatch.sqlite3"
    """Where the database is: `sqlite:///FILE` or `postgresql+psycopg://USER@HOST/NAME`."""
    secret: SecretStr | None = None
    """Keys every stored hash; at least 32 characters. Unset: made once and kept in `secret_file`."""
    secret_file: Path = Path("var/secret")
    """Where the secret is kept when `secret` is unset; readable by the owner only."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8700, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
    public_url: str | None = None
    """The address people use, when a proxy stands before the service; `https://` makes cookies secure."""
    releases: Path | None = None
    """Folder of releases; unset: the one in the repository."""
    model_version: str | None = None
    """Release to serve; unset: the promoted one."""
    shadow_model: str | None = None
    """Candidate or release that `lurewatch work` scores stored adverts with, only to compare; unset: none."""
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    """Port on `host` where `lurewatch work` shows its Prometheus metrics; unset: none."""
    max_body_bytes: int = Field(default=1_000_000, ge=1_000)
    """Largest request body; a larger one is answered 413."""
    adverts_per_minute: int = 6_000
    """Adverts a partner may send in a minute, over all of its keys; 0: no limit."""
    redis_url: str | None = None
    """Where several processes share the counts of rate limits: `redis://HOST:PORT`; unset: each counts alone."""
    login_link_minutes: int = Field(default=15, ge=1, le=24 * 60)
    """How long a login link works."""
    session_hours: int = Field(default=12, ge=1, le=24 * 14)
    """How long a console session lasts."""
    claim_minutes: int = Field(default=15, ge=1, le=24 * 60)
    """How long a claimed item is kept for its reviewer."""
    sample_rate: float = Field(default=0.02, ge=0, le=1)
    """Share of adverts below the review line that are queued all the same, to keep error rates honest."""
    daily_set: int = Field(default=20, ge=0, le=500)
    """How many adverts people are asked about each day because the answers teach most; 0: none."""
    second_look_rate: float = Field(default=0.1, ge=0, le=1)
    """Share of decisions that a second person looks at without knowing the first; labels wait for it."""
    retention_days: int = Field(default=365, ge=1)
    """How long an advert is kept after it was received."""
    jobs_folder: Path = Path("var/jobs")
    """Where bulk jobs keep what was sent and what came out; every worker process must see the same folder."""
    max_job_bytes: int = Field(default=1_000_000_000, ge=1_000)
    """Largest bulk job, unpacked; a larger one is answered 413."""
    job_days: int = Field(default=7, ge=1)
    """How long a finished bulk job's files are kept."""
    background: bool = True
    """Whether `lurewatch serve` also runs bulk jobs, sends webhooks and erases what is due; false: `lurewatch work` does."""
    webhooks_to_private: bool = False
    """Whether webhooks may go to private addresses and over plain http: for trying them out on one machine only."""
    alerts_to: str | None = None
    """Name of the partner whose webhooks hear, hourly at most, that alerts wait in the console; unset: nobody's."""
    evidence: Path | None = None
    """Folder with the archived pages of crawls, for evidence packages; unset: packages name digests only."""
    log_json: bool = True
    """Log lines as JSON; false: for people."""
    log_level: str = "INFO"
    """DEBUG, INFO, WARNING or ERROR."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what is handed in and nothing else; `from_environment` hands in the environment."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @field_validator("secret")
    @classmethod
    def _secret_is_one(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        plain = value.get_secret_value()
        if plain.lower() in PLACEHOLDERS or len(plain) < 32:  # noqa: PLR2004
            message = "a secret needs at least 32 characters of its own; make one with `openssl rand -hex 32`"
            raise ValueError(message)
        return value

    @field_validator("adverts_per_minute")
    @classmethod
    def _quota_holds_a_batch(cls, value: int) -> int:
        if value != 0 and value < 100:  # noqa: PLR2004 - the largest batch
            message = "must be 0 (no limit) or at least 100, else a full batch would never be taken"
            raise ValueError(message)
        return value

    @field_validator("log_level")
    @classmethod
    def _level_is_known(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            message = "must be DEBUG, INFO, WARNING or ERROR"
            raise ValueError(message)
        return value.upper()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the settings; raises `SettingsError` naming every unknown or unusable `LUREWATCH_*` name."""
        names = os.environ if environment is None else environment
        known = {PREFIX + name.upper(): name for name in cls.model_fields}
        ours = {name for name in names if name.upper().startswith(PREFIX)} - READ_ELSEWHERE
        unknown = sorted(name for name in ours if name.upper() not in known)
        if unknown:
            raise SettingsError(
                f"unknown setting {', '.join(unknown)}: unset or rename it; "
                f"known are {', '.join(sorted(known))}"
            )
        given = {known[name.upper()]: value for name, value in names.items() if name.upper() in known}
        try:
            return cls(**given)  # type: ignore[arg-type]
        except ValidationError as error:
            faults = "; ".join(
                f"{PREFIX}{str(fault['loc'][0]).upper()}: {fault['msg'].removeprefix('Value error, ')}"
                for fault in error.errors()
            )
            raise SettingsError(f"unusable setting: {faults}") from None

    @property
    def secure_cookies(self) -> bool:
        """Whether browsers may send our cookies over https only."""
        return (self.public_url or "").startswith("https://")

    def pepper(self) -> bytes:
        """Give the secret that keys stored hashes, making and keeping one on first use."""
        if self.secret is not None:
            return self.secret.get_secret_value().encode()
        try:
            return _made_secret(self.secret_file)
        except OSError as error:
            raise SettingsError(
                f"{self.secret_file}: cannot keep a secret there ({error.strerror}); set {PREFIX}SECRET"
            ) from None


def _made_secret(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        kept = path.read_bytes().strip()
        if len(kept) < 32:  # noqa: PLR2004
            raise SettingsError(
                f"{path}: holds no usable secret; remove the file or set {PREFIX}SECRET"
            ) from None
        return kept
    with os.fdopen(descriptor, "wb") as file:
        made = secrets.token_hex(32).encode()
        file.write(made + b"\n")
    return made

from pathlib import Path

import pytest
from pydantic import ValidationError

from service.errors import SettingsError
from service.settings import Settings


def test_settings_come_from_prefixed_variables_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUREWATCH_PORT", "9999")
    assert Settings.from_environment({"LUREWATCH_PORT": "8123", "PORT": "1"}).port == 8123
    assert Settings().port == 8700
    assert Settings.from_environment().port == 9999


def test_an_unknown_name_stops_the_start_and_is_named() -> None:
    with pytest.raises(
        SettingsError, match=r"unknown setting LUREWATCH_PROT: unset or rename it; known are .*LUREWATCH_PORT"
    ) as caught:
        Settings.from_environment({"LUREWATCH_PROT": "8123"})
    assert caught.value.exit_code == 2


def test_a_name_that_the_crawler_reads_is_not_unknown() -> None:
    assert Settings.from_environment({"LUREWATCH_CONTACT": "https://example.org"}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LUREWATCH_PORT", "many"),
        ("LUREWATCH_SECRET", "changeme"),
        ("LUREWATCH_SECRET", "short-but-not-a-placeholder"),
        ("LUREWATCH_LOG_LEVEL", "loud"),
        ("LUREWATCH_SAMPLE_RATE", "2"),
    ],
)
def test_an_unusable_value_stops_the_start_and_is_not_repeated(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"unusable setting: {name}: ") as caught:
        Settings.from_environment({name: value})
    assert value not in str(caught.value)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]


def test_a_secret_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    settings = Settings(secret_file=tmp_path / "new" / "secret")
    made = settings.pepper()
    assert len(made) == 64
    assert settings.pepper() == made
    assert settings.secret_file.stat().st_mode & 0o777 == 0o600


def test_a_damaged_secret_file_is_refused_rather_than_used(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    with pytest.raises(SettingsError, match="holds no usable secret"):
        Settings(secret_file=tmp_path / "secret").pepper()

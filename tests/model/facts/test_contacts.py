"""Contacts are found however they are written, told apart by kind, and masked before anything is learnt."""

import pytest

from model.facts.contacts import find_contacts, masked
from model.text.normalise import normalise


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Telegram: @job_example_36", "telegram", "job_example_36"),
        ("t . me / hr_example", "telegram", "t.me/hr_example"),
        ("WA 0812-0000-0000", "whatsapp", "081200000000"),
        ("line id: abc123", "line", "abc123"),
        ("微信：abc_def", "wechat", "abc_def"),
        ("hr@example.com", "email", "hr@example.com"),
        ("https://www.example.org/jobs", "url", "https://www.example.org/jobs"),
        ("+855 00 000 000", "phone", "85500000000"),
        ("@hr_example_41", "telegram", "hr_example_41"),
    ],
)
def test_a_contact_is_found_with_its_kind(text: str, kind: str, value: str) -> None:
    contact = find_contacts(normalise(text))[0]
    assert (contact.kind, contact.value) == (kind, value)


@pytest.mark.parametrize(
    "text", ["8:00-17:00", "18-28", "7.000.000 - 9.000.000", "2024-2025", "5 days, 40 hours"]
)
def test_times_ages_and_pay_are_no_contacts(text: str) -> None:
    assert find_contacts(normalise(text)) == []


def test_a_phone_with_a_prefix_tells_its_region() -> None:
    assert find_contacts(normalise("+855 00 000 000"))[0].region == "KH"


def test_free_mail_is_told_from_a_domain_of_its_own() -> None:
    found = find_contacts(normalise("a@gmail.com b@example.com"))
    assert [contact.corporate for contact in found] == [False, True]


def test_masking_leaves_no_character_of_a_contact_and_moves_nothing() -> None:
    text = normalise("write to hr@example.com today")
    hidden = masked(text.text, find_contacts(text))
    assert len(hidden) == len(text.text)
    assert "example" not in hidden
    assert hidden.endswith("today")

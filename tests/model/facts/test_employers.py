"""Borrowed names are found in domains and stated names; a firm's own domains are left alone."""

import pytest

from model.facts.contacts import find_contacts
from model.facts.employers import find_look_alikes
from model.text.normalise import normalise


def _names(text: str, employer: str | None = None) -> list[str]:
    return [name for _, name in find_look_alikes(find_contacts(normalise(text)), employer)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("write to hr@shopee-hr.example", "shopee"),
        ("jobs@arnazon.example", "amazon"),
        ("https://www.lazadajobs.example/apply", "lazada"),
        ("z@shoppee.example", "shopee"),
    ],
)
def test_a_domain_that_plays_on_a_name_is_found(text: str, name: str) -> None:
    assert _names(text) == [name]


@pytest.mark.parametrize(
    "text",
    ["https://careers.amazon.example/x", "a@samsung.example", "sales@toyota-tsusho.example", "me@gmail.com"],
)
def test_a_firms_own_domain_and_free_mail_are_not(text: str) -> None:
    assert _names(text) == []


def test_a_stated_employer_spelt_almost_like_a_known_one_is_found() -> None:
    assert _names("", "Teleperfomance Ltd") == ["teleperformance"]
    assert _names("", "Teleperformance") == []
    assert _names("", "Amazing Cakes") == []

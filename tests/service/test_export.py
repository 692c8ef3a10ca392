import json
from collections.abc import Callable
from pathlib import Path

import pytest

from model.schema.decision import Label, LabelName
from service.assessing import Context
from service.review.export import Batch, export_labels
from service.review.masking import fictional_contacts, find_contacts, hide_contacts
from service.review.permissions import Person
from service.review.verdicts import CHOICES, find_choice
from tests.factories import LURE
from tests.service.test_review import add, decide, undo


def export(context: Context, folder: Path) -> Batch:
    with context.database.writing() as session:
        return export_labels(session, folder / "labels", at=context.clock())


@pytest.fixture
def by(make_person: Callable[..., Person]) -> Person:
    return make_person()


def labels(path: Path) -> list[Label]:
    return [Label.from_json(json.loads(line)) for line in path.read_text().splitlines()]


def test_every_answer_becomes_its_label_and_unsure_none(context: Context, by: Person, tmp_path: Path) -> None:
    ids = add(context, *(f"{LURE} {n}" for n in range(len(CHOICES))))
    for review_id, choice in zip(ids, CHOICES, strict=True):
        decide(context, review_id, choice, by)
    batch = export(context, tmp_path)
    assert (batch.n_labels, batch.n_unsure) == (7, 1)
    assert {label.label for label in labels(batch.path)} == set(LabelName)
    assert {(label.provenance, label.origin, label.language) for label in labels(batch.path)} == {
        ("human", "console", "en")
    }


def test_a_decision_is_exported_once_and_an_undone_one_never(
    context: Context, by: Person, tmp_path: Path
) -> None:
    first, second = add(context, LURE, LURE + " now")
    decide(context, first, CHOICES[0], by)
    decide(context, second, CHOICES[0], by)
    undo(context, by)
    assert export(context, tmp_path).n_labels == 1
    assert export(context, tmp_path).path is None
    assert len(list((tmp_path / "labels").iterdir())) == 1


def test_a_corrected_decision_comes_in_a_later_batch_under_the_same_id(
    context: Context, by: Person, tmp_path: Path
) -> None:
    review_id = add(context, LURE)[0]
    decide(context, review_id, find_choice("confirmed:scam_centre"), by)
    one = labels(export(context, tmp_path).path)[0]
    undo(context, by)
    decide(context, review_id, find_choice("legitimate"), by)
    two = labels(export(context, tmp_path).path)[0]
    assert (one.id, one.label, two.label) == (two.id, "scam_centre", "legitimate")


def test_a_run_that_is_killed_before_it_is_noted_writes_the_same_file_again(
    context: Context, by: Person, tmp_path: Path
) -> None:
    decide(context, add(context, LURE)[0], CHOICES[0], by)

    def killed() -> None:
        with context.database.writing() as session:
            export_labels(session, tmp_path / "labels", at=context.clock())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        killed()
    assert export(context, tmp_path).n_labels == 1
    assert len(list((tmp_path / "labels").iterdir())) == 1


def test_no_contact_and_no_employer_reaches_the_training_data(
    context: Context, by: Person, tmp_path: Path
) -> None:
    decide(context, add(context, LURE + " +855 12 345 678 t.me/example_boss")[0], CHOICES[0], by)
    label = labels(export(context, tmp_path).path)[0]
    assert "example_hr" not in label.text
    assert "345" not in label.text
    assert "example_boss" not in label.text
    assert label.text.startswith("Customer service for our Cambodia office")


CONTACTS = [
    ("Telegram: @example_hr now", "@example_hr", "@example_contact"),
    ("call +1 202 555 0143 today", "+1 202 555 0143", "+0 000 000 0000"),
    ("mail hr.team@example.com", "hr.team@example.com", "name@example.com"),
    ("see https://jobs.example.org/a?b=1 !", "https://jobs.example.org/a?b=1", "https://example.com/"),
    ("join t.me/example_boss", "t.me/example_boss", "t.me/example_contact"),
    ("微信: example88 月薪", "example88", "example_contact"),
]


@pytest.mark.parametrize(("text", "written", "fictional"), CONTACTS)
def test_a_contact_is_found_hidden_and_made_fictional(text: str, written: str, fictional: str) -> None:
    found = [text[contact.start : contact.end] for contact in find_contacts(text)]
    assert found == [written]
    assert hide_contacts(text) == text.replace(written, "•" * len(written))
    assert fictional_contacts(text) == text.replace(written, fictional)


@pytest.mark.parametrize(
    "text", ["pay 15.000.000 - 20.000.000 VND", "8 hours, 5 days, 2026", "2,500 USD", ""]
)
def test_pay_and_hours_are_no_contacts(text: str) -> None:
    assert fictional_contacts(text) == text


def test_a_contact_that_the_page_gave_is_found_by_its_letters() -> None:
    assert (
        hide_contacts("ask for Example.Boss here", known=["example.boss", "e"]) == "ask for •••••••••••• here"
    )

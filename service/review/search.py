"""From an advert to what search knows of it, and from what a person types to what is looked for.

Both sides are folded the same way, so that look-alike letters, other digits and capital letters make no
difference. Every Chinese or Japanese character is followed by two fillers: the index finds three letters in
a row, and words there are often one or two characters long. Contacts stand apart from words, because not
everybody may search them; a phone number is its digits alone and is found by its last eight.
"""

import re
import unicodedata

from sqlalchemy import select
from sqlalchemy.orm import Session

from model.facts.contacts import find_contacts
from model.schema.advert import JobAdvert
from model.schema.assessment import Assessment
from model.text.normalise import normalise
from service.review.permissions import Permission, Person, can
from service.store.adverts import load_advert
from service.store.assessments import load_assessment
from service.store.columns import storable
from service.store.database import Database
from service.store.search import Words, replace_document, unindexed
from service.store.tables import ReviewRow

LONGEST_DOCUMENT = 20_000
LONGEST_QUERY = 200
FILLERS = "ːː"
"""Modifier letters: letters for every index, in no advert's words after folding."""
TELLING_DIGITS = 8
"""With and without the country's prefix, the last eight digits of a number are the same (`model.campaigns`)."""
LEAST_DIGITS = 6
PHONE = re.compile(r"\+?[\d\s().\-/]{6,}")
_DIGITS = re.compile(r"\+?\d(?:[\s().\-/]{0,2}\d){5,18}")
_DENSE = re.compile(
    "[\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


def index_review(session: Session, review: ReviewRow, advert: JobAdvert, assessment: Assessment) -> None:
    """Make a review findable by what its advert says."""
    words, contacts = documents_of(advert)
    tags = [("indicator", reason.code) for reason in assessment.reasons if reason.code != "baseline"]
    places = [str(fact.value) for fact in assessment.facts if fact.kind == "place"]
    tags += [("place", place) for place in places or advert.places]
    stored = [(kind, (storable(value, limit=200) or "").strip()) for kind, value in tags]
    replace_document(
        session, review.id, words=words, contacts=contacts, tags=[tag for tag in stored if tag[1]]
    )


def index_missing(database: Database, *, at_once: int = 200) -> int:
    """Index reviews from before search was there, some in each transaction; gives how many it did."""
    n_done, last = 0, ""
    while True:
        with database.reading() as session:
            review_ids = unindexed(session, after=last, limit=at_once)
        if not review_ids:
            return n_done
        with database.writing() as session:
            for review in session.scalars(select(ReviewRow).where(ReviewRow.id.in_(review_ids))):
                advert = load_advert(session, review.advert_key)
                index_review(session, review, advert, load_assessment(session, review.assessment_id))
        n_done, last = n_done + len(review_ids), review_ids[-1]


def documents_of(advert: JobAdvert) -> tuple[str, str]:
    """Give what is searched: the folded words without contacts, and the contacts."""
    beside = [advert.employer.name if advert.employer else None, *advert.places]
    received = "\n".join(part for part in (advert.title, advert.description, *beside) if part)
    folded = normalise(received[:LONGEST_DOCUMENT])
    found = find_contacts(folded)
    letters = list(folded.text)
    contacts = []
    for contact in found:
        contacts.append(folded.text[contact.start : contact.end] + " " + contact.value)
        letters[contact.start : contact.end] = " " * (contact.end - contact.start)
    for match in _DIGITS.finditer("".join(letters)):
        contacts.append(match.group())
        letters[match.start() : match.end()] = " " * (match.end() - match.start())
    contacts += [contact.value for contact in advert.contacts] + [advert.url or ""]
    words = "".join(letters)
    for told in advert.contacts:
        if len(value := fold(told.value, spread=False)) > LEAST_DIGITS // 2:
            words = words.replace(value, " ")
    known = " ".join(contacts)
    digits = [_only_digits(match.group()) for match in _DIGITS.finditer(fold(known, spread=False))]
    return _spread(_plain(words)), _spread(_plain(" ".join([fold(known, spread=False), *digits])))


def read_query(query: str, *, by: Person) -> Words | None:
    """Give what to look for; None for an empty query. Words in quotes stay together."""
    typed = query[:LONGEST_QUERY].strip()
    with_contacts = can(by, Permission.VIEW_CONTACTS)
    if PHONE.fullmatch(folded := fold(typed, spread=False)) and with_contacts:
        digits = _only_digits(folded).lstrip("0")[-TELLING_DIGITS:]
        if len(digits) >= LEAST_DIGITS:
            return Words((digits,), with_words=False)
    needles = [fold(a or b) for a, b in re.findall(r'"([^"]+)"|(\S+)', typed.replace('""', " "))]
    kept = tuple(dict.fromkeys(needle for needle in needles if needle))
    return Words(kept, with_contacts=with_contacts) if kept else None


def fold(text: str, *, spread: bool = True) -> str:
    """Give a text as the index holds it."""
    plain = _plain(normalise(storable(text) or "").text)
    return _spread(plain) if spread else plain


def _plain(text: str) -> str:
    kept = "".join(
        c for c in text.replace(FILLERS[0], "") if unicodedata.category(c) not in {"Cc", "Cs"} or c.isspace()
    )
    return " ".join(kept.split())


def _spread(text: str) -> str:
    return _DENSE.sub(lambda match: match.group() + FILLERS, text)


def _only_digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())

"""One pass over an advert: folded text, language, hits, places, pay and contacts, with positions in every field.

Title and description are read as one text; what the page states beside them (places, pay, employer) is read
too, as context without spans.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from model.facts.contacts import ContactFound, find_contacts, masked
from model.facts.employers import find_look_alikes
from model.facts.gazetteer import load_gazetteer
from model.facts.pay import PayFound, find_pay
from model.facts.place_use import find_states, names_people
from model.indicators.matcher import Hit, Matcher, PlaceHit, PlaceWord
from model.indicators.registry import Catalogue
from model.schema.advert import JobAdvert
from model.schema.assessment import Span
from model.text.language import LanguageGuess, guess_language
from model.text.normalise import NormalText, normalise
from model.text.tokens import tokenise

MOST_CHARACTERS = 100_000
"""No honest advert is longer; beyond it the text is not read, and the assessment says so."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything found in one advert."""

    advert: JobAdvert
    fields: tuple[tuple[str, int, int], ...]
    """(field, first, last) of each text field within `received`."""
    text: NormalText
    words: tuple[str, ...]
    language: LanguageGuess
    hits: tuple[Hit, ...]
    places: tuple[PlaceHit, ...]
    pay: tuple[PayFound, ...]
    contacts: tuple[ContactFound, ...]
    context: "Context"
    look_alike_of: str | None = None
    """The well-known employer whose name is borrowed."""
    unread: int = 0
    """Characters beyond `MOST_CHARACTERS`."""

    def span(self, start: int, end: int, *, gloss: str | None = None) -> Span | None:
        """Give a stretch of the folded text as a span of the field it stands in, clipped to that field."""
        first, last = self.text.received_span(start, end)
        for field, field_start, field_end in self.fields:
            if field_start <= first < field_end:
                last = min(last, field_end)
                return Span.of_checked(
                    field=field,
                    start=first - field_start,
                    end=last - field_start,
                    text=self.text.received[first:last],
                    gloss=gloss,
                )
        return None


@dataclass(frozen=True, slots=True)
class Context:
    """What the page states beside the advert's own words."""

    places: tuple[PlaceHit, ...] = ()
    pay: tuple[PayFound, ...] = ()
    contacts: tuple[str, ...] = ()
    employer: str | None = None


class Reader:
    """Reads adverts against one catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        places = [
            PlaceWord(p.row, p.country, p.kind, p.name, p.specificity, p.proper) for p in load_gazetteer()
        ]
        self._matcher = Matcher(catalogue, places)

    def read(self, advert: JobAdvert) -> Reading:
        """Read one advert; never raises, whatever its text."""
        received, fields, unread = _joined(advert.texts)
        text = normalise(received)
        contacts = find_contacts(text)
        words, starts, ends = tokenise(masked(text.text, contacts))
        language = guess_language(text.text if text.text.isascii() else received, words)
        surely = language.code if language.confidence >= _SURE else None
        hits, places = self._matcher.match(text, words, starts, ends, surely=surely)
        places = [
            *(
                hit
                for hit in places
                if hit.kind != "country" or not names_people(text.text, hit.start, hit.end)
            ),
            *_states(text),
        ]
        look_alikes = find_look_alikes(contacts, advert.employer.name if advert.employer else None)
        hits += [
            Hit(LOOK_ALIKE, contact.start, contact.end, f"plays on the name {name}", "und")
            for contact, name in look_alikes
            if contact is not None
        ]
        pay = [
            pay
            for pay in find_pay(text, language=language.code, script=language.script)
            if all(pay.end <= c.start or c.end <= pay.start for c in contacts)
        ]
        return Reading(
            advert=advert,
            fields=fields,
            text=text,
            words=tuple(words),
            language=language,
            hits=tuple(hits),
            places=tuple(places),
            pay=tuple(pay),
            contacts=tuple(contacts),
            context=self._context(advert, language),
            look_alike_of=look_alikes[0][1] if look_alikes else None,
            unread=unread,
        )

    def _context(self, advert: JobAdvert, language: LanguageGuess) -> Context:
        if not (advert.places or advert.pay_raw or advert.pay or advert.contacts or advert.employer):
            return _NO_CONTEXT
        places: list[PlaceHit] = []
        if advert.places:
            text = normalise("; ".join(advert.places)[:MOST_CHARACTERS])
            places = self._matcher.match(text, *tokenise(text.text))[1]
        pay: list[PayFound] = []
        stated = advert.pay_raw or _stated_pay(advert)
        if stated:
            pay = find_pay(normalise(stated[:_MOST_PAY]), language=language.code, script=language.script)
        return Context(
            places=tuple(places),
            pay=tuple(pay),
            contacts=tuple(contact.kind for contact in advert.contacts),
            employer=advert.employer.name if advert.employer else None,
        )


def _states(text: NormalText) -> Iterator[PlaceHit]:
    for start, end in find_states(text.text) if ", " in text.text else ():
        first, last = text.received_span(start, end)
        if text.received[first:last].isupper():
            yield PlaceHit(start, end, "US", "state", f"{text.received[first:last]}, USA", None)


def _joined(texts: Sequence[tuple[str, str]]) -> tuple[str, tuple[tuple[str, int, int], ...], int]:
    """Put the fields one after the other, parted by a blank line, and say where each begins and ends."""
    pieces: list[str] = []
    fields = []
    position = unread = 0
    for field, text in texts:
        read = text[: max(0, MOST_CHARACTERS - position)]
        unread += len(text) - len(read)
        if pieces:
            pieces.append(_BETWEEN)
            position += len(_BETWEEN)
        pieces.append(read)
        fields.append((field, position, position + len(read)))
        position += len(read)
    return "".join(pieces), tuple(fields), unread


def _stated_pay(advert: JobAdvert) -> str | None:
    pay = advert.pay
    if pay is None or pay.currency is None or (pay.min is None and pay.max is None):
        return None
    amounts = "-".join(f"{amount:.0f}" for amount in (pay.min, pay.max) if amount is not None)
    return f"{pay.currency} {amounts} per {pay.period or 'month'}"


LOOK_ALIKE = "impersonated_or_lookalike_company"
"""The indicator that a borrowed name is a hit of."""
_SURE = 0.8
_BETWEEN = "\n\n"
_MOST_PAY = 500
_NO_CONTEXT = Context()

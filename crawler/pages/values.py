"""Values inside a job's object: words, dates, addresses, places and pay, however they are wrapped."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from crawler.pages.json_text import walk
from crawler.pages.labels import FIELDS, MORE_TEXT, fold_key
from crawler.parse.contact import contact_of_text
from crawler.parse.numbers import parse_amount
from crawler.parse.pay import parse_period, pay_of, pay_words
from crawler.parse.places import join_place, unique_places
from crawler.parse.plain import parse_line, parse_plain
from model.schema.advert import Contact, Pay

Node = Mapping[str, Any]

_DATES = (
    "date", "datetimeutc", "formatteddatetime", "iso", "datetime", "value", "raw",
)  # fmt: skip
_LABELS = (
    "organizationname", "organizationidentifiers", "fulllocation", "displayname", "displayedname",
    "label", "name", "title", "text", "value", "description", "date", "datetimeutc", "plain", "html",
    "code", "shortname", "libelle", "nom", "locationname",
)  # fmt: skip
_PLACE_PARTS = (
    *(
        "city",
        "cityname",
        "town",
        "locality",
        "addresslocality",
        "ort",
        "area",
        "state",
        "statename",
        "province",
    ),
    *("region", "addressregion", "country", "countryname", "addresscountry", "land"),
)
_LOW, _HIGH = (
    ("min", "from", "start", "low", "lower", *FIELDS["pay_min"]),
    ("max", "to", "end", "high", "upper", *FIELDS["pay_max"]),
)


def pick(flat: Node, field: str) -> str | None:
    """Give the words of the first of a field's names that holds any."""
    return next((words for name, value in _under(flat, field) if (words := words_of(value))), None)


def _under(flat: Node, *fields: str) -> Iterator[tuple[str, Any]]:
    """What an object holds under the names of some fields, best name first."""
    return ((name, flat[name]) for field in fields for name in FIELDS[field] if name in flat)


def date_words(flat: Node, field: str) -> str | None:
    """Give the words of a date, out of an object that also holds how it is shown."""
    for _name, value in _under(flat, field):
        if isinstance(value, Mapping):
            inner = {fold_key(str(key)): part for key, part in value.items()}
            value = next((inner[part] for part in _DATES if inner.get(part)), value)  # noqa: PLW2901
        if words := words_of(value):
            return words
    return None


def words_of(value: Any) -> str | None:
    """Give the words of a value: a text, a number, an object's label, or a list of these."""
    if value is None or isinstance(value, str):
        return parse_line(value)
    if isinstance(value, list):
        words = [word for item in value[:50] if (word := words_of(item))]
        return ", ".join(dict.fromkeys(words)) or None
    if isinstance(value, Mapping):
        flat = {fold_key(str(key)): inner for key, inner in value.items()}
        for name in _LABELS:
            if (word := words_of(flat.get(name))) is not None:
                return word
        inner = [inner for inner in flat.values() if isinstance(inner, Mapping)]
        return words_of(inner[0]) if len(inner) == 1 else None
    return parse_line(value)


def url_of(flat: Node) -> str | None:
    """Give the advert's address: a link first, a bare slug last."""
    found = [
        words
        for _name, value in _under(flat, "url")
        if isinstance(value, str | list) and (words := words_of(value))
    ]
    linked = (url for url in found if url.startswith(("http://", "https://", "/")))
    return next(linked, found[0] if found and " " not in found[0] else None)


def body_of(flat: Node) -> str | None:
    """Give the description, and the parts that continue it."""
    parts = [text for _name, value in _under(flat, "description") if (text := _prose(value))][:1]
    for name in MORE_TEXT:
        text = _prose(flat.get(name))
        if text and all(text not in part for part in parts):
            parts.append(text)
    return "\n\n".join(parts) or None


_DEEP_TEXTS = (
    "jobsummary", "summary", "description", "jobdescription", "duties", "majorduties", "responsibilities",
    "requirements", "qualifications", "benefits",
)  # fmt: skip
_BOXES = frozenset({"userarea", "overview", "details", "jobad", "body", "extensions"})
_MAX_DEEP = 200


def deep_body_of(flat: Node) -> str | None:
    """Give the texts that public bodies' feeds keep in boxes within boxes, in the order published."""
    parts: list[str] = []
    boxes = [value for name, value in flat.items() if isinstance(value, Mapping) and name in _BOXES]
    for node in islice((node for box in boxes for node in walk(box)), _MAX_DEEP):
        for key, value in node.items():
            text = (
                parse_plain(value) if isinstance(value, str) and fold_key(str(key)) in _DEEP_TEXTS else None
            )
            if text and text not in parts:
                parts.append(text)
    return "\n\n".join(parts) or None


def _prose(value: Any) -> str | None:
    """A text, or the texts of a list of sections with headings, in order."""
    if isinstance(value, Mapping):
        value = list(value.values()) if all(isinstance(part, Mapping) for part in value.values()) else [value]
    if isinstance(value, list):
        return "\n\n".join(part for item in value[:100] if (part := _section(item))) or None
    return parse_plain(value) if isinstance(value, str) else None


def _section(item: Any) -> str | None:
    if not isinstance(item, Mapping):
        return parse_plain(item) if isinstance(item, str) else None
    flat = {fold_key(str(key)): inner for key, inner in item.items()}
    if set(flat) and all(isinstance(value, Mapping) for value in flat.values()):
        return _prose(item)
    texts = [parse_plain(value) for value in item.values() if isinstance(value, str)]
    nested = [_prose(value) for value in item.values() if isinstance(value, Mapping | list) and value]
    return "\n".join(text for text in (*texts, *nested) if text) or None


def places_of(flat: Node) -> tuple[str, ...]:
    """Give the places of work."""
    for name, value in _under(flat, "place"):
        found = unique_places(_place_strings(value))
        if found and name in {"city", "cityname", "area", "town", "region", "state", "province"}:
            whole = join_place(words_of(flat.get(part)) for part in _PLACE_PARTS)
            return (whole,) if whole else found
        if found:
            return found
    return ()


def _place_strings(value: Any) -> Iterator[str | None]:
    if isinstance(value, list):
        for item in value[:50]:
            yield from _place_strings(item)
    elif isinstance(value, Mapping):
        flat = {fold_key(str(key)): inner for key, inner in value.items()}
        inner = next(
            (
                flat[name]
                for name in ("addresscomponents", "location", "postaladdress", "address", "adresse")
                if isinstance(flat.get(name), Mapping)
            ),
            None,
        )
        label = next(
            (
                word
                for name in ("fulllocation", "label", "locationname", "name", "displayname")
                if (word := parse_line(flat.get(name)))
            ),
            None,
        )
        parts = join_place(words_of(flat.get(part)) for part in _PLACE_PARTS)
        if label and parts:
            city = parts.partition(",")[0]
            if label.casefold() == city.casefold():
                yield parts
            else:
                yield label if city.casefold() in label.casefold() else join_place([parts, label])
        elif label or parts:
            yield label or parts
        elif inner is not None:
            yield from _place_strings(inner)
        else:
            yield words_of(value)
    else:
        yield parse_line(value)


def pay_found(flat: Node) -> tuple[Pay | None, str | None]:
    """Give pay understood from its parts, and as words."""
    currency, unit = pick(flat, "currency"), pick(flat, "pay_unit")
    for _name, stated in _under(flat, "pay"):
        value = stated[0] if isinstance(stated, list) and len(stated) == 1 else stated
        if isinstance(value, Mapping):
            found = _pay_parts(value, currency, unit)
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            found = None, parse_line(value) if value else None
        else:
            continue
        if found[1]:
            return found
    return _pay_parts(dict(_under(flat, "pay_min", "pay_max")), currency, unit)


def _pay_parts(value: Node, currency: str | None, unit: str | None) -> tuple[Pay | None, str | None]:
    flat = {fold_key(str(key)): inner for key, inner in value.items()}
    low, high = _amount(flat, _LOW), _amount(flat, _HIGH)
    currency = pick(flat, "currency") or currency
    unit = pick(flat, "pay_unit") or unit
    unit = unit if parse_period(unit) else None
    if not (low or high):
        words = next(
            (
                word
                for name in ("label", "text", "summary", "displayvalue", "name")
                if (word := words_of(flat.get(name)))
            ),
            None,
        )
        return None, words
    return pay_of(low and low[0], high and high[0], currency, parse_period(unit)), pay_words(
        low and low[1], high and high[1], currency, unit
    )


def _amount(flat: Node, names: tuple[str, ...]) -> tuple[float, str] | None:
    """The first amount above nothing that one of the names holds, and how it is written."""
    for value in (flat[name] for name in names if name in flat):
        said = (
            parse_line(value)
            if isinstance(value, str | int | float) and not isinstance(value, bool)
            else None
        )
        amount = float(value) if said and isinstance(value, int | float) else parse_amount(said or "")
        if said and amount is not None:
            return (amount, _whole(said)) if amount else None
    return None


def _whole(said: str) -> str:
    return said.removesuffix(".0")


def is_remote(flat: Node) -> bool | None:
    """Whether the object says that the work is done from anywhere; None when it does not say."""
    stated = [flat.get(name) for name in ("remote", "isremote", "telecommuting", "remotework")]
    words = {str(flat.get(name) or "").lower() for name in ("workplacetype", "remotestatus")}
    return True if any(value is True for value in stated) or words & {"remote", "fully"} else None


def contacts_of(flat: Node) -> tuple[Contact, ...]:
    """Give the ways to answer that the object states apart from its text."""
    values = (words_of(value) for _name, value in _under(flat, "email", "phone"))
    return tuple(dict.fromkeys(contact_of_text(value) for value in values if value))

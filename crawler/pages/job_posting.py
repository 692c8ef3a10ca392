"""A schema.org JobPosting, from whichever markup, → `Draft`.

Written for what boards publish rather than for what schema.org says: organisations as strings
or references, addresses as sentences, salaries in words, types in any language. Values that do
not fit stay as published; nothing is replaced by a default.
"""

from collections.abc import Mapping
from typing import Any

from crawler.pages.draft import Draft
from crawler.parse.numbers import parse_amount
from crawler.parse.pay import parse_period, pay_of, pay_words
from crawler.parse.plain import parse_line, parse_plain
from model.schema.advert import Contact, ContactKind, Pay

Node = Mapping[str, Any]


def is_posting(node: Node) -> bool:
    """Whether a JSON-LD or microdata object says that it is a JobPosting."""
    kinds = node.get("@type", node.get("type"))
    return any(
        isinstance(kind, str)
        and kind.rstrip("/").rpartition("/")[2].rpartition(":")[2].lower() == "jobposting"
        for kind in _as_list(kinds)
    )


def draft_of(node: Node, *, reader: str, by_id: Mapping[str, Node] | None = None) -> Draft:
    """Read one JobPosting; `by_id` resolves references into the page's other objects."""
    find = by_id or {}
    organisation = _resolve(_first(node.get("hiringOrganization")), find)
    pay, pay_raw = _salary(node, find)
    return Draft(
        reader=reader,
        title=_text(node.get("title")) or _text(node.get("name")) or _text(node.get("jobTitle")),
        description=_body(node),
        employer=_organisation_name(organisation),
        employer_url=_organisation_url(organisation),
        places=_places(node, find),
        pay=pay,
        pay_raw=pay_raw,
        employment_type=_words(node.get("employmentType")),
        posted=_scalar(node.get("datePosted")) or _scalar(node.get("datePublished")),
        valid_through=_scalar(node.get("validThrough")),
        url=_url(node),
        identifier=_identifier(node.get("identifier")),
        language=_language(node.get("inLanguage")),
        remote=True if _is_remote(node) else None,
        contacts=_contacts(node, organisation),
    )


def _first(value: Any) -> Any:
    while isinstance(value, list):
        value = next((item for item in value if item), None)
    return value


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _resolve(value: Any, find: Mapping[str, Node]) -> Any:
    if isinstance(value, Mapping) and set(value) <= {"@id", "@type"} and isinstance(value.get("@id"), str):
        return find.get(value["@id"], value)
    return value


def _scalar(value: Any) -> str | None:
    value = _first(value)
    if isinstance(value, Mapping):
        value = value.get("@value", value.get("value"))
    return parse_line(value)


def _text(value: Any) -> str | None:
    value = _first(value)
    if isinstance(value, Mapping):
        value = value.get("@value") or value.get("name") or value.get("text") or value.get("value")
    return parse_line(value)


def _words(value: Any) -> str | None:
    """A value that may be a list of values: their words in order, each once."""
    words = [word for item in _as_list(value) if (word := _text(item))]
    return ", ".join(dict.fromkeys(words)) or None


def _body(node: Node) -> str | None:
    value = _first(node.get("description"))
    if isinstance(value, Mapping):
        value = value.get("@value") or value.get("text")
    text = parse_plain(value)
    if text:
        return text
    parts = (parse_plain(_first(node.get(name))) for name in ("responsibilities", "qualifications", "skills"))
    return "\n\n".join(part for part in parts if part) or None


def _organisation_name(value: Any) -> str | None:
    if isinstance(value, Mapping):
        return _text(value.get("name")) or _text(value.get("legalName"))
    return _text(value)


def _organisation_url(value: Any) -> str | None:
    if not isinstance(value, Mapping):
        return None
    return next((url for name in ("url", "sameAs") if (url := _http(_first(value.get(name))))), None)


def _http(value: Any) -> str | None:
    return (
        value.strip()
        if isinstance(value, str) and value.strip().lower().startswith(("http://", "https://"))
        else None
    )


def _url(node: Node) -> str | None:
    for name in ("url", "mainEntityOfPage", "@id"):
        value = _first(node.get(name))
        if isinstance(value, Mapping):
            value = value.get("@id") or value.get("url")
        if (
            isinstance(value, str)
            and value.strip()
            and (name == "url" or (_http(value) and "#" not in value))
        ):
            return value.strip()
    return None


def _identifier(value: Any) -> str | None:
    value = _first(value)
    return (
        _scalar(value.get("value")) or _scalar(value.get("@value"))
        if isinstance(value, Mapping)
        else _scalar(value)
    )


def _language(value: Any) -> str | None:
    value = _first(value)
    return (
        _text(value.get("alternateName") or value.get("name")) if isinstance(value, Mapping) else _text(value)
    )


_ADDRESS_PARTS = ("addressLocality", "addressRegion", "addressCountry")


def _places(node: Node, find: Mapping[str, Node]) -> tuple[str, ...]:
    spots = [_place(_resolve(item, find), find) for item in _as_list(node.get("jobLocation"))]
    if not any(spots):
        spots = [_address(node)]
    if not any(spots):
        spots = [_place(item, find) for item in _as_list(node.get("applicantLocationRequirements"))]
    return tuple(dict.fromkeys(spot for spot in spots if spot))


def _place(value: Any, find: Mapping[str, Node]) -> str | None:
    if not isinstance(value, Mapping):
        return _text(value)
    for part in _as_list(value.get("address")):
        address = _resolve(part, find)
        found = _address(address) if isinstance(address, Mapping) else _text(address)
        if found:
            return found
    return _address(value) or _text(value.get("name"))


def _address(value: Node) -> str | None:
    """Locality, region, country; the street only when a board put everything there."""
    parts = [_words(value.get(name)) for name in _ADDRESS_PARTS]
    if not (parts[0] or parts[1]):
        parts = [_words(value.get("streetAddress")), *parts]
    seen: dict[str, str] = {}
    for part in parts:
        if part:
            seen.setdefault(part.casefold(), part)
    return ", ".join(seen.values()) or None


def _is_remote(node: Node) -> bool:
    stated = _text(node.get("jobLocationType")) or ""
    if "telecommut" in stated.lower():
        return True
    if node.get("applicantLocationRequirements") and not node.get("jobLocation"):
        return True
    spots = [item for item in _as_list(node.get("jobLocation")) if isinstance(item, Mapping)]
    hidden = [extra for spot in spots for extra in _as_list(spot.get("additionalProperty"))]
    return any(isinstance(extra, Mapping) and extra.get("value") == "TELECOMMUTE" for extra in hidden)


def _salary(node: Node, find: Mapping[str, Node]) -> tuple[Pay | None, str | None]:
    stated = next(
        (node[name] for name in ("baseSalary", "estimatedSalary", "salary") if node.get(name)), None
    )
    value = _resolve(_first(stated), find)
    currency = _text(node.get("salaryCurrency"))
    if not isinstance(value, Mapping):
        stated = _scalar(value)
        amount = parse_amount(stated or "")
        if amount is None:
            return None, _text(value)
        return pay_of(amount, amount, currency, None), pay_words(stated, stated, currency, None)
    currency = _text(value.get("currency")) or _text(value.get("salaryCurrency")) or currency
    return _monetary(value, currency)


def _monetary(value: Node, currency: str | None) -> tuple[Pay | None, str | None]:
    inner = _first(value.get("value"))
    box = inner if isinstance(inner, Mapping) else {**value, "value": inner}
    unit = _text(box.get("unitText")) or _text(box.get("unitCode")) or _text(value.get("unitText"))
    single = _scalar(box.get("value"))
    said_low, said_high = (_scalar(box.get(name)) or single for name in ("minValue", "maxValue"))
    low, high = parse_amount(said_low or ""), parse_amount(said_high or "")
    if low is None and high is None:
        words = single or _text(value.get("name")) or _text(value.get("description"))
        return None, words
    if not (low or high):
        return None, None
    return pay_of(low, high, currency, parse_period(unit)), pay_words(said_low, said_high, currency, unit)


def _contacts(node: Node, organisation: Any) -> tuple[Contact, ...]:
    boxes = [*_as_list(node.get("applicationContact")), *_as_list(node.get("contactPoint")), organisation]
    found: list[Contact] = []
    for box in boxes:
        if isinstance(box, Mapping):
            for name, kind in (("telephone", ContactKind.PHONE), ("email", ContactKind.EMAIL)):
                value = _text(box.get(name))
                if value:
                    found.append(Contact(kind=kind, value=value.removeprefix("mailto:")))
    return tuple(dict.fromkeys(found))

"""Objects of a job API, of page state or of a feed item → `Draft`, by the names in `labels.py`."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from crawler.pages.draft import Draft, fill_gaps
from crawler.pages.job_posting import draft_of, is_posting
from crawler.pages.json_text import MAX_NODES, walk
from crawler.pages.labels import FIELDS, MORE_TEXT, fold_key
from crawler.parse.contact import contact_of_text
from crawler.parse.numbers import parse_amount
from crawler.parse.pay import parse_period, pay_of, pay_words
from crawler.parse.places import join_place, unique_places
from crawler.parse.plain import parse_line, parse_plain
from model.schema.advert import Contact, Pay

Node = Mapping[str, Any]

_JOB_FIELDS = (
    "employer",
    "place",
    "pay",
    "pay_min",
    "employment_type",
    "posted",
    "valid_through",
    "url",
    "description",
)
_SURE_TITLES = frozenset("jobtitle positiontitle positionname vacancyname vacancytitle jobname".split())
_SURE_SIGNS = frozenset(
    "jobid jobtype jobtypes joburl jobdescription jobdescriptiontext companyname employername employmenttype typeofemployment employmenttypename worktypes "
    "salary salaryrange salarymin minsalary salarylabel salaryfrom salarylowerbound minimumsalary basesalary candidaterequiredlocation externalpath "
    "locationstext applyurl applylink hostedurl absoluteurl postingurl vacancyname employer commitment companyslug jobemploymenttypes jobreqid requisitionid "
    "jobkey formattedlocation applicationurl applicationlink careersapplyurl careersurl releaseddate workplacetype employmenttypecode vacancytitle hidecompany".split()
)
_LIST_NAMES = frozenset(
    "jobs vacancies positions offers postings jobpostings results items content data list docs openings joblist jobadverts vacancylist adverts hits jobads".split()
)
_MIN_FACTS = 2
_DATES = ("date", "datetimeutc", "formatteddatetime", "iso", "datetime", "value", "raw")
_PUBLIC_BODY = frozenset({"advertisefromdate", "advertisetodatetime"})
"""Names from the feeds of public bodies, where the department is who hires."""
_WRAPPERS = frozenset(
    "attributes fields matchedobjectdescriptor categories job jobdetails jobpostinginfo highlights vacancy node positionprofile offeredremunerationpackage".split()
)
_LABELS = (
    "organizationname",
    "organizationidentifiers",
    "fulllocation",
    "displayname",
    "displayedname",
    "label",
    "name",
    "title",
    "text",
    "value",
    "description",
    "date",
    "datetimeutc",
    "plain",
    "html",
    "code",
    "shortname",
    "locationname",
)
_PLACE_PARTS = (
    "city",
    "cityname",
    "town",
    "locality",
    "addresslocality",
    "area",
    "state",
    "statename",
    "province",
    "region",
    "addressregion",
    "country",
    "countryname",
    "addresscountry",
)
_LOW, _HIGH = (
    ("min", "from", "start", "low", "lower", *FIELDS["pay_min"]),
    ("max", "to", "end", "high", "upper", *FIELDS["pay_max"]),
)


def drafts_in_objects(value: Any, *, reader: str, strict: bool = False) -> tuple[Draft, ...]:
    """Give the jobs among the objects of a JSON value, outermost first; jobs inside jobs are left out.

    `strict` is for page state, where menus and tracking lie beside jobs: an object must then carry
    a name that only jobs have.
    """
    found: dict[object, Draft] = {}
    for n, node in enumerate(_job_nodes(value, strict=strict)):
        draft = _draft(node, reader)
        if draft is not None and not draft.employer and isinstance(node.get("relationships"), Mapping):
            draft = replace(draft, employer=_related_employer(node["relationships"], value))
        if draft is not None:
            # list and detail answers saved in one file speak of the same jobs
            key = (draft.identifier, draft.title) if draft.identifier else n
            found[key] = fill_gaps(found[key], draft) if key in found else draft
    return tuple(found.values())


def _related_employer(relationships: Node, whole: Any) -> str | None:
    """Resolve a JSON:API relationship: the job names its company by an id, which stands elsewhere."""
    for name in ("company", "employer", "organization"):
        data = (
            (relationships.get(name) or {}).get("data")
            if isinstance(relationships.get(name), Mapping)
            else None
        )
        key = str(data.get("id")) if isinstance(data, Mapping) else None
        for node in walk(whole) if key else ():
            kept = (
                node.get(key)
                if key in node
                else node
                if str(node.get("id")) == key and node.get("type") == name
                else None
            )
            found = words_of(_flatten(kept).get("name")) if isinstance(kept, Mapping) else None
            if found:
                return found
    return None


def _job_nodes(value: Any, *, strict: bool) -> Iterator[Node]:
    stack: list[tuple[Any, bool]] = [(value, False)]
    seen = 0
    while stack and seen < MAX_NODES:
        node, listed = stack.pop()
        seen += 1
        if isinstance(node, dict):
            flat = _flatten(node)
            if is_posting(node) or _looks_like_job(flat, listed=listed, strict=strict):
                yield flat if not is_posting(node) else node
                continue
            for key, child in reversed(list(node.items())):
                if isinstance(child, dict | list):
                    stack.append((child, fold_key(str(key)) in _LIST_NAMES and isinstance(child, list)))
        elif isinstance(node, list):
            inside = listed or len(stack) == 0
            stack.extend((child, inside) for child in reversed(node) if isinstance(child, dict | list))


def _flatten(node: Node) -> dict[str, Any]:
    """Fold the keys; lift the one object that wraps the facts (`attributes`, `categories`, …)."""
    flat: dict[str, Any] = {}
    for key, value in node.items():
        folded = fold_key(str(key))
        if folded in _WRAPPERS and isinstance(value, Mapping):
            for name, inner in _flatten(value).items():
                flat.setdefault(name, inner)
        elif folded == "positionperiod" and isinstance(value, Mapping):
            flat |= {f"position{name}": inner for name, inner in _flatten(value).items()}
        elif flat.get(folded) in (None, ""):
            flat[folded] = value
    return flat


def _looks_like_job(flat: Node, *, listed: bool, strict: bool) -> bool:
    title_key = next((name for name in FIELDS["title"] if _is_line(flat.get(name))), None)
    if title_key is None:
        return False
    facts = sum(
        1
        for field in _JOB_FIELDS
        if any(flat.get(name) not in (None, "", [], {}) for name in FIELDS[field] if name != title_key)
    )
    signs = len(_SURE_SIGNS & {key for key, value in flat.items() if value not in (None, "", [], {})})
    if title_key in _SURE_TITLES and facts >= 1:
        return True
    if strict:
        both = all(
            any(flat.get(name) for name in FIELDS[field] if name != title_key)
            for field in ("employer", "place")
        )
        return facts > _MIN_FACTS and (signs >= 1 or (both and facts > _MIN_FACTS + 1))
    return facts >= _MIN_FACTS and (signs >= 1 or listed)


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= 300  # noqa: PLR2004 - longer is a text, not a title


def _draft(flat: Node, reader: str) -> Draft | None:
    if is_posting(flat):
        return draft_of(flat, reader=reader)
    pay, pay_raw = _pay(flat)
    title_key = next((name for name in FIELDS["title"] if _is_line(flat.get(name))), "")
    rest = {key: value for key, value in flat.items() if key != title_key}
    draft = Draft(
        reader=reader,
        title=parse_line(flat.get(title_key)),
        description=_body(rest),
        employer=_pick(rest, "employer")
        or (words_of(rest.get("department")) if _PUBLIC_BODY & set(rest) else None),
        employer_url=None,
        places=_places(rest),
        pay=pay,
        pay_raw=pay_raw,
        employment_type=_pick(rest, "employment_type"),
        posted=_date(rest, "posted"),
        valid_through=_date(rest, "valid_through"),
        url=_url(rest),
        identifier=_pick(rest, "identifier"),
        remote=_remote(rest),
        contacts=_contacts(rest),
    )
    return draft if draft.title or draft.description else None


def _pick(flat: Node, field: str) -> str | None:
    """The first of a field's names that holds words, whatever they are wrapped in."""
    return next((words for name in FIELDS[field] if (words := words_of(flat.get(name)))), None)


def _date(flat: Node, field: str) -> str | None:
    for name in FIELDS[field]:
        value = flat.get(name)
        if isinstance(value, Mapping):
            inner = {fold_key(str(key)): part for key, part in value.items()}
            value = next((inner[part] for part in _DATES if inner.get(part)), value)
        if words := words_of(value):
            return words
    return None


def words_of(value: Any) -> str | None:
    """Give the words of a value: a text, a number, an object's label, or a list of these."""
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


def _url(flat: Node) -> str | None:
    found = [
        words
        for name in FIELDS["url"]
        if isinstance(flat.get(name), str | list) and (words := words_of(flat[name]))
    ]
    linked = (url for url in found if url.startswith(("http://", "https://", "/")))
    return next(linked, found[0] if found and " " not in found[0] else None)


def _body(flat: Node) -> str | None:
    parts = [text for name in FIELDS["description"] if (text := _prose(flat.get(name)))][:1]
    for name in MORE_TEXT:
        text = _prose(flat.get(name))
        if text and all(text not in part for part in parts):
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
    nested = [_prose(value) for value in item.values() if isinstance(value, Mapping) and value]
    return "\n".join(text for text in (*texts, *nested) if text) or None


def _places(flat: Node) -> tuple[str, ...]:
    for name in FIELDS["place"]:
        found = unique_places(_place_strings(flat.get(name)))
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
                for name in ("addresscomponents", "location", "postaladdress", "address")
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
            yield label if city.casefold() in label.casefold() else join_place([parts, label])
        elif label or parts:
            yield label or parts
        elif inner is not None:
            yield from _place_strings(inner)
        else:
            yield words_of(value)
    else:
        yield parse_line(value)


def _pay(flat: Node) -> tuple[Pay | None, str | None]:
    currency, unit = _pick(flat, "currency"), _pick(flat, "pay_unit")
    for name in FIELDS["pay"]:
        value = flat.get(name)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, Mapping):
            found = _pay_parts(value, currency, unit)
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            found = None, parse_line(value) if value else None
        else:
            continue
        if found[1]:
            return found
    return _pay_parts(
        {name: flat.get(name) for name in (*FIELDS["pay_min"], *FIELDS["pay_max"])}, currency, unit
    )


def _pay_parts(value: Node, currency: str | None, unit: str | None) -> tuple[Pay | None, str | None]:
    flat = {fold_key(str(key)): inner for key, inner in value.items()}
    low, high = _amount(flat, _LOW), _amount(flat, _HIGH)
    currency = _pick(flat, "currency") or currency
    unit = _pick(flat, "pay_unit") or unit
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
    return pay_of(low or high, high or low, currency, parse_period(unit)), pay_words(
        low, high, currency, unit
    )


def _amount(flat: Node, names: tuple[str, ...]) -> float | None:
    for name in names:
        value = flat.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, str) and (amount := parse_amount(value)) is not None:
            return amount
    return None


def _remote(flat: Node) -> bool | None:
    stated = [flat.get(name) for name in ("remote", "isremote", "telecommuting", "remotework")]
    words = str(flat.get("workplacetype") or "").lower()
    return True if any(value is True for value in stated) or words == "remote" else None


def _contacts(flat: Node) -> tuple[Contact, ...]:
    values = (words_of(flat.get(name)) for field in ("email", "phone") for name in FIELDS[field])
    return tuple(dict.fromkeys(contact_of_text(value) for value in values if value))

"""Objects of a job API, of page state or of a feed item → `Draft`, by the names in `labels.py`."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from crawler.pages.draft import MAX_DRAFTS, Draft, fill_gaps
from crawler.pages.job_posting import draft_of, is_posting
from crawler.pages.json_text import MAX_NODES, walk
from crawler.pages.labels import FIELDS, fold_key
from crawler.pages.values import (
    body_of,
    contacts_of,
    date_words,
    deep_body_of,
    is_remote,
    pay_found,
    pick,
    places_of,
    url_of,
    words_of,
)
from crawler.parse.plain import parse_line

Node = Mapping[str, Any]

_JOB_FIELDS = {
    field: frozenset(FIELDS[field])
    for field in (
        "employer", "place", "pay", "pay_min", "employment_type", "posted", "valid_through", "url", "description",
    )
}  # fmt: skip
"""Field → the names it goes by, for what tells a job from other objects."""
_SURE_TITLES = frozenset(
    """
    jobtitle positiontitle positionname vacancyname vacancytitle jobname
    """.split()
)
_SURE_SIGNS = frozenset(
    """
    jobid jobtype jobtypes joburl jobdescription jobdescriptiontext companyname employername
    employmenttype typeofemployment employmenttypename worktypes  salary salaryrange salarymin
    minsalary salarylabel salaryfrom salarylowerbound minimumsalary basesalary
    candidaterequiredlocation externalpath  locationstext applyurl applylink hostedurl
    absoluteurl postingurl vacancyname employer commitment companyslug jobemploymenttypes
    jobreqid requisitionid refnr referenznummer  jobkey formattedlocation applicationurl applicationlink
    careersapplyurl careersurl releaseddate workplacetype employmenttypecode vacancytitle
    hidecompany
    """.split()
)
_LIST_NAMES = frozenset(
    """
    jobs vacancies positions offers postings jobpostings results items content data list docs
    openings stellenangebote ergebnisliste joblist jobadverts stellenangebote resultats vacancylist adverts hits jobads
    """.split()
)
_OWN_JOBS = ("jobs", "offers", "postings", "vacancies")
_TOP_OBJECTS = 20
_MIN_FACTS = 2
_PUBLIC_BODY = frozenset({"advertisefromdate", "advertisetodatetime"})
"""Names from the feeds of public bodies, where the department is who hires."""
_WRAPPERS = frozenset(
    """
    attributes fields matchedobjectdescriptor categories job jobdetails jobpostinginfo
    highlights settings vacancy node positionprofile offeredremunerationpackage
    vacancydetails jobdata
    """.split()
)


def drafts_in_objects(value: Any, *, reader: str, strict: bool = False) -> tuple[Draft, ...]:
    """Give the jobs among the objects of a JSON value, outermost first; jobs inside jobs are left out.

    `strict` is for page state, where menus and tracking lie beside jobs: an object must then carry
    a name that only jobs have.
    """
    found: dict[object, Draft] = {}
    owner = None if strict else _owner(value)
    for n, node in enumerate(islice(_job_nodes(value, strict=strict), MAX_DRAFTS)):
        draft = _draft(node, reader)
        if draft is not None and not draft.employer and isinstance(node.get("relationships"), Mapping):
            draft = replace(draft, employer=_related_employer(node["relationships"], value))
        if draft is not None and not draft.employer:
            draft = replace(draft, employer=owner)
        if draft is not None:
            # list and detail answers saved in one file speak of the same jobs
            key = (draft.identifier, draft.title) if draft.identifier else n
            found[key] = fill_gaps(found[key], draft) if key in found else draft
    return tuple(found.values())


def _owner(value: Any) -> str | None:
    """Whose jobs a company's own job API lists: the one object that has a name and a list of jobs."""
    names = []
    for node in islice(walk(value), _TOP_OBJECTS):
        flat = {fold_key(str(key)): inner for key, inner in node.items()}
        lists = any(isinstance(flat.get(name), list) and flat[name] for name in _OWN_JOBS)
        if lists and isinstance(flat.get("name"), str):
            names.append(parse_line(flat["name"]))
    return names[0] if len(names) == 1 else None


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
    stated = {key for key, value in flat.items() if value not in (None, "", [], {})}
    signs = len(_SURE_SIGNS & stated)
    stated.discard(title_key)
    facts = sum(1 for names in _JOB_FIELDS.values() if not names.isdisjoint(stated))
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


def facts_of(node: Node, *, reader: str) -> Draft:
    """Read an object that is known to be a job, by the names in `labels.py`."""
    return _read(_flatten(node), reader)


def _draft(flat: Node, reader: str) -> Draft | None:
    draft = draft_of(flat, reader=reader) if is_posting(flat) else _read(flat, reader)
    return draft if is_posting(flat) or draft.title or draft.description else None


def _read(flat: Node, reader: str) -> Draft:
    pay, pay_raw = pay_found(flat)
    title_key = next((name for name in FIELDS["title"] if _is_line(flat.get(name))), "")
    rest = {key: value for key, value in flat.items() if key != title_key}
    return Draft(
        reader=reader,
        title=parse_line(flat.get(title_key)),
        description=body_of(rest) or deep_body_of(rest),
        employer=pick(rest, "employer")
        or (words_of(rest.get("department")) if _PUBLIC_BODY & set(rest) else None),
        employer_url=None,
        places=places_of(rest),
        pay=pay,
        pay_raw=pay_raw,
        employment_type=pick(rest, "employment_type"),
        posted=date_words(rest, "posted"),
        valid_through=date_words(rest, "valid_through"),
        url=url_of(rest),
        identifier=pick(rest, "identifier"),
        remote=is_remote(rest),
        contacts=contacts_of(rest),
    )

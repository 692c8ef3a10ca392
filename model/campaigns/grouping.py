"""Groups near-duplicates and shared contacts into campaigns; the order of arrival changes nothing."""

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress

import networkx as nx
import phonenumbers

from model.campaigns.signature import Signature, likeness, sign
from model.campaigns.template import template_of
from model.facts.contacts import ContactFound, find_contacts
from model.schema.advert import ContactKind, JobAdvert
from model.schema.campaign import Campaign
from model.text.normalise import normalise

ALIKE = 0.5
"""Least Jaccard likeness of two adverts of one template."""
MOST_SHARING = 200
"""A contact in more adverts than this is a platform's or a placeholder, not a recruiter's."""


def group_texts(texts: Sequence[str], *, alike: float = ALIKE) -> list[list[int]]:
    """Give groups of two or more near-identical texts as sorted indices, sorted by their first."""
    signatures = [sign(text) for text in texts]
    graph: nx.Graph[int] = nx.Graph()
    graph.add_edges_from(
        (a, b) for a, b in _candidates(signatures) if likeness(signatures[a], signatures[b]) >= alike
    )
    return sorted(sorted(component) for component in nx.connected_components(graph))


def group_adverts(adverts: Iterable[JobAdvert]) -> list[Campaign]:
    """Group adverts by template and by contact; adverts that share nothing are left out."""
    ordered = sorted({advert.id: advert for advert in adverts}.values(), key=lambda advert: advert.id)
    texts = [_text(advert) for advert in ordered]
    signatures = [sign(text) for text in texts]
    graph: nx.Graph[int] = nx.Graph()
    for a, b in _candidates(signatures):
        if likeness(signatures[a], signatures[b]) >= ALIKE:
            graph.add_edge(a, b, template=True)
    carriers = _carriers(ordered)
    for members in carriers.values():
        nx.add_path(graph, sorted(members))
    return [
        _campaign(sorted(component), ordered, texts, carriers, graph)
        for component in nx.connected_components(graph)
    ]


def contact_keys(advert: JobAdvert) -> dict[str, str]:
    """Give the advert's linking contacts as digest → kind: enough to link by, nothing to call.

    A link counts when it names a page and not only a site, and not the site the advert stands on.
    """
    return contact_keys_of(advert, find_contacts(normalise(_text(advert))))


def contact_keys_of(advert: JobAdvert, found: Iterable[ContactFound]) -> dict[str, str]:
    """Give `contact_keys` of an advert whose text was searched for contacts already."""
    stated = (
        (ContactKind(contact.kind), contact.value)
        for contact in advert.contacts
        if contact.kind in set(ContactKind)
    )
    read = ((contact.kind, f"+{contact.value}" if contact.region else contact.value) for contact in found)
    own_host = _host(advert.url) if advert.url else None
    keys: dict[str, str] = {}
    for kind, value in (*read, *stated):
        plain = _plain(kind, value)
        if kind is ContactKind.OTHER or not plain or (kind is ContactKind.URL and _host(value) == own_host):
            continue
        space = "number" if kind in _NUMBERS else str(kind)
        keys.setdefault(hashlib.sha256(f"{space}:{plain}".encode()).hexdigest()[:32], str(kind))
    return keys


def _candidates(signatures: Sequence[Signature]) -> set[tuple[int, int]]:
    buckets: dict[str, list[int]] = defaultdict(list)
    for index, signature in enumerate(signatures):
        for band in signature.bands:
            buckets[band].append(index)
    pairs: set[tuple[int, int]] = set()
    for members in buckets.values():
        # Neighbours suffice: alike texts meet in many bands, and components join the rest.
        pairs.update(itertools.pairwise(members))
    return pairs


def _carriers(adverts: Sequence[JobAdvert]) -> dict[str, list[int]]:
    carriers: dict[str, list[int]] = defaultdict(list)
    for index, advert in enumerate(adverts):
        for key, kind in contact_keys(advert).items():
            carriers[f"{kind}:{key}"].append(index)
    return {key: members for key, members in carriers.items() if 1 < len(members) <= MOST_SHARING}


def _campaign(
    members: list[int],
    adverts: Sequence[JobAdvert],
    texts: Sequence[str],
    carriers: dict[str, list[int]],
    graph: "nx.Graph[int]",
) -> Campaign:
    inside = set(members)
    shared = sorted(key for key, carrying in carriers.items() if len(inside.intersection(carrying)) > 1)
    alike = any(graph.subgraph(members).edges[edge].get("template") for edge in graph.subgraph(members).edges)
    template = template_of([texts[member] for member in members]) if alike else ()
    via = {key.partition(":")[0] for key in shared} | ({"template"} if alike else set())
    return Campaign(
        id="cmp_" + hashlib.sha256(adverts[members[0]].id.encode()).hexdigest()[:20],
        advert_ids=tuple(adverts[member].id for member in members),
        template=template,
        contacts=tuple(shared),
        via=tuple(sorted(via)),
    )


def _text(advert: JobAdvert) -> str:
    return "\n".join(text for _, text in advert.texts)


def _plain(kind: ContactKind, value: str) -> str:
    """Give a contact in one spelling, empty where it tells nothing: a subscriber's number, a handle without its link."""
    value = value.strip().lower()
    if kind is ContactKind.URL:
        host, _, page = _without_scheme(value).partition("/")
        page = page.split("?", 1)[0].split("#", 1)[0].rstrip("/")
        return f"{host.removeprefix('www.')}/{page}" if page else ""
    if kind in _NUMBERS:
        told = _subscriber(value)
        if len(told) >= _LEAST_DIGITS:
            # 000 000 000 is what people write who leave their number out.
            return told if len(set(told)) > 1 else ""
    return value.rsplit("/", 1)[-1].lstrip("@")


def _subscriber(number: str) -> str:
    """Give a number without what a country or a trunk line puts before it, at most its last nine digits.

    Two subscribers of different countries, or of one, hardly ever share nine; eight they would share by the thousand
    among a million numbers.
    """
    digits = "".join(letter for letter in number if letter.isdigit())
    national = digits.lstrip("0")
    if number.startswith(("+", "00")) or len(national) == len(digits) >= _SURELY_ABROAD:
        with suppress(phonenumbers.NumberParseException):
            national = str(phonenumbers.parse("+" + national, None).national_number)
    return national[-_TELLING_DIGITS:] or digits


def _host(url: str) -> str:
    return _without_scheme(url.strip().lower()).split("/", 1)[0].removeprefix("www.")


def _without_scheme(url: str) -> str:
    return url.partition("://")[2] or url


_NUMBERS = frozenset({ContactKind.PHONE, ContactKind.WHATSAPP, ContactKind.ZALO, ContactKind.VIBER})
"""Kinds that are phone numbers: the same one may be called, or written to by any of these."""
_TELLING_DIGITS, _LEAST_DIGITS = 9, 8
"""With and without the country's prefix, the last nine digits are the same; Cambodia and Hong Kong have but eight."""
_SURELY_ABROAD = 11
"""A number with so many digits begins with a country's prefix, with or without a plus; few countries have as many."""

"""What an advert can be recognised by: its contacts and its template, as keyed hashes.

Nobody can call or read anything from them, and without the service's secret nobody can make them.
Reading them out of a text is processor work and needs no database.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from model.campaigns.grouping import contact_keys_of
from model.campaigns.signature import bands_of, sign_folded
from model.facts.contacts import find_contacts
from model.schema.advert import JobAdvert
from model.text.normalise import normalise

TEMPLATE = "template"
"""The kind of a link key that stands for an advert's wording."""


@dataclass(frozen=True, slots=True)
class Contact:
    """One way to answer, or one page linked to."""

    id: int
    kind: str
    """One of `ContactKind`."""


@dataclass(frozen=True, slots=True)
class Template:
    """An advert's wording, whatever names and numbers fill its slots."""

    id: int
    minhash: bytes
    bands: tuple[int, ...]
    """Templates that share one may be alike."""

    @classmethod
    def of(cls, template_id: int, minhash: bytes) -> "Template":
        """Take a template from its kept signature."""
        return cls(template_id, minhash, tuple(_number(band, key=b"band") for band in bands_of(minhash)))


@dataclass(frozen=True, slots=True)
class Links:
    """Everything that one advert can be recognised by."""

    contacts: tuple[Contact, ...] = ()
    template: Template | None = None
    """None when it has too few words to tell."""

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids of its link keys."""
        template = (self.template.id,) if self.template else ()
        return (*(contact.id for contact in self.contacts), *template)


def links_of(advert: JobAdvert, *, pepper: bytes) -> Links:
    """Read an advert's links; the same contact or template gives the same id wherever it is read."""
    folded = normalise("\n".join(text for _, text in advert.texts))
    found = find_contacts(folded)
    signature = sign_folded(folded, found)
    key = hashlib.blake2b(pepper, digest_size=32).digest()
    kinds = {
        _number(digest, key=key): kind for digest, kind in sorted(contact_keys_of(advert, found).items())
    }
    template = (
        Template.of(_number(signature.minhash, key=key), signature.minhash) if signature.tells else None
    )
    return Links(tuple(Contact(link_id, kind) for link_id, kind in kinds.items()), template)


def all_ids(links: Iterable[Links]) -> set[int]:
    """Give the ids of all link keys of several adverts."""
    return {link_id for one in links for link_id in one.ids}


def _number(value: str | bytes, *, key: bytes) -> int:
    """Give a hash that every database keeps as a whole number."""
    data = value if isinstance(value, bytes) else value.encode("utf-8", "replace")
    return int.from_bytes(hashlib.blake2b(data, key=key, digest_size=8).digest(), "big") >> 1

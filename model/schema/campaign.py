"""Adverts that one hand wrote: near-duplicates and shared contacts, gathered softly and reversibly."""

from pydantic import Field

from model.schema.record import Record


class Campaign(Record):
    """A group of adverts that share a template or a way to answer."""

    id: str
    """Decided by its earliest member, so that regrouping the same adverts gives the same id."""
    advert_ids: tuple[str, ...] = Field(min_length=1)
    """Members, sorted."""
    template: tuple[str, ...] = ()
    """The shared words in order; an empty string stands for a slot that varies."""
    contacts: tuple[str, ...] = ()
    """Contacts that more than one member carries, as `kind:value` digests."""
    via: tuple[str, ...] = ()
    """What holds it together: `template`, `telegram`, `phone`, …"""

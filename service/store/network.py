"""Adverts that share a contact, a link or a template: found by indexed hashes, gathered into campaigns.

Everything here is one owner's: a partner's adverts are joined to that partner's adverts and to nobody
else's. The one thing an owner learns from outside is whether its advert shares something with an advert
of the crawler that a person confirmed (`Standing.confirmed_via`); no id, no count.

A contact in more than 200 adverts is a platform's or a placeholder. It joins nothing and lifts nothing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.orm import Session, aliased

from model.campaigns.grouping import ALIKE, MOST_SHARING
from model.campaigns.signature import estimated_likeness
from model.schema.assessment import Linked
from service.store import campaigns, outbox
from service.store.adverts import insert_new
from service.store.links import TEMPLATE, Contact, Links, Template, all_ids
from service.store.tables import (
    CRAWLER,
    AdvertLinkRow,
    AdvertRow,
    CampaignRow,
    DecisionRow,
    LinkKeyRow,
    TemplateBandRow,
)

Value = TypeVar("Value", int, str)

MOST_CANDIDATES = 20_000
"""Band rows read at once at most; a template with thousands of neighbours is long in their campaign."""
CLOSE, MOST_CLOSE = 0.8, 8
"""A template with eight neighbours as like as this is found through them, and needs no bands of its own: so the
ten-thousandth copy of an advert costs no more than the tenth. One that is confirmed gets bands all the same."""
_LOCK = 0x6C757265
"""The number of PostgreSQL's advisory lock: two writers never join adverts side by side."""
_CHUNK = 5_000
# Built once: putting these together anew for each advert costs as much as running them.
_KEYS = select(LinkKeyRow).where(
    LinkKeyRow.id.in_(bindparam("ids", expanding=True)),
    LinkKeyRow.partner_id.in_(bindparam("owners", expanding=True)),
)
_BANDS = (
    select(TemplateBandRow.band_hash, TemplateBandRow.link_id)
    .where(TemplateBandRow.band_hash.in_(bindparam("bands", expanding=True)))
    .limit(MOST_CANDIDATES)
)
_HELD = (
    select(AdvertLinkRow.link_id, AdvertRow.advert_id)
    .join(AdvertRow, AdvertRow.key == AdvertLinkRow.advert_key)
    .where(
        AdvertRow.partner_id == bindparam("owner"), AdvertRow.advert_id.in_(bindparam("ids", expanding=True))
    )
)
_CARRIERS = (
    select(AdvertRow.key, AdvertRow.advert_id)
    .join(AdvertLinkRow, AdvertLinkRow.advert_key == AdvertRow.key)
    .where(
        AdvertLinkRow.link_id == bindparam("link"),
        AdvertRow.partner_id == bindparam("owner"),
        AdvertRow.key != bindparam("but"),
    )
)
_UNJOINED = (
    select(LinkKeyRow)
    .join(AdvertLinkRow, AdvertLinkRow.link_id == LinkKeyRow.id)
    .where(
        AdvertLinkRow.advert_key.in_(bindparam("keys", expanding=True)),
        LinkKeyRow.partner_id == bindparam("owner"),
        LinkKeyRow.campaign_id.is_(None),
    )
)
_OWN_BANDS = _BANDS.where(TemplateBandRow.partner_id.in_(bindparam("owners", expanding=True)))


@dataclass(frozen=True)
class Arrival:
    """A stored version of an advert that is to be joined."""

    advert_key: str
    advert_id: str
    links: Links


@dataclass(frozen=True)
class Standing:
    """What an advert shares with adverts already there."""

    linked: Linked = field(default_factory=Linked)
    confirmed_via: tuple[str, ...] = ()
    """What it shares with confirmed adverts: the reason to look at it, whatever its words say."""


@dataclass
class Known:
    """What the store knows about some adverts' link keys."""

    partner_id: str
    keys: dict[tuple[str, int], LinkKeyRow]
    """(owner, id) → row, of this owner and of the crawler."""
    near: dict[int, set[int]]
    """Template → templates that are alike, itself left out."""
    campaigns: dict[str, CampaignRow]
    held: set[tuple[int, str]] = field(default_factory=set)
    """(link, advert id): this advert, in some version, was counted under this link already."""
    splits: frozenset[tuple[str, str]] = frozenset()
    """(campaign, advert id): a person took this advert out of this campaign."""
    fresh: list[LinkKeyRow] = field(default_factory=list)
    """Rows of link keys that nobody had carried before; written once, with what they have become."""

    def own(self, link_id: int) -> LinkKeyRow | None:
        """Give the owner's row of a link key."""
        return self.keys.get((self.partner_id, link_id))

    def root(self, campaign_id: str) -> CampaignRow:
        """Give the campaign that this one is part of by now."""
        row = self.campaigns[campaign_id]
        return row if row.merged_into is None else self.root(row.merged_into)

    def is_split(self, campaign_id: str, advert_id: str) -> bool:
        """Tell whether a person took an advert out of a campaign, or out of what became one with it."""
        return any(
            who == advert_id and self.root(split) is self.root(campaign_id) for split, who in self.splits
        )

    def alike(self, links: Links) -> list[LinkKeyRow]:
        """Give the owner's rows that link an advert: its own keys and the templates like its own."""
        near = self.near.get(links.template.id, set()) if links.template else ()
        rows = [self.own(link_id) for link_id in (*links.ids, *sorted(near))]
        return [row for row in rows if row is not None and not crowded(row)]

    def shared(self, links: Links, *, advert_id: str) -> list[LinkKeyRow]:
        """Give those of `alike` that other adverts carry, without campaigns it was taken out of."""
        return [
            row
            for row in self.alike(links)
            if row.n_adverts > ((row.id, advert_id) in self.held)
            and not (self.splits and row.campaign_id and self.is_split(row.campaign_id, advert_id))
        ]

    def standing(self, links: Links, *, advert_id: str, is_confirmed: bool = False) -> Standing:
        """Say what an advert shares, in numbers of its owner's own adverts only.

        One that is confirmed itself is not its own company.
        """
        shared = self.shared(links, advert_id=advert_id)
        joined = next((row.campaign_id for row in shared if row.campaign_id), None)
        kinds = {contact.id: contact.kind for contact in links.contacts}
        via = {kinds.get(row.id, TEMPLATE) for row in shared}
        linked = Linked(via=tuple(sorted(via)))
        if joined is not None:
            root = self.root(joined)
            family = [row for row in self.campaigns.values() if self.root(row.id) is root]
            n_adverts = sum(row.n_adverts for row in family) - any(
                (link_id, advert_id) in self.held for link_id in links.ids
            )
            linked = Linked(
                campaign=root.id,
                adverts=max(0, n_adverts),
                confirmed=sum(row.n_confirmed for row in family),
                via=tuple(sorted(via)),
            )
        return Standing(linked, self._confirmed_via(links, kinds, is_confirmed=is_confirmed))

    def _confirmed_via(
        self, links: Links, kinds: Mapping[int, str], *, is_confirmed: bool
    ) -> tuple[str, ...]:
        near = self.near.get(links.template.id, set()) if links.template else set()
        told = set()
        for owner in (self.partner_id, CRAWLER):
            for link_id in (*links.ids, *near):
                row, own = self.keys.get((owner, link_id)), self.own(link_id)
                itself = is_confirmed and owner == self.partner_id and link_id in links.ids
                if row is None or row.n_confirmed <= itself:
                    continue
                if not crowded(row) and not (own and crowded(own)):
                    told.add(kinds.get(link_id, TEMPLATE))
        return tuple(sorted(told))


def crowded(row: LinkKeyRow) -> bool:
    """Tell whether a contact is in too many adverts to be one recruiter's; a template never is."""
    return row.kind != TEMPLATE and row.n_adverts > MOST_SHARING


def lock(session: Session) -> None:
    """Let nobody else join or confirm until this unit of work ends; SQLite's writers are alone anyway."""
    if session.connection().dialect.name == "postgresql":
        session.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))


def load_known(session: Session, links: Sequence[Links], *, partner_id: str) -> Known:
    """Read what is known of these adverts' link keys; a handful of indexed queries, whatever the size of the store."""
    templates = {one.template.id: one.template for one in links if one.template}
    candidates = _candidates(session, templates, partner_id=partner_id)
    wanted = all_ids(links).union(*candidates.values())
    owners = sorted({partner_id, CRAWLER})
    keys = {
        (row.partner_id, row.id): row
        for some in _chunks(wanted)
        for row in session.scalars(_KEYS, {"ids": some, "owners": owners})
    }
    minhashes = {link_id: row.minhash for (_, link_id), row in keys.items() if row.minhash}
    minhashes |= {template.id: template.minhash for template in templates.values()}
    near = {
        template_id: {
            other
            for other in found
            if other in minhashes and estimated_likeness(minhashes[template_id], minhashes[other]) >= ALIKE
        }
        for template_id, found in candidates.items()
    }
    joined = {row.campaign_id for row in keys.values() if row.campaign_id and row.partner_id == partner_id}
    families = campaigns.load_families(session, joined)
    return Known(partner_id, keys, near, families, splits=campaigns.load_splits(session, families))


def look_up(session: Session, links: Links, *, partner_id: str, advert_id: str) -> Standing:
    """Say what an advert that is not stored shares with those that are."""
    known = load_known(session, [links], partner_id=partner_id)
    known.held = _held(session, [advert_id], partner_id=partner_id)
    return known.standing(links, advert_id=advert_id)


def join(session: Session, arrivals: Sequence[Arrival], *, partner_id: str, at: datetime) -> list[Standing]:
    """Join stored adverts to their campaigns and say what each shares, in order.

    Which adverts end up together does not depend on who comes first; joining one twice changes nothing.
    """
    arrivals = list(arrivals)
    if not any(arrival.links.ids for arrival in arrivals):
        return [Standing() for _ in arrivals]
    lock(session)
    with session.no_autoflush:  # rows are written once, with what they have become
        known = load_known(session, [arrival.links for arrival in arrivals], partner_id=partner_id)
        if any(owner == partner_id for owner, _ in known.keys):
            known.held = _held(session, [arrival.advert_id for arrival in arrivals], partner_id=partner_id)
        _record_links(session, arrivals, known)
        joiner = _Joiner(session, known, arrivals, at=at)
        for arrival in arrivals:
            joiner.join(arrival)
    session.flush()
    if known.fresh:
        insert_new(session, LinkKeyRow, [_values_of(row) for row in known.fresh])
    joiner.members.record()
    return [known.standing(arrival.links, advert_id=arrival.advert_id) for arrival in arrivals]


def load_links(session: Session, advert_keys: Sequence[str], *, partner_id: str) -> dict[str, Links]:
    """Give the links of stored adverts, by their keys; an advert without links is left out."""
    rows: dict[str, list[LinkKeyRow]] = defaultdict(list)
    for some in _chunks(advert_keys):
        query = (
            select(AdvertLinkRow.advert_key, LinkKeyRow)
            .join(LinkKeyRow, LinkKeyRow.id == AdvertLinkRow.link_id)
            .where(AdvertLinkRow.advert_key.in_(some), LinkKeyRow.partner_id == partner_id)
        )
        for key, row in session.execute(query):
            rows[key].append(row)
    return {key: _as_links(found) for key, found in rows.items()}


def recount_confirmed(session: Session, advert_keys: Sequence[str], *, partner_id: str) -> dict[str, Links]:
    """Count anew how many confirmed adverts carry each of these adverts' links; gives the links, by advert."""
    links = load_links(session, advert_keys, partner_id=partner_id)
    for some in _chunks(all_ids(links.values())):
        counted = _count_confirmed(session, some, partner_id=partner_id)
        bands: dict[tuple[int, int], dict[str, object]] = {}
        for row in session.scalars(
            select(LinkKeyRow).where(LinkKeyRow.id.in_(some), LinkKeyRow.partner_id == partner_id)
        ):
            row.n_confirmed = counted.get(row.id, 0)
            if row.minhash:
                bands |= _band_rows(Template.of(row.id, row.minhash), partner_id=partner_id)
        if bands:
            insert_new(session, TemplateBandRow, list(bands.values()))
    campaigns.recount_confirmed(session, advert_keys)
    session.flush()
    return links


def confirmed_among(session: Session, advert_keys: Collection[str]) -> set[str]:
    """Give those of these versions of adverts that a person's standing verdict confirms."""
    return {
        key
        for some in _chunks(advert_keys)
        for key in session.scalars(
            select(DecisionRow.advert_key).where(DecisionRow.advert_key.in_(some), campaigns.confirms())
        )
    }


def is_confirmed(session: Session, advert_key: str) -> bool:
    """Tell whether a person's standing verdict confirms this very version of an advert."""
    return campaigns.count_confirmed(session, [advert_key]) > 0


def sharers(
    session: Session, links: Collection[Links], *, partner_id: str | None
) -> dict[str, dict[str, str]]:
    """Give owner → advert key → advert id of what shares one of these links or a template like them.

    `partner_id` None asks over all owners: only for what the crawler's own adverts set off.
    """
    templates = {one.template.id: one.template for one in links if one.template}
    near = _near_anywhere(session, templates, partner_id=partner_id)
    near |= _near_in_campaigns(session, all_ids(links), templates)
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for some in _chunks({*all_ids(links), *near}):
        query = (
            select(AdvertRow.partner_id, AdvertRow.key, AdvertRow.advert_id)
            .join(AdvertLinkRow, AdvertLinkRow.advert_key == AdvertRow.key)
            .join(
                LinkKeyRow,
                (LinkKeyRow.id == AdvertLinkRow.link_id) & (LinkKeyRow.partner_id == AdvertRow.partner_id),
            )
            .where(
                AdvertLinkRow.link_id.in_(some),
                (LinkKeyRow.kind == TEMPLATE) | (LinkKeyRow.n_adverts <= MOST_SHARING),
            )
        )
        if partner_id is not None:
            query = query.where(AdvertRow.partner_id == partner_id)
        for owner, key, advert_id in session.execute(query):
            found[owner][key] = advert_id
    return found


class _Joiner:
    """Joins adverts one after the other, on what is known and what the ones before have changed."""

    def __init__(self, session: Session, known: Known, arrivals: Sequence[Arrival], *, at: datetime) -> None:
        self.session, self.known, self.at = session, known, at
        self.arrivals = {arrival.advert_key: arrival for arrival in arrivals}
        self.members = campaigns.Members(
            session, [arrival.advert_id for arrival in arrivals], partner_id=known.partner_id
        )

    def join(self, arrival: Arrival) -> None:
        known, links = self.known, arrival.links
        own = [row for link_id in links.ids if (row := known.own(link_id))]
        for row in own:
            self._count(row, arrival.advert_id)
        shared = known.shared(links, advert_id=arrival.advert_id)
        if not shared:
            return
        before = self._size(next((row.campaign_id for row in shared if row.campaign_id), None))
        campaign = self._campaign(shared, arrival)
        kinds = {contact.id: contact.kind for contact in links.contacts}
        via = ",".join(sorted({kinds.get(row.id, TEMPLATE) for row in shared}))
        self.members.add(campaign, arrival.advert_key, arrival.advert_id, via=via, at=self.at)
        for row in own:
            if row.campaign_id is None and not crowded(row):
                row.campaign_id = campaign.id
        self._tell(campaign, before=before)

    def _size(self, campaign_id: str | None) -> int:
        if campaign_id is None:
            return 0
        root = self.known.root(campaign_id)
        return sum(row.n_adverts for row in self.known.campaigns.values() if self.known.root(row.id) is root)

    def _tell(self, campaign: CampaignRow, *, before: int) -> None:
        """Tell the owner whenever a campaign has doubled: each single advert would be noise."""
        n_adverts = self._size(campaign.id)
        if self.known.partner_id != CRAWLER and n_adverts.bit_length() > before.bit_length():
            data = {"campaign": self.known.root(campaign.id).id, "adverts": n_adverts}
            outbox.announce(
                self.session,
                outbox.EventType.CAMPAIGN_GREW,
                partner_id=self.known.partner_id,
                data=data,
                at=self.at,
            )

    def _count(self, row: LinkKeyRow, advert_id: str) -> None:
        if (row.id, advert_id) in self.known.held:
            return
        self.known.held.add((row.id, advert_id))
        row.n_adverts += 1
        if crowded(row) and row.n_adverts == MOST_SHARING + 1:
            undone = campaigns.undo_merges_by(self.session, row.id, partner_id=row.partner_id, at=self.at)
            self.known.campaigns |= undone

    def _campaign(self, shared: Sequence[LinkKeyRow], arrival: Arrival) -> CampaignRow:
        """Find or make the advert's campaign; where it bridges several, they become one."""
        known = self.known
        joined = [row for row in shared if row.campaign_id]
        if joined:
            leaf = known.campaigns[str(joined[0].campaign_id)]
        else:
            leaf = campaigns.new_campaign(self.session, known.partner_id, at=self.at)
            known.campaigns[leaf.id] = leaf
        for row in joined[1:]:
            campaigns.merge(
                self.session,
                known.root(str(row.campaign_id)),
                known.root(leaf.id),
                family=known.campaigns,
                via=row.kind,
                link_id=row.id,
                by=arrival.advert_key,
                at=self.at,
            )
        for row in shared:
            if row.campaign_id is None:
                row.campaign_id = leaf.id
                self._gather(leaf, row, but=arrival.advert_key)
        return leaf

    def _gather(self, campaign: CampaignRow, row: LinkKeyRow, *, but: str) -> None:
        """Take in those who came before, when nobody knew yet that they had company, with all they carry."""
        counted = {advert_id for link_id, advert_id in self.known.held if link_id == row.id}
        # Those of the same call that are still to come join in their turn.
        late = self.members.arriving - counted
        asked = {"link": row.id, "owner": row.partner_id, "but": but}
        carriers = {
            key: who
            for key, who in self.session.execute(_CARRIERS, asked)
            if who not in late and not self.known.is_split(campaign.id, who)
        }
        for key, advert_id in carriers.items():
            self.members.add(campaign, key, advert_id, via=row.kind, at=self.at)
        campaign.n_confirmed += campaigns.count_confirmed(self.session, list(carriers))
        stored = self.session.scalars(_UNJOINED, {"keys": list(carriers), "owner": row.partner_id})
        arrived = [self.arrivals[key].links.ids for key in carriers if key in self.arrivals]
        fresh = (self.known.own(link_id) for ids in arrived for link_id in ids)
        for other in (*stored, *(own for own in fresh if own is not None)):
            if other.campaign_id is None and not crowded(other):
                other.campaign_id = campaign.id


def _record_links(session: Session, arrivals: Sequence[Arrival], known: Known) -> None:
    """Write down which advert carries what, and make the rows of link keys that are new."""
    carried: dict[tuple[str, int], dict[str, object]] = {}
    bands: dict[tuple[int, int], dict[str, object]] = {}
    for arrival in arrivals:
        for link_id in arrival.links.ids:
            carried[arrival.advert_key, link_id] = {"advert_key": arrival.advert_key, "link_id": link_id}
        for contact in arrival.links.contacts:
            if known.own(contact.id) is None:
                _new_key(known, contact.id, contact.kind)
        template = arrival.links.template
        if template is not None and known.own(template.id) is None:
            crowd = _close_ones(known, template)
            _new_key(known, template.id, TEMPLATE, minhash=template.minhash)
            if crowd < MOST_CLOSE:
                bands |= _band_rows(template, partner_id=known.partner_id)
    insert_new(session, AdvertLinkRow, list(carried.values()))
    if bands:
        insert_new(session, TemplateBandRow, list(bands.values()))


def _close_ones(known: Known, template: Template) -> int:
    """Count the owner's templates that are all but the same."""
    near = (known.own(link_id) for link_id in known.near.get(template.id, ()))
    return sum(
        estimated_likeness(template.minhash, row.minhash or b"") >= CLOSE for row in near if row is not None
    )


def _band_rows(template: Template, *, partner_id: str) -> dict[tuple[int, int], dict[str, object]]:
    return {
        (band, template.id): {"band_hash": band, "partner_id": partner_id, "link_id": template.id}
        for band in template.bands
    }


def _new_key(known: Known, link_id: int, kind: str, *, minhash: bytes | None = None) -> None:
    row = LinkKeyRow(
        id=link_id, partner_id=known.partner_id, kind=kind, n_adverts=0, n_confirmed=0, minhash=minhash
    )
    known.fresh.append(row)
    known.keys[known.partner_id, link_id] = row


def _values_of(row: LinkKeyRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in LinkKeyRow.__table__.columns.keys()}  # noqa: SIM118 - columns iterate as columns


def _held(session: Session, advert_ids: Sequence[str], *, partner_id: str) -> set[tuple[int, str]]:
    """Give (link, advert id) of earlier versions of these adverts."""
    return {
        (link_id, advert_id)
        for some in _chunks(set(advert_ids))
        for link_id, advert_id in session.execute(_HELD, {"owner": partner_id, "ids": some})
    }


def _candidates(
    session: Session, templates: Mapping[int, Template], *, partner_id: str | None
) -> dict[int, set[int]]:
    """Give template → templates it shares a band with, among these and those of the owner and the crawler."""
    by_band: dict[int, set[int]] = defaultdict(set)
    for template in templates.values():
        for band in template.bands:
            by_band[band].add(template.id)
    found: dict[int, set[int]] = {template_id: set() for template_id in templates}
    for alike in by_band.values():
        for template_id in alike:
            found[template_id] |= alike
    for some in _chunks(by_band):
        if partner_id is None:
            rows = session.execute(_BANDS, {"bands": some})
        else:
            owners = sorted({partner_id, CRAWLER})
            rows = session.execute(_OWN_BANDS, {"bands": some, "owners": owners})
        for band, link_id in rows:
            for template_id in by_band[band]:
                found[template_id].add(link_id)
    return {template_id: others - {template_id} for template_id, others in found.items()}


def _near_anywhere(
    session: Session, templates: Mapping[int, Template], *, partner_id: str | None
) -> set[int]:
    candidates = _candidates(session, templates, partner_id=partner_id)
    near: set[int] = set()
    for template_id, others in candidates.items():
        for some in _chunks(others):
            query = select(LinkKeyRow.id, LinkKeyRow.minhash).where(LinkKeyRow.id.in_(some)).distinct()
            near |= {
                link_id
                for link_id, minhash in session.execute(query)
                if estimated_likeness(templates[template_id].minhash, minhash or b"") >= ALIKE
            }
    return near


def _near_in_campaigns(
    session: Session, link_ids: Collection[int], templates: Mapping[int, Template]
) -> set[int]:
    """Give the templates of the same campaigns that are alike, those without bands of their own too."""
    if not templates:
        return set()
    own = aliased(LinkKeyRow)
    near: set[int] = set()
    for some in _chunks(link_ids):
        joined = select(own.campaign_id).where(own.id.in_(some), own.campaign_id.is_not(None))
        query = select(LinkKeyRow.id, LinkKeyRow.minhash).where(
            LinkKeyRow.campaign_id.in_(joined), LinkKeyRow.minhash.is_not(None)
        )
        near |= {
            link_id
            for link_id, other in session.execute(query)
            if link_id not in templates
            and any(estimated_likeness(one.minhash, other or b"") >= ALIKE for one in templates.values())
        }
    return near


def _count_confirmed(session: Session, link_ids: Sequence[int], *, partner_id: str) -> dict[int, int]:
    rows = session.execute(
        select(AdvertLinkRow.link_id, func.count(AdvertRow.advert_id.distinct()))
        .join(AdvertRow, AdvertRow.key == AdvertLinkRow.advert_key)
        .join(DecisionRow, DecisionRow.advert_key == AdvertLinkRow.advert_key)
        .where(AdvertLinkRow.link_id.in_(link_ids), AdvertRow.partner_id == partner_id, campaigns.confirms())
        .group_by(AdvertLinkRow.link_id)
    )
    return {link_id: n for link_id, n in rows}  # noqa: C416 - rows are no pairs to the type checker


def _as_links(rows: Sequence[LinkKeyRow]) -> Links:
    contacts = tuple(Contact(row.id, row.kind) for row in rows if row.kind != TEMPLATE)
    template = next((Template.of(row.id, row.minhash) for row in rows if row.minhash), None)
    return Links(contacts, template)


def _chunks(values: Iterable[Value]) -> Iterable[list[Value]]:
    """Cut values into lists that one statement takes."""
    ordered = list(values)
    for begin in range(0, len(ordered), _CHUNK):
        yield ordered[begin : begin + _CHUNK]

"""Every table and its constraints. Migrations bring a database here; a test compares the two.

One row of `adverts` is one version of an advert: the same id with other words is a new row,
the same id with the same words is the same row. Every advert belongs to one partner, and every
query about adverts names it; what our own crawler brought belongs to the partner `crawler`.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from service.store.columns import JsonText, UtcDateTime

CRAWLER = "crawler"
"""The partner that owns what our own crawler brought; every reviewer sees it."""

Id = String(40)
ShortText = String(200)


class Table(DeclarativeBase):
    """The base of all tables; names every constraint, so that migrations can address them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, str: Text, dict[str, Any]: JsonText}  # noqa: RUF012


class PartnerRow(Table):
    """A job board or other body that sends adverts; the owner of what it sent."""

    __tablename__ = "partners"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(ShortText, unique=True)
    review_threshold: Mapped[float | None]
    high_threshold: Mapped[float | None]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class PartnerKeyRow(Table):
    """A partner's key: only its keyed hash and its visible beginning are kept."""

    __tablename__ = "partner_keys"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    partner_id: Mapped[str] = mapped_column(ForeignKey("partners.id"), index=True)
    beginning: Mapped[str] = mapped_column(String(24))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str] = mapped_column(ShortText)
    is_test: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class UserRow(Table):
    """A person who may use the console; outside it only the pseudonym is seen."""

    __tablename__ = "users"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(ShortText, unique=True)
    pseudonym: Mapped[str] = mapped_column(ShortText, unique=True)
    role: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class LoginLinkRow(Table):
    """A link that signs one person in once."""

    __tablename__ = "login_links"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SessionRow(Table):
    """A signed-in browser; the cookie's value is known only by its hash."""

    __tablename__ = "sessions"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class AdvertRow(Table):
    """One version of one advert, as received."""

    __tablename__ = "adverts"
    __table_args__ = (
        UniqueConstraint("partner_id", "advert_id", "digest"),
        Index("ix_adverts_expires_at", "expires_at"),
    )
    key: Mapped[str] = mapped_column(Id, primary_key=True)
    partner_id: Mapped[str] = mapped_column(ForeignKey("partners.id"))
    advert_id: Mapped[str] = mapped_column(ShortText)
    digest: Mapped[str] = mapped_column(String(64))
    source: Mapped[str | None]
    url: Mapped[str | None]
    heading: Mapped[str | None]
    posted_on: Mapped[date | None]
    page_digest: Mapped[str | None]
    received_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    record: Mapped[dict[str, Any]]


class AdvertContactRow(Table):
    """A keyed hash of one way to answer an advert: links adverts without showing the contact."""

    __tablename__ = "advert_contacts"
    __table_args__ = (Index("ix_advert_contacts_contact_hash", "contact_hash", "advert_key"),)
    advert_key: Mapped[str] = mapped_column(ForeignKey("adverts.key", ondelete="CASCADE"), primary_key=True)
    contact_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))


class AdvertBandRow(Table):
    """One band of an advert's near-duplicate signature: equal bands are candidates for one template."""

    __tablename__ = "advert_bands"
    __table_args__ = (Index("ix_advert_bands_band_hash", "band_hash", "advert_key"),)
    advert_key: Mapped[str] = mapped_column(ForeignKey("adverts.key", ondelete="CASCADE"), primary_key=True)
    band: Mapped[int] = mapped_column(primary_key=True)
    band_hash: Mapped[int] = mapped_column(BigInteger)


class AssessmentRow(Table):
    """What one release said of one version of an advert."""

    __tablename__ = "assessments"
    __table_args__ = (
        UniqueConstraint("advert_key", "model_version", "catalogue_version"),
        Index("ix_assessments_partner_id_assessed_at", "partner_id", "assessed_at"),
        CheckConstraint("score >= 0 AND score <= 1", name="score"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    partner_id: Mapped[str] = mapped_column(ForeignKey("partners.id"))
    advert_key: Mapped[str] = mapped_column(ForeignKey("adverts.key", ondelete="CASCADE"))
    score: Mapped[float]
    band: Mapped[str] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(20))
    model_version: Mapped[str] = mapped_column(String(80))
    catalogue_version: Mapped[str] = mapped_column(String(80))
    assessed_at: Mapped[datetime]
    record: Mapped[dict[str, Any]]


class ReviewRow(Table):
    """An advert that a person should look at: one review per advert, whatever its versions."""

    __tablename__ = "reviews"
    __table_args__ = (
        UniqueConstraint("partner_id", "advert_id"),
        Index("ix_reviews_state_priority_id", "state", "priority", "id"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    partner_id: Mapped[str] = mapped_column(ForeignKey("partners.id"))
    advert_id: Mapped[str] = mapped_column(ShortText)
    advert_key: Mapped[str] = mapped_column(ForeignKey("adverts.key"), index=True)
    assessment_id: Mapped[str] = mapped_column(ForeignKey("assessments.id"))
    state: Mapped[str] = mapped_column(String(20))
    cause: Mapped[str] = mapped_column(String(40))
    signs: Mapped[str]
    priority: Mapped[float]
    band: Mapped[str] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(20))
    source: Mapped[str | None]
    claimed_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    claimed_until: Mapped[datetime | None]
    opened_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class DecisionRow(Table):
    """What one person said of one advert; undone or superseded ones stay on record."""

    __tablename__ = "decisions"
    __table_args__ = (Index("ix_decisions_decided_by_decided_at", "decided_by", "decided_at"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    review_id: Mapped[str] = mapped_column(ForeignKey("reviews.id"), index=True)
    advert_key: Mapped[str] = mapped_column(ForeignKey("adverts.key"), index=True)
    assessment_id: Mapped[str] = mapped_column(ForeignKey("assessments.id"))
    verdict: Mapped[str] = mapped_column(String(40))
    pattern: Mapped[str | None] = mapped_column(String(40))
    reason_code: Mapped[str | None] = mapped_column(String(40))
    note: Mapped[str | None]
    decided_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime]
    score: Mapped[float | None]
    model_version: Mapped[str | None] = mapped_column(String(80))
    supersedes: Mapped[str | None] = mapped_column(ForeignKey("decisions.id"))
    undone_at: Mapped[datetime | None]


class AuditEventRow(Table):
    """One act, chained to the one before it by its digest; rows are only ever added."""

    __tablename__ = "audit_events"
    __table_args__ = (Index("ix_audit_events_subject", "subject"),)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(ShortText)
    act: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(80))
    detail: Mapped[dict[str, Any]]
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))


class AuditHeadRow(Table):
    """Where the audit chain ends: one row, locked by whoever adds to the chain."""

    __tablename__ = "audit_head"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(64))


class CampaignRow(Table):
    """Adverts that one hand wrote, as last grouped."""

    __tablename__ = "campaigns"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    merged_into: Mapped[str | None] = mapped_column(ForeignKey("campaigns.id"))
    record: Mapped[dict[str, Any]]


class CampaignMemberRow(Table):
    """One advert's place in a campaign, and what put it there."""

    __tablename__ = "campaign_members"
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    advert_key: Mapped[str] = mapped_column(
        ForeignKey("adverts.key", ondelete="CASCADE"), primary_key=True, index=True
    )
    via: Mapped[str] = mapped_column(ShortText)
    joined_at: Mapped[datetime]


class LabelBatchRow(Table):
    """One export of labels to training data."""

    __tablename__ = "label_batches"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(ShortText, unique=True)
    sha256: Mapped[str] = mapped_column(String(64))
    n_labels: Mapped[int]
    exported_at: Mapped[datetime]


class ExportedDecisionRow(Table):
    """A decision that has become a label, and in which batch."""

    __tablename__ = "exported_decisions"
    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id"), primary_key=True)
    batch_id: Mapped[str] = mapped_column(ForeignKey("label_batches.id"), index=True)

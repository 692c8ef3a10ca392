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
    text,
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
    mode: Mapped[str] = mapped_column(String(20), server_default="advise")


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
    kept: Mapped[str] = mapped_column(String(20), server_default="full")


class LinkKeyRow(Table):
    """One thing by which adverts of one owner are recognised as one hand's: a contact, a link, a template.

    `id` is a keyed hash: it links adverts and shows nothing. The same contact has the same id for every
    owner, and a row for each owner that has met it; nobody is told of another's row.
    """

    __tablename__ = "link_keys"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    partner_id: Mapped[str] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    campaign_id: Mapped[str | None] = mapped_column(ForeignKey("campaigns.id"), index=True)
    n_adverts: Mapped[int]
    n_confirmed: Mapped[int]
    minhash: Mapped[bytes | None]


class AdvertLinkRow(Table):
    """One version of an advert carries this link key."""

    __tablename__ = "advert_links"
    __table_args__ = (Index("ix_advert_links_link_id_advert_key", "link_id", "advert_key"),)
    advert_key: Mapped[str] = mapped_column(ForeignKey("adverts.key", ondelete="CASCADE"), primary_key=True)
    link_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class TemplateBandRow(Table):
    """One band of a template's near-duplicate signature: equal bands are candidates for one template."""

    __tablename__ = "template_bands"
    band_hash: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    partner_id: Mapped[str] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    link_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


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
    lifted_from: Mapped[str | None] = mapped_column(String(40))


class ShadowScoreRow(Table):
    """What a candidate says of an assessed advert, for comparing the two; numbers only, and nobody acts on them."""

    __tablename__ = "shadow_scores"
    __table_args__ = (CheckConstraint("score >= 0 AND score <= 1", name="score"),)
    assessment_id: Mapped[str] = mapped_column(
        ForeignKey("assessments.id", ondelete="CASCADE"), primary_key=True
    )
    model_version: Mapped[str] = mapped_column(String(80), primary_key=True, index=True)
    score: Mapped[float]
    band: Mapped[str] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(20))
    scored_at: Mapped[datetime]


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
    assessment_id: Mapped[str] = mapped_column(ForeignKey("assessments.id"), index=True)
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
    assessment_id: Mapped[str] = mapped_column(ForeignKey("assessments.id"), index=True)
    verdict: Mapped[str] = mapped_column(String(40))
    pattern: Mapped[str | None] = mapped_column(String(40))
    reason_code: Mapped[str | None] = mapped_column(String(40))
    note: Mapped[str | None]
    decided_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime]
    score: Mapped[float | None]
    model_version: Mapped[str | None] = mapped_column(String(80))
    supersedes: Mapped[str | None] = mapped_column(ForeignKey("decisions.id"), index=True)
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
    """Adverts of one owner that one hand wrote. A merged one points to the campaign it became part of."""

    __tablename__ = "campaigns"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    partner_id: Mapped[str] = mapped_column(ForeignKey("partners.id"), index=True)
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    merged_into: Mapped[str | None] = mapped_column(ForeignKey("campaigns.id"), index=True)
    n_adverts: Mapped[int]
    n_confirmed: Mapped[int]


class CampaignMemberRow(Table):
    """One advert's place in a campaign, and what put it there."""

    __tablename__ = "campaign_members"
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaigns.id"), primary_key=True)
    advert_key: Mapped[str] = mapped_column(
        ForeignKey("adverts.key", ondelete="CASCADE"), primary_key=True, index=True
    )
    via: Mapped[str] = mapped_column(ShortText)
    joined_at: Mapped[datetime]


class CampaignMergeRow(Table):
    """Two campaigns became one, and why; an undone merge stays on record and is not made again."""

    __tablename__ = "campaign_merges"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaigns.id"), index=True)
    into_id: Mapped[str] = mapped_column(ForeignKey("campaigns.id"), index=True)
    link_id: Mapped[int | None] = mapped_column(BigInteger)
    via: Mapped[str] = mapped_column(String(40))
    merged_at: Mapped[datetime]
    merged_by: Mapped[str] = mapped_column(ShortText)
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None] = mapped_column(ShortText)


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


class FeedbackRow(Table):
    """What a partner said of an advert: told once, whatever it is sent twice."""

    __tablename__ = "feedback"
    __table_args__ = (
        UniqueConstraint("partner_id", "digest"),
        Index("ix_feedback_partner_id_received_at", "partner_id", "received_at"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    partner_id: Mapped[str] = mapped_column(ForeignKey("partners.id"))
    reporter: Mapped[str] = mapped_column(ShortText)
    advert_key: Mapped[str] = mapped_column(ForeignKey("adverts.key", ondelete="CASCADE"), index=True)
    review_id: Mapped[str | None] = mapped_column(ForeignKey("reviews.id", ondelete="SET NULL"), index=True)
    verdict: Mapped[str] = mapped_column(String(40))
    pattern: Mapped[str | None] = mapped_column(String(40))
    reason_code: Mapped[str | None] = mapped_column(String(40))
    source: Mapped[str] = mapped_column(String(40))
    note: Mapped[str | None]
    state: Mapped[str] = mapped_column(String(20))
    digest: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime]


class AppealRow(Table):
    """An employer's objection to how its advert was judged."""

    __tablename__ = "appeals"
    __table_args__ = (
        UniqueConstraint("partner_id", "digest"),
        Index("ix_appeals_partner_id_received_at", "partner_id", "received_at"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    partner_id: Mapped[str] = mapped_column(ForeignKey("partners.id"))
    advert_key: Mapped[str] = mapped_column(ForeignKey("adverts.key", ondelete="CASCADE"), index=True)
    review_id: Mapped[str | None] = mapped_column(ForeignKey("reviews.id", ondelete="SET NULL"), index=True)
    employer: Mapped[str | None] = mapped_column(ShortText)
    statement: Mapped[str]
    digest: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(20))


class AllowedEmployerRow(Table):
    """An employer whose adverts a partner has checked itself, until a day that it named."""

    __tablename__ = "allowed_employers"
    partner_id: Mapped[str] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    employer: Mapped[str] = mapped_column(ShortText, primary_key=True)
    note: Mapped[str | None]
    added_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class KeptAnswerRow(Table):
    """The answer to a request that carried an `Idempotency-Key`; without a status it is in flight."""

    __tablename__ = "kept_answers"
    __table_args__ = (Index("ix_kept_answers_expires_at", "expires_at"),)
    partner_id: Mapped[str] = mapped_column(ForeignKey("partners.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any]]
    sealed_body: Mapped[str | None]
    created_at: Mapped[datetime]
    held_until: Mapped[datetime]
    expires_at: Mapped[datetime]


class JobRow(Table):
    """Adverts that a partner sent as one file, and how far they have been scored."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_partner_id_id", "partner_id", "id"),
        Index("ix_jobs_state_id", "state", "id"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    partner_id: Mapped[str] = mapped_column(ForeignKey("partners.id"))
    state: Mapped[str] = mapped_column(String(20))
    fault: Mapped[str | None] = mapped_column(ShortText)
    options: Mapped[dict[str, Any]]
    input_sha256: Mapped[str] = mapped_column(String(64))
    input_bytes: Mapped[int] = mapped_column(BigInteger)
    read_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    output_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    error_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    n_lines: Mapped[int] = mapped_column(default=0)
    n_scored: Mapped[int] = mapped_column(default=0)
    n_refused: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]


class WebhookEndpointRow(Table):
    """Where a partner wants to be told; its secret is derived from its id, never stored."""

    __tablename__ = "webhook_endpoints"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    partner_id: Mapped[str] = mapped_column(ForeignKey("partners.id"), index=True)
    url: Mapped[str]
    events: Mapped[str]
    secret_version: Mapped[int] = mapped_column(default=1)
    previous_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    disabled_because: Mapped[str | None] = mapped_column(ShortText)


class WebhookMessageRow(Table):
    """One thing that happened, in the words every endpoint and every attempt is given."""

    __tablename__ = "webhook_messages"
    __table_args__ = (Index("ix_webhook_messages_expires_at", "expires_at"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    partner_id: Mapped[str] = mapped_column(ForeignKey("partners.id"))
    type: Mapped[str] = mapped_column(String(60))
    payload: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class WebhookDeliveryRow(Table):
    """One message on its way to one endpoint."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("message_id", "endpoint_id"),
        Index("ix_webhook_deliveries_state_next_at", "state", "next_at"),
        Index("ix_webhook_deliveries_endpoint_id_id", "endpoint_id", "id"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    message_id: Mapped[str] = mapped_column(ForeignKey("webhook_messages.id", ondelete="CASCADE"))
    endpoint_id: Mapped[str] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(20))
    n_attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]


class WebhookAttemptRow(Table):
    """One try at delivering a message, and how it ended."""

    __tablename__ = "webhook_attempts"
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    delivery_id: Mapped[str] = mapped_column(
        ForeignKey("webhook_deliveries.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime]
    status: Mapped[int | None]
    fault: Mapped[str | None] = mapped_column(ShortText)
    ms: Mapped[int]


class SearchDocumentRow(Table):
    """The folded words of the advert a review is about; full-text search reads nothing else."""

    __tablename__ = "search_documents"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    review_id: Mapped[str] = mapped_column(ForeignKey("reviews.id", ondelete="CASCADE"), unique=True)
    words: Mapped[str]
    """Title, text, employer and places, folded, with every contact taken out."""
    contacts: Mapped[str]
    """Contacts only, folded; searched by people who may see contacts."""


class ReviewTagRow(Table):
    """A place or an indicator of the advert a review is about: what the queue can be filtered by."""

    __tablename__ = "review_tags"
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    value: Mapped[str] = mapped_column(ShortText, primary_key=True)
    review_id: Mapped[str] = mapped_column(
        ForeignKey("reviews.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class QueuePlaceRow(Table):
    """What a review's place in the queue was reckoned from, so that the console can say it in words."""

    __tablename__ = "queue_places"
    review_id: Mapped[str] = mapped_column(ForeignKey("reviews.id", ondelete="CASCADE"), primary_key=True)
    risk: Mapped[float]
    n_linked: Mapped[int]
    n_confirmed: Mapped[int]


class DailySetRow(Table):
    """The adverts that people were asked about on one day because their answers teach most; chosen once."""

    __tablename__ = "daily_sets"
    day: Mapped[date] = mapped_column(primary_key=True)
    chosen_at: Mapped[datetime]
    n_considered: Mapped[int]


class DailyQuestionRow(Table):
    """One advert of a daily set, and why it is there; no advert is in two."""

    __tablename__ = "daily_questions"
    review_id: Mapped[str] = mapped_column(ForeignKey("reviews.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(ForeignKey("daily_sets.day"), index=True)
    aim: Mapped[str] = mapped_column(String(20))
    about: Mapped[str] = mapped_column(ShortText)
    """The language, or the sign's code, that few labelled adverts have."""
    why: Mapped[str]
    """The same in words, with the numbers of that day."""


class SavedViewRow(Table):
    """A name one person gave to a filtered queue."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("user_id", "name"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(ShortText)
    query: Mapped[str]
    created_at: Mapped[datetime]


class CampaignDecisionRow(Table):
    """One verdict given to many adverts of a campaign at once; taken back as one."""

    __tablename__ = "campaign_decisions"
    __table_args__ = (Index("ix_campaign_decisions_decided_by_decided_at", "decided_by", "decided_at"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaigns.id"), index=True)
    decided_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime]
    n_decided: Mapped[int]
    undone_at: Mapped[datetime | None]


class CampaignDecisionItemRow(Table):
    """One of the decisions that a verdict on a campaign amounts to."""

    __tablename__ = "campaign_decision_items"
    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id", ondelete="CASCADE"), primary_key=True)
    campaign_decision_id: Mapped[str] = mapped_column(ForeignKey("campaign_decisions.id"), index=True)


class CredentialRow(Table):
    """How one person signs in without a link: a password's hash, and a second factor."""

    __tablename__ = "credentials"
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    password_hash: Mapped[str]
    sealed_totp: Mapped[str | None]
    """The second factor's secret, encrypted under the deployment's secret."""
    totp_confirmed_at: Mapped[datetime | None]
    last_totp_step: Mapped[int] = mapped_column(BigInteger, default=0)
    """The time step of the last code that was taken; a code works once."""
    changed_at: Mapped[datetime]


class SecondLookRow(Table):
    """A blind second verdict on a decided advert; a third settles a disagreement."""

    __tablename__ = "second_looks"
    __table_args__ = (UniqueConstraint("decision_id", "turn"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    decision_id: Mapped[str] = mapped_column(ForeignKey("decisions.id", ondelete="CASCADE"))
    turn: Mapped[int]
    """2 for the blind second look, 3 for the one that settles."""
    verdict: Mapped[str] = mapped_column(String(40))
    pattern: Mapped[str | None] = mapped_column(String(40))
    given_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    given_at: Mapped[datetime]


class WatchRow(Table):
    """Something one person wants to hear of: a contact, a campaign, or a search."""

    __tablename__ = "watches"
    __table_args__ = (
        UniqueConstraint("user_id", "kind", "target"),
        Index("ix_watches_kind_target", "kind", "target"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str] = mapped_column(String(20))
    target: Mapped[str] = mapped_column(String(2000))
    """A link key, a campaign, or the filters of a search as they stand in an address; never a contact."""
    name: Mapped[str] = mapped_column(ShortText)
    created_at: Mapped[datetime]


class AlertRow(Table):
    """A version of an advert that a watch was waiting for."""

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("watch_id", "advert_key"),
        Index("ix_alerts_user_id_seen_at", "user_id", "seen_at"),
    )
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    watch_id: Mapped[str] = mapped_column(ForeignKey("watches.id", ondelete="CASCADE"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    advert_key: Mapped[str] = mapped_column(ForeignKey("adverts.key", ondelete="CASCADE"), index=True)
    raised_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]


class CampaignSplitRow(Table):
    """An advert that a person took out of a campaign; until that is undone, nothing puts it back."""

    __tablename__ = "campaign_splits"
    __table_args__ = (Index("ix_campaign_splits_partner_id_advert_id", "partner_id", "advert_id"),)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[str] = mapped_column(ForeignKey("campaigns.id"), index=True)
    partner_id: Mapped[str] = mapped_column(ForeignKey("partners.id"))
    advert_id: Mapped[str] = mapped_column(ShortText)
    via: Mapped[str] = mapped_column(ShortText)
    """What had put it there."""
    split_at: Mapped[datetime]
    split_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))


_UNDECIDED = text("state <> 'decided'")
for _column in ("band", "language", "source"):
    Index(
        f"ix_reviews_undecided_{_column}",
        getattr(ReviewRow, _column),
        ReviewRow.priority,
        ReviewRow.id,
        sqlite_where=_UNDECIDED,
        postgresql_where=_UNDECIDED,
    )
Index(
    "ix_reviews_undecided",
    ReviewRow.priority,
    ReviewRow.id,
    sqlite_where=_UNDECIDED,
    postgresql_where=_UNDECIDED,
)
Index(
    "ix_reviews_claimed_by",
    ReviewRow.claimed_by,
    sqlite_where=text("claimed_by IS NOT NULL"),
    postgresql_where=text("claimed_by IS NOT NULL"),
)

"""The first tables, the partner that owns our own crawler's adverts, and the start of the audit chain."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "2026_11_21_foundation"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_events",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("act", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_events"),
    )
    op.create_index("ix_audit_events_subject", "audit_events", ["subject"], unique=False)
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.create_table(
        "campaigns",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(), nullable=False),
        sa.Column("merged_into", sa.String(length=40), nullable=True),
        sa.Column("record", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["merged_into"], ["campaigns.id"], name="fk_campaigns_merged_into"),
        sa.PrimaryKeyConstraint("id", name="pk_campaigns"),
    )
    op.create_table(
        "label_batches",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("n_labels", sa.Integer(), nullable=False),
        sa.Column("exported_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_label_batches"),
        sa.UniqueConstraint("name", name="uq_label_batches_name"),
    )
    op.create_table(
        "partners",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("review_threshold", sa.Double(), nullable=True),
        sa.Column("high_threshold", sa.Double(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_partners"),
        sa.UniqueConstraint("name", name="uq_partners_name"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("pseudonym", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("name", name="uq_users_name"),
        sa.UniqueConstraint("pseudonym", name="uq_users_pseudonym"),
    )
    op.create_table(
        "adverts",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("advert_id", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("heading", sa.Text(), nullable=True),
        sa.Column("posted_on", sa.Date(), nullable=True),
        sa.Column("page_digest", sa.Text(), nullable=True),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_adverts_partner_id"),
        sa.PrimaryKeyConstraint("key", name="pk_adverts"),
        sa.UniqueConstraint(
            "partner_id", "advert_id", "digest", name="uq_adverts_partner_id_advert_id_digest"
        ),
    )
    op.create_index("ix_adverts_expires_at", "adverts", ["expires_at"], unique=False)
    op.create_table(
        "login_links",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_login_links_user_id"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_login_links"),
    )
    op.create_index("ix_login_links_user_id", "login_links", ["user_id"], unique=False)
    op.create_table(
        "partner_keys",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("beginning", sa.String(length=24), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.String(length=200), nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_partner_keys_partner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_partner_keys"),
        sa.UniqueConstraint("key_hash", name="uq_partner_keys_key_hash"),
    )
    op.create_index("ix_partner_keys_partner_id", "partner_keys", ["partner_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sessions"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"], unique=False)
    op.create_table(
        "advert_bands",
        sa.Column("advert_key", sa.String(length=40), nullable=False),
        sa.Column("band", sa.Integer(), nullable=False),
        sa.Column("band_hash", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["advert_key"], ["adverts.key"], name="fk_advert_bands_advert_key", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("advert_key", "band", name="pk_advert_bands"),
    )
    op.create_index("ix_advert_bands_band_hash", "advert_bands", ["band_hash", "advert_key"], unique=False)
    op.create_table(
        "advert_contacts",
        sa.Column("advert_key", sa.String(length=40), nullable=False),
        sa.Column("contact_hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["advert_key"], ["adverts.key"], name="fk_advert_contacts_advert_key", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("advert_key", "contact_hash", name="pk_advert_contacts"),
    )
    op.create_index(
        "ix_advert_contacts_contact_hash", "advert_contacts", ["contact_hash", "advert_key"], unique=False
    )
    op.create_table(
        "assessments",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("advert_key", sa.String(length=40), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("band", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(length=20), nullable=False),
        sa.Column("model_version", sa.String(length=80), nullable=False),
        sa.Column("catalogue_version", sa.String(length=80), nullable=False),
        sa.Column("assessed_at", sa.DateTime(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.CheckConstraint("score >= 0 AND score <= 1", name="ck_assessments_score"),
        sa.ForeignKeyConstraint(
            ["advert_key"], ["adverts.key"], name="fk_assessments_advert_key", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_assessments_partner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_assessments"),
        sa.UniqueConstraint(
            "advert_key",
            "model_version",
            "catalogue_version",
            name="uq_assessments_advert_key_model_version_catalogue_version",
        ),
    )
    op.create_index(
        "ix_assessments_partner_id_assessed_at", "assessments", ["partner_id", "assessed_at"], unique=False
    )
    op.create_table(
        "campaign_members",
        sa.Column("campaign_id", sa.String(length=40), nullable=False),
        sa.Column("advert_key", sa.String(length=40), nullable=False),
        sa.Column("via", sa.String(length=200), nullable=False),
        sa.Column("joined_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["advert_key"], ["adverts.key"], name="fk_campaign_members_advert_key", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name="fk_campaign_members_campaign_id"),
        sa.PrimaryKeyConstraint("campaign_id", "advert_key", name="pk_campaign_members"),
    )
    op.create_index("ix_campaign_members_advert_key", "campaign_members", ["advert_key"], unique=False)
    op.create_table(
        "reviews",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("advert_id", sa.String(length=200), nullable=False),
        sa.Column("advert_key", sa.String(length=40), nullable=False),
        sa.Column("assessment_id", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("signs", sa.Text(), nullable=False),
        sa.Column("priority", sa.Double(), nullable=False),
        sa.Column("band", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(length=20), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("claimed_by", sa.String(length=40), nullable=True),
        sa.Column("claimed_until", sa.DateTime(), nullable=True),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["advert_key"], ["adverts.key"], name="fk_reviews_advert_key"),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessments.id"], name="fk_reviews_assessment_id"),
        sa.ForeignKeyConstraint(["claimed_by"], ["users.id"], name="fk_reviews_claimed_by"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_reviews_partner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_reviews"),
        sa.UniqueConstraint("partner_id", "advert_id", name="uq_reviews_partner_id_advert_id"),
    )
    op.create_index("ix_reviews_advert_key", "reviews", ["advert_key"], unique=False)
    op.create_index("ix_reviews_state_priority_id", "reviews", ["state", "priority", "id"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("review_id", sa.String(length=40), nullable=False),
        sa.Column("advert_key", sa.String(length=40), nullable=False),
        sa.Column("assessment_id", sa.String(length=40), nullable=False),
        sa.Column("verdict", sa.String(length=40), nullable=False),
        sa.Column("pattern", sa.String(length=40), nullable=True),
        sa.Column("reason_code", sa.String(length=40), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.String(length=40), nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("model_version", sa.String(length=80), nullable=True),
        sa.Column("supersedes", sa.String(length=40), nullable=True),
        sa.Column("undone_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["advert_key"], ["adverts.key"], name="fk_decisions_advert_key"),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessments.id"], name="fk_decisions_assessment_id"),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name="fk_decisions_decided_by"),
        sa.ForeignKeyConstraint(["review_id"], ["reviews.id"], name="fk_decisions_review_id"),
        sa.ForeignKeyConstraint(["supersedes"], ["decisions.id"], name="fk_decisions_supersedes"),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
    )
    op.create_index("ix_decisions_advert_key", "decisions", ["advert_key"], unique=False)
    op.create_index(
        "ix_decisions_decided_by_decided_at", "decisions", ["decided_by", "decided_at"], unique=False
    )
    op.create_index("ix_decisions_review_id", "decisions", ["review_id"], unique=False)
    op.create_table(
        "exported_decisions",
        sa.Column("decision_id", sa.String(length=40), nullable=False),
        sa.Column("batch_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["label_batches.id"], name="fk_exported_decisions_batch_id"),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"], name="fk_exported_decisions_decision_id"),
        sa.PrimaryKeyConstraint("decision_id", name="pk_exported_decisions"),
    )
    op.create_index("ix_exported_decisions_batch_id", "exported_decisions", ["batch_id"], unique=False)
    partners = sa.table(
        "partners", sa.column("id"), sa.column("name"), sa.column("created_at", sa.DateTime())
    )
    begun = datetime(2026, 11, 21)  # noqa: DTZ001 - stored as UTC without zone
    op.bulk_insert(partners, [{"id": "crawler", "name": "Lurewatch crawler", "created_at": begun}])
    head = sa.table("audit_head", sa.column("id"), sa.column("seq"), sa.column("digest"))
    op.bulk_insert(head, [{"id": 1, "seq": 0, "digest": "0" * 64}])


def downgrade() -> None:
    op.drop_index("ix_exported_decisions_batch_id", table_name="exported_decisions")
    op.drop_table("exported_decisions")
    op.drop_index("ix_decisions_review_id", table_name="decisions")
    op.drop_index("ix_decisions_decided_by_decided_at", table_name="decisions")
    op.drop_index("ix_decisions_advert_key", table_name="decisions")
    op.drop_table("decisions")
    op.drop_index("ix_reviews_state_priority_id", table_name="reviews")
    op.drop_index("ix_reviews_advert_key", table_name="reviews")
    op.drop_table("reviews")
    op.drop_index("ix_campaign_members_advert_key", table_name="campaign_members")
    op.drop_table("campaign_members")
    op.drop_index("ix_assessments_partner_id_assessed_at", table_name="assessments")
    op.drop_table("assessments")
    op.drop_index("ix_advert_contacts_contact_hash", table_name="advert_contacts")
    op.drop_table("advert_contacts")
    op.drop_index("ix_advert_bands_band_hash", table_name="advert_bands")
    op.drop_table("advert_bands")
    op.drop_index("ix_sessions_user_id", table_name="sessions")
    op.drop_table("sessions")
    op.drop_index("ix_partner_keys_partner_id", table_name="partner_keys")
    op.drop_table("partner_keys")
    op.drop_index("ix_login_links_user_id", table_name="login_links")
    op.drop_table("login_links")
    op.drop_index("ix_adverts_expires_at", table_name="adverts")
    op.drop_table("adverts")
    op.drop_table("users")
    op.drop_table("partners")
    op.drop_table("label_batches")
    op.drop_table("campaigns")
    op.drop_table("audit_head")
    op.drop_index("ix_audit_events_subject", table_name="audit_events")
    op.drop_table("audit_events")

"""What links adverts of one recruiter, and what partners say back."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_21_network"
down_revision = "2026_11_21_foundation"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Four tables that no version ever wrote to; two come back with an owner and counts.
    for name in ("advert_contacts", "advert_bands", "campaign_members", "campaigns"):
        op.drop_table(name)
    op.create_table(
        "campaigns",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(), nullable=False),
        sa.Column("merged_into", sa.String(length=40), nullable=True),
        sa.Column("n_adverts", sa.Integer(), nullable=False),
        sa.Column("n_confirmed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_campaigns_partner_id"),
        sa.ForeignKeyConstraint(["merged_into"], ["campaigns.id"], name="fk_campaigns_merged_into"),
        sa.PrimaryKeyConstraint("id", name="pk_campaigns"),
    )
    op.create_index("ix_campaigns_partner_id", "campaigns", ["partner_id"])
    op.create_index("ix_campaigns_merged_into", "campaigns", ["merged_into"])
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
    op.create_index("ix_campaign_members_advert_key", "campaign_members", ["advert_key"])
    op.create_table(
        "campaign_merges",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("campaign_id", sa.String(length=40), nullable=False),
        sa.Column("into_id", sa.String(length=40), nullable=False),
        sa.Column("link_id", sa.BigInteger(), nullable=True),
        sa.Column("via", sa.String(length=40), nullable=False),
        sa.Column("merged_at", sa.DateTime(), nullable=False),
        sa.Column("merged_by", sa.String(length=200), nullable=False),
        sa.Column("undone_at", sa.DateTime(), nullable=True),
        sa.Column("undone_by", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name="fk_campaign_merges_campaign_id"),
        sa.ForeignKeyConstraint(["into_id"], ["campaigns.id"], name="fk_campaign_merges_into_id"),
        sa.PrimaryKeyConstraint("id", name="pk_campaign_merges"),
    )
    op.create_index("ix_campaign_merges_campaign_id", "campaign_merges", ["campaign_id"])
    op.create_index("ix_campaign_merges_into_id", "campaign_merges", ["into_id"])
    op.create_table(
        "link_keys",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("campaign_id", sa.String(length=40), nullable=True),
        sa.Column("n_adverts", sa.Integer(), nullable=False),
        sa.Column("n_confirmed", sa.Integer(), nullable=False),
        sa.Column("minhash", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_link_keys_partner_id"),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name="fk_link_keys_campaign_id"),
        sa.PrimaryKeyConstraint("id", "partner_id", name="pk_link_keys"),
    )
    op.create_index("ix_link_keys_campaign_id", "link_keys", ["campaign_id"])
    op.create_table(
        "advert_links",
        sa.Column("advert_key", sa.String(length=40), nullable=False),
        sa.Column("link_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["advert_key"], ["adverts.key"], name="fk_advert_links_advert_key", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("advert_key", "link_id", name="pk_advert_links"),
    )
    op.create_index("ix_advert_links_link_id_advert_key", "advert_links", ["link_id", "advert_key"])
    op.create_table(
        "template_bands",
        sa.Column("band_hash", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("link_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_template_bands_partner_id"),
        sa.PrimaryKeyConstraint("band_hash", "partner_id", "link_id", name="pk_template_bands"),
    )
    op.add_column("adverts", sa.Column("kept", sa.String(length=20), server_default="full", nullable=False))
    op.add_column("assessments", sa.Column("lifted_from", sa.String(length=40), nullable=True))
    op.add_column(
        "partner_keys", sa.Column("mode", sa.String(length=20), server_default="advise", nullable=False)
    )
    op.create_table(
        "feedback",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("reporter", sa.String(length=200), nullable=False),
        sa.Column("advert_key", sa.String(length=40), nullable=False),
        sa.Column("review_id", sa.String(length=40), nullable=True),
        sa.Column("verdict", sa.String(length=40), nullable=False),
        sa.Column("pattern", sa.String(length=40), nullable=True),
        sa.Column("reason_code", sa.String(length=40), nullable=True),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_feedback_partner_id"),
        sa.ForeignKeyConstraint(
            ["advert_key"], ["adverts.key"], name="fk_feedback_advert_key", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name="fk_feedback_review_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        sa.UniqueConstraint("partner_id", "digest", name="uq_feedback_partner_id_digest"),
    )
    op.create_index("ix_feedback_partner_id_received_at", "feedback", ["partner_id", "received_at"])
    op.create_index("ix_feedback_advert_key", "feedback", ["advert_key"])
    op.create_index("ix_feedback_review_id", "feedback", ["review_id"])
    op.create_table(
        "appeals",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("advert_key", sa.String(length=40), nullable=False),
        sa.Column("review_id", sa.String(length=40), nullable=True),
        sa.Column("employer", sa.String(length=200), nullable=True),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_appeals_partner_id"),
        sa.ForeignKeyConstraint(
            ["advert_key"], ["adverts.key"], name="fk_appeals_advert_key", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name="fk_appeals_review_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_appeals"),
        sa.UniqueConstraint("partner_id", "digest", name="uq_appeals_partner_id_digest"),
    )
    op.create_index("ix_appeals_partner_id_received_at", "appeals", ["partner_id", "received_at"])
    op.create_index("ix_appeals_advert_key", "appeals", ["advert_key"])
    op.create_index("ix_appeals_review_id", "appeals", ["review_id"])
    op.create_table(
        "allowed_employers",
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("employer", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("added_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_allowed_employers_partner_id"),
        sa.PrimaryKeyConstraint("partner_id", "employer", name="pk_allowed_employers"),
    )

"""Watches with their alerts, and adverts that a person took out of a campaign."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_22_watching"
down_revision = "2026_11_21_investigation"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "watches",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("target", sa.String(length=2000), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_watches_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_watches"),
        sa.UniqueConstraint("user_id", "kind", "target", name="uq_watches_user_id_kind_target"),
    )
    op.create_index("ix_watches_kind_target", "watches", ["kind", "target"])
    op.create_table(
        "alerts",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("watch_id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("advert_key", sa.String(length=40), nullable=False),
        sa.Column("raised_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["watch_id"], ["watches.id"], name="fk_alerts_watch_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_alerts_user_id"),
        sa.ForeignKeyConstraint(
            ["advert_key"], ["adverts.key"], name="fk_alerts_advert_key", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.UniqueConstraint("watch_id", "advert_key", name="uq_alerts_watch_id_advert_key"),
    )
    op.create_index("ix_alerts_user_id_seen_at", "alerts", ["user_id", "seen_at"])
    op.create_index("ix_alerts_advert_key", "alerts", ["advert_key"])
    op.create_table(
        "campaign_splits",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("campaign_id", sa.String(length=40), nullable=False),
        sa.Column("partner_id", sa.String(length=40), nullable=False),
        sa.Column("advert_id", sa.String(length=200), nullable=False),
        sa.Column("via", sa.String(length=200), nullable=False),
        sa.Column("split_at", sa.DateTime(), nullable=False),
        sa.Column("split_by", sa.String(length=40), nullable=False),
        sa.Column("undone_at", sa.DateTime(), nullable=True),
        sa.Column("undone_by", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name="fk_campaign_splits_campaign_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_campaign_splits_partner_id"),
        sa.ForeignKeyConstraint(["split_by"], ["users.id"], name="fk_campaign_splits_split_by"),
        sa.ForeignKeyConstraint(["undone_by"], ["users.id"], name="fk_campaign_splits_undone_by"),
        sa.PrimaryKeyConstraint("id", name="pk_campaign_splits"),
    )
    op.create_index("ix_campaign_splits_campaign_id", "campaign_splits", ["campaign_id"])
    op.create_index("ix_campaign_splits_partner_id_advert_id", "campaign_splits", ["partner_id", "advert_id"])

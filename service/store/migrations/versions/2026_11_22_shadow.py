"""What a candidate says beside the release that answered."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_22_shadow"
down_revision = "2026_11_22_daily_set"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shadow_scores",
        sa.Column("assessment_id", sa.String(length=40), nullable=False),
        sa.Column("model_version", sa.String(length=80), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("band", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(length=20), nullable=False),
        sa.Column("scored_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("score >= 0 AND score <= 1", name="ck_shadow_scores_score"),
        sa.ForeignKeyConstraint(
            ["assessment_id"],
            ["assessments.id"],
            name="fk_shadow_scores_assessment_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("assessment_id", "model_version", name="pk_shadow_scores"),
    )
    op.create_index("ix_shadow_scores_model_version", "shadow_scores", ["model_version"])


def downgrade() -> None:
    op.drop_table("shadow_scores")

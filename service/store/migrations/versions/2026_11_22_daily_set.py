"""The daily set: adverts that people are asked about because their answers teach most."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_22_daily_set"
down_revision = "2026_11_22_watching"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "daily_sets",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("chosen_at", sa.DateTime(), nullable=False),
        sa.Column("n_considered", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_daily_sets"),
    )
    op.create_table(
        "daily_questions",
        sa.Column("review_id", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("aim", sa.String(length=20), nullable=False),
        sa.Column("about", sa.String(length=200), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name="fk_daily_questions_review_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["day"], ["daily_sets.day"], name="fk_daily_questions_day"),
        sa.PrimaryKeyConstraint("review_id", name="pk_daily_questions"),
    )
    op.create_index("ix_daily_questions_day", "daily_questions", ["day"])

"""What refers to an erased row is found by an index, however many rows there are."""

from alembic import op

revision = "2026_11_22_erasing"
down_revision = "2026_11_22_shadow"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_reviews_assessment_id", "reviews", ["assessment_id"])
    op.create_index("ix_decisions_assessment_id", "decisions", ["assessment_id"])
    op.create_index("ix_decisions_supersedes", "decisions", ["supersedes"])

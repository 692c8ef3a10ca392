"""Search, filters, saved views, decisions on whole campaigns, passwords and second looks.

Reviews that are there get a place on the new scale (`service.review.place`); their words are indexed by
`lurewatch reindex`.
"""

import math
from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "2026_11_21_investigation"
down_revision = "2026_11_21_delivery"
branch_labels = None
depends_on = None

UNDECIDED = sa.text("state <> 'decided'")
WEEK_S = 604_800
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - stored moments are UTC without zone


def upgrade() -> None:
    op.create_table(
        "search_documents",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("review_id", sa.String(length=40), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("contacts", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name="fk_search_documents_review_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_search_documents"),
        sa.UniqueConstraint("review_id", name="uq_search_documents_review_id"),
    )
    op.create_table(
        "review_tags",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.Column("review_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name="fk_review_tags_review_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("kind", "value", "review_id", name="pk_review_tags"),
    )
    op.create_index("ix_review_tags_review_id", "review_tags", ["review_id"])
    op.create_table(
        "queue_places",
        sa.Column("review_id", sa.String(length=40), nullable=False),
        sa.Column("risk", sa.Double(), nullable=False),
        sa.Column("n_linked", sa.Integer(), nullable=False),
        sa.Column("n_confirmed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name="fk_queue_places_review_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("review_id", name="pk_queue_places"),
    )
    op.create_table(
        "saved_views",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_saved_views_user_id"),
        sa.PrimaryKeyConstraint("id", name="pk_saved_views"),
        sa.UniqueConstraint("user_id", "name", name="uq_saved_views_user_id_name"),
    )
    op.create_table(
        "campaign_decisions",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("campaign_id", sa.String(length=40), nullable=False),
        sa.Column("decided_by", sa.String(length=40), nullable=False),
        sa.Column("decided_at", sa.DateTime(), nullable=False),
        sa.Column("n_decided", sa.Integer(), nullable=False),
        sa.Column("undone_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaigns.id"], name="fk_campaign_decisions_campaign_id"),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name="fk_campaign_decisions_decided_by"),
        sa.PrimaryKeyConstraint("id", name="pk_campaign_decisions"),
    )
    op.create_index("ix_campaign_decisions_campaign_id", "campaign_decisions", ["campaign_id"])
    op.create_index(
        "ix_campaign_decisions_decided_by_decided_at", "campaign_decisions", ["decided_by", "decided_at"]
    )
    op.create_table(
        "campaign_decision_items",
        sa.Column("decision_id", sa.String(length=40), nullable=False),
        sa.Column("campaign_decision_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["decisions.id"],
            name="fk_campaign_decision_items_decision_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["campaign_decision_id"],
            ["campaign_decisions.id"],
            name="fk_campaign_decision_items_campaign_decision_id",
        ),
        sa.PrimaryKeyConstraint("decision_id", name="pk_campaign_decision_items"),
    )
    op.create_index(
        "ix_campaign_decision_items_campaign_decision_id", "campaign_decision_items", ["campaign_decision_id"]
    )
    op.create_table(
        "credentials",
        sa.Column("user_id", sa.String(length=40), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("sealed_totp", sa.Text(), nullable=True),
        sa.Column("totp_confirmed_at", sa.DateTime(), nullable=True),
        sa.Column("last_totp_step", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_credentials_user_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name="pk_credentials"),
    )
    op.create_table(
        "second_looks",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("decision_id", sa.String(length=40), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=40), nullable=False),
        sa.Column("pattern", sa.String(length=40), nullable=True),
        sa.Column("given_by", sa.String(length=40), nullable=False),
        sa.Column("given_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decisions.id"], name="fk_second_looks_decision_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["given_by"], ["users.id"], name="fk_second_looks_given_by"),
        sa.PrimaryKeyConstraint("id", name="pk_second_looks"),
        sa.UniqueConstraint("decision_id", "turn", name="uq_second_looks_decision_id_turn"),
    )
    for column in ("band", "language", "source"):
        op.create_index(
            f"ix_reviews_undecided_{column}",
            "reviews",
            [column, "priority", "id"],
            sqlite_where=UNDECIDED,
            postgresql_where=UNDECIDED,
        )
    op.create_index(
        "ix_reviews_undecided",
        "reviews",
        ["priority", "id"],
        sqlite_where=UNDECIDED,
        postgresql_where=UNDECIDED,
    )
    op.create_index(
        "ix_reviews_claimed_by",
        "reviews",
        ["claimed_by"],
        sqlite_where=sa.text("claimed_by IS NOT NULL"),
        postgresql_where=sa.text("claimed_by IS NOT NULL"),
    )
    if op.get_bind().dialect.name == "sqlite":
        _index_sqlite()
    else:
        _index_postgresql()
    _place_reviews()


def _index_sqlite() -> None:
    """FTS5 over trigrams: any three letters in a row are found, in every script."""
    op.execute(
        "CREATE VIRTUAL TABLE search_index USING fts5(words, contacts, content='search_documents', "
        "content_rowid='id', tokenize='trigram case_sensitive 1')"
    )
    added = "INSERT INTO search_index(rowid, words, contacts) VALUES (new.id, new.words, new.contacts);"
    removed = (
        "INSERT INTO search_index(search_index, rowid, words, contacts) "
        "VALUES ('delete', old.id, old.words, old.contacts);"
    )
    for name, event, body in (
        ("added", "INSERT", added),
        ("removed", "DELETE", removed),
        ("changed", "UPDATE", removed + added),
    ):
        op.execute(f"CREATE TRIGGER search_index_{name} AFTER {event} ON search_documents BEGIN {body} END")


def _index_postgresql() -> None:
    """pg_trgm where the server has it; without it search still works and reads every row."""
    connection = op.get_bind()
    found = connection.execute(
        sa.text("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'")
    ).scalar()
    if not found:
        return
    try:
        with connection.begin_nested():
            op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except sa.exc.DBAPIError:
        return
    for column in ("words", "contacts"):
        op.execute(
            f"CREATE INDEX search_index_{column} ON search_documents USING gin ({column} gin_trgm_ops)"
        )


def _place_reviews() -> None:
    """Turn 0-1 into what falls by one each week, see `service.review.place`."""
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT id, priority, opened_at FROM reviews")).all()
    for review_id, priority, opened in rows:
        at = datetime.fromisoformat(opened) if isinstance(opened, str) else opened
        weeks = (at - EPOCH).total_seconds() / WEEK_S
        connection.execute(
            sa.text("UPDATE reviews SET priority = :priority WHERE id = :id"),
            {"priority": math.log2(max(priority, 0.001)) + weeks, "id": review_id},
        )
        connection.execute(
            sa.text(
                "INSERT INTO queue_places (review_id, risk, n_linked, n_confirmed) VALUES (:id, :risk, 0, 0)"
            ),
            {"id": review_id, "risk": priority},
        )

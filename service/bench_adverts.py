"""Fills an empty database with made-up adverts that wait in the queue, as fast as the database takes them.

Secondary indexes and triggers are taken away meanwhile and put back from the very words that the database
kept of them; the rows go in by COPY where there is one.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from service.errors import InputError
from service.review.place import Standing
from service.store import tables
from service.store.database import Database
from service.store.ids import utc_now
from service.store.migrate import current, migrate

BATCH = 5000
SEED = 7
DAYS = 60
LONG_AGO = 50
"""Days after which an advert of `ONCE` can have been opened: it stands at the far end of the queue."""
ONCE, SELDOM = "Laukkaing", "Bavet"
"""A place that adverts named long ago only, and one that two in a hundred name."""
SYLLABLES = "ka lo mi ra tu ven sho pel dor gan bi fu nes tal wer yo zin cha".split()
WORDS = {
    "en": "customer service free flight room and meals no experience needed office abroad salary weekly".split(),
    "km": "ត្រូវការ បុគ្គលិក ធ្វើការ នៅ កម្ពុជា ប្រាក់ខែ ស្នាក់នៅ".split(),
    "zh": "高ːː薪ːː招ːː聘ːː 客ːː服ːː 包ːː吃ːː住ːː 机ːː票ːː".split(),
    "th": "รับสมัคร แอดมิน เว็บ เงินเดือน ที่พัก ฟรี ตั๋วเครื่องบิน".split(),
    "vi": "tuyển nhân viên lương cao bao ăn ở vé máy bay".split(),
}
"""Folded as `service.review.search` folds them."""
_SHARES = (0.6, 0.03, 0.15, 0.12, 0.1)
_FILLED = (
    tables.AdvertRow,
    tables.AssessmentRow,
    tables.ReviewRow,
    tables.QueuePlaceRow,
    tables.SearchDocumentRow,
    tables.ReviewTagRow,
)
_COLUMNS = {
    tables.AdvertRow: "key partner_id advert_id digest source heading received_at expires_at record kept",
    tables.AssessmentRow: "id partner_id advert_key score band language model_version catalogue_version "
    "assessed_at record",
    tables.ReviewRow: "id partner_id advert_id advert_key assessment_id state cause signs priority band "
    "language source opened_at changed_at version",
    tables.QueuePlaceRow: "review_id risk n_linked n_confirmed",
    tables.SearchDocumentRow: "review_id words contacts",
    tables.ReviewTagRow: "kind value review_id",
}
_LISTED = {
    "sqlite": "SELECT type, name, sql FROM sqlite_master "
    "WHERE type IN ('index', 'trigger') AND sql IS NOT NULL AND tbl_name = '{table}'",
    "postgresql": "SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() "
    "AND tablename = '{table}' AND indexname NOT IN (SELECT conname FROM pg_constraint)",
}
_HURRIED = {
    "sqlite": ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-400000"),
    "postgresql": ("synchronous_commit=off", "maintenance_work_mem='1GB'"),
}
"""Who builds anew after a crash needs no journal."""
_write_json = json.JSONEncoder(ensure_ascii=False).encode


def build(url: str, n: int) -> None:
    """Make `n` adverts wait in an empty database; raises `InputError` when it is not empty."""
    database = Database(url)
    if current(database) is not None:
        raise InputError("the bench wants an empty database and leaves its adverts in it; name another")
    migrate(database)
    connection = database.engine.raw_connection()
    cursor = connection.cursor()
    for option in _HURRIED[database.dialect]:
        cursor.execute(f"PRAGMA {option}" if database.dialect == "sqlite" else f"SET {option}")
    if database.dialect == "sqlite":
        cursor.execute("BEGIN")
    aside = _take_away(cursor, database.dialect)
    _fill(cursor, n)
    if database.dialect == "sqlite":
        cursor.execute("INSERT INTO search_index(search_index) VALUES ('rebuild')")
    for _, _, definition in aside:
        cursor.execute(definition)
    if database.dialect == "postgresql":  # SQLite plans without figures, as it does in service
        cursor.execute("ANALYZE")
    connection.commit()
    connection.close()
    database.dispose()


def _take_away(cursor: Any, dialect: str) -> list[tuple[str, str, str]]:
    aside: list[tuple[str, str, str]] = []
    for table in _FILLED:
        cursor.execute(_LISTED[dialect].format(table=table.__tablename__))
        aside += cursor.fetchall()
    for kind, name, _ in aside:
        cursor.execute(f"DROP {kind} {name}")
    return aside


def _fill(cursor: Any, n: int) -> None:
    rng, now = np.random.default_rng(SEED), utc_now()
    vocabulary = np.array(
        ["".join(parts) for n in (2, 3, 4) for parts in rng.choice(SYLLABLES, (7000, n))], object
    )
    for start in range(0, n, BATCH):
        rows: dict[type[tables.Table], list[Sequence[object]]] = {table: [] for table in _FILLED}
        for table, row in _made(range(start, min(n, start + BATCH)), rng, vocabulary, now=now, n=n):
            rows[table].append(row)
        for table, batch in rows.items():
            _insert(cursor, table, batch)


def _insert(cursor: Any, table: type[tables.Table], rows: Sequence[Sequence[object]]) -> None:
    columns = _COLUMNS[table].split()
    into = f"{table.__tablename__} ({', '.join(columns)})"
    if not hasattr(cursor, "copy"):
        cursor.executemany(f"INSERT INTO {into} VALUES ({', '.join('?' * len(columns))})", rows)  # noqa: S608
        return
    with cursor.copy(f"COPY {into} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _made(
    numbers: range, rng: np.random.Generator, vocabulary: Any, *, now: datetime, n: int
) -> Iterator[tuple[type[tables.Table], Sequence[object]]]:
    size, until = len(numbers), _moment(now + timedelta(days=365))
    languages = rng.choice(list(WORDS), size, p=_SHARES).tolist()
    drawn = zip(
        numbers,
        languages,
        _texts(languages, rng, vocabulary),
        rng.uniform(0.5, 1, size).tolist(),
        rng.integers(0, 60 * 24 * DAYS, size).tolist(),
        rng.choice((0, 0, 0, 1, 5, 30), size).tolist(),
        rng.choice(("Poipet", SELDOM, "Dubai"), size, p=(0.8, 0.02, 0.18)).tolist(),
        rng.integers(1, 91, size).tolist(),
        strict=True,
    )
    for number, language, said, score, minutes, linked, place, sign in drawn:
        words = said + " needle" * (number % max(1, n // 20) == 0)
        opened = now - timedelta(minutes=minutes)
        priority = Standing(score, linked).priority(opened_at=opened)
        band = "high" if score > 0.9 else "review"  # noqa: PLR2004
        key, judged, review = f"adv_{number:09}", f"asm_{number:09}", f"rev_{number:09}"
        source, at = f"board-{number % 40}.example", _moment(opened)
        record = _write_json({"id": str(number), "source": source, "description": words})
        yield tables.AdvertRow, (
            key, tables.CRAWLER, str(number), f"{number:064x}", source, words[:40], at, until, record, "full",
        )  # fmt: skip
        yield tables.AssessmentRow, (
            judged, tables.CRAWLER, key, score, band, language, "bench", "bench", at, "{}",
        )  # fmt: skip
        yield tables.ReviewRow, (
            review, tables.CRAWLER, str(number), key, judged, "open", "band", "Made up for measuring", priority,
            band, language, source, at, at, 1,
        )  # fmt: skip
        yield tables.QueuePlaceRow, (review, score, linked, 0)
        phone = f"8551230{number % 100_000:05}"
        yield tables.SearchDocumentRow, (review, words, f"+{phone} {phone} @user{number:07}")
        is_old = minutes > 60 * 24 * LONG_AGO and number % 5 == 0
        yield tables.ReviewTagRow, ("place", ONCE if is_old else place, review)
        yield tables.ReviewTagRow, ("indicator", f"sign_{sign}", review)
        yield tables.ReviewTagRow, ("indicator", "common_sign", review)


def _texts(languages: Sequence[str], rng: np.random.Generator, vocabulary: Any) -> Iterator[str]:
    size = len(languages)
    picked = rng.integers(0, 2**30, (size, 12)).tolist()
    own = [
        [WORDS[code][i % len(WORDS[code])] for i in row] for code, row in zip(languages, picked, strict=True)
    ]
    words = np.concatenate([np.array(own, object), rng.choice(vocabulary, (size, 14))], axis=1)
    for row in rng.permuted(words, axis=1).tolist():
        yield " ".join(row)


def _moment(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(" ", "microseconds")

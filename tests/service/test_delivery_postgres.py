"""Kept answers, bulk jobs and webhooks on PostgreSQL: the same tests as on SQLite, on a server of their own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from service.assessing import Context
from service.errors import InputError
from service.retention import erase_due
from service.review.permissions import Person
from service.settings import Settings
from service.store.adverts import insert_new
from service.store.backup import copy_database
from service.store.partners import ensure_partner
from service.store.restore import restore_database
from service.store.tables import AdvertRow, DecisionRow, TemplateBandRow
from tests.factories import LURE
from tests.fakes import Clock
from tests.service import (
    test_completed,
    test_idempotency,
    test_jobs,
    test_kill,
    test_postgres,
    test_retention,
    test_webhooks,
)

pytestmark = test_postgres.pytestmark
server = test_postgres.server
empty = test_postgres.settings


@pytest.fixture
def settings(empty: Settings, tmp_path: Path) -> Settings:
    return empty.model_copy(update={"jobs_folder": tmp_path / "jobs", "webhooks_to_private": True})


clock = test_webhooks.clock
receiver = test_webhooks.receiver
admin = test_webhooks.admin
courier = test_webhooks.courier
endpoint = test_webhooks.endpoint
tell = test_webhooks.tell


def test_a_backup_comes_back_into_an_empty_database_only(
    client: TestClient, context: Context, settings: Settings, tmp_path: Path
) -> None:
    said = client.post("/v1/score", json={"text": LURE}).json()
    backup = tmp_path / "b.dump"
    copy_database(settings.database_url, backup)
    with pytest.raises(InputError, match="not empty"):
        restore_database(settings.database_url, backup)
    with context.database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    restore_database(settings.database_url, backup)
    assert client.get(f"/v1/assessments/{said['id']}").json()["id"] == said["id"]


def test_adverts_whose_time_is_over_are_erased(
    client: TestClient, context: Context, clock: Clock, make_person: Callable[..., Person]
) -> None:
    client.post("/v1/score", json={"id": "old", "text": LURE})
    test_retention.decide_first(context, make_person())
    clock.move(days=366)
    assert erase_due(context) == 1
    assert test_retention.n_rows(context, AdvertRow) == test_retention.n_rows(context, DecisionRow) == 0


def test_new_rows_are_told_from_known_ones(context: Context) -> None:
    with context.database.writing() as session:
        partner_id = ensure_partner(session, "Example Jobs", at=context.clock()).id
        rows = [{"band_hash": n, "partner_id": partner_id, "link_id": 1} for n in range(300)]
        assert insert_new(session, TemplateBandRow, rows[:1])
        assert not insert_new(session, TemplateBandRow, rows[:1])
        assert not insert_new(session, TemplateBandRow, rows)
        assert insert_new(session, TemplateBandRow, [{**row, "link_id": 2} for row in rows])
        assert session.scalar(text("SELECT count(*) FROM template_bands")) == 600


board = test_completed.board
test_completed_words = (
    test_completed.test_words_that_may_be_kept_later_are_kept_from_then_on_and_a_review_opens
)
test_completed_late = test_completed.test_completed_words_are_erased_as_late_as_any_others
test_completed_batch = test_completed.test_whichever_of_two_that_come_together_asks_for_more_decides
test_features_later = (
    test_completed.test_what_was_kept_in_full_and_reviewed_stays_when_it_comes_again_as_features
)
test_noted = test_completed.test_feedback_that_nobody_could_look_into_is_heard_when_the_words_come
test_company = test_retention.test_who_is_erased_counts_as_nobodys_company_any_more
test_stopped = test_kill.test_a_service_that_is_asked_to_stop_answers_what_it_has_taken
test_share = test_jobs.test_a_job_takes_from_the_minute_and_leaves_half_of_it_to_live_calls
test_rescored = test_retention.test_after_retraining_partners_hear_of_adverts_in_another_band_once
test_kill_9 = test_kill.test_kill_9_under_load_loses_nothing_that_was_answered
chosen = test_kill.chosen
headers = test_kill.headers
serve = test_kill.serve
test_replay = test_idempotency.test_the_same_request_again_gets_the_same_answer_and_does_nothing_more
test_reuse = test_idempotency.test_the_same_key_for_another_request_is_a_422
test_many = test_idempotency.test_of_many_at_once_one_does_the_work_and_all_who_are_answered_hear_the_same
test_died = test_idempotency.test_a_key_whose_holder_died_is_free_again_after_a_while
test_race = test_idempotency.test_taking_a_key_side_by_side_gives_it_to_one
test_lines = test_jobs.test_every_line_ends_up_in_one_of_two_files
test_cut_off = test_jobs.test_a_job_that_was_cut_off_anywhere_ends_as_if_it_had_not_been
test_one_job = test_jobs.test_the_same_job_sent_again_with_its_key_is_one_job
test_job_pages = test_jobs.test_jobs_come_in_pages_newest_first
test_cancelled = test_jobs.test_a_cancelled_job_is_gone_with_its_files
test_verdict = test_webhooks.test_a_verdict_reaches_the_partner_signed_and_names_no_person
test_retries = test_webhooks.test_failures_are_retried_by_the_schedule_under_one_id
test_failed = test_webhooks.test_after_the_last_attempt_it_has_failed_and_can_be_replayed_under_its_id
test_gone = test_webhooks.test_an_endpoint_that_is_gone_is_switched_off
test_rotation = test_webhooks.test_during_a_rotation_both_secrets_verify_and_afterwards_only_the_new
test_lease = (
    test_webhooks.test_a_message_taken_by_a_process_that_died_is_sent_under_its_id_when_the_lease_is_over
)
test_tenants = test_webhooks.test_two_partners_hear_nothing_of_each_other
test_slow = test_webhooks.test_a_slow_endpoint_does_not_hold_up_the_others

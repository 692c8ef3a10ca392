"""The console's own queries on PostgreSQL, by the tests that hold on SQLite."""

from sqlalchemy import inspect, text

from service.bench_adverts import build
from service.store.database import Database
from service.store.migrate import migrate
from tests.service import (
    test_alerting,
    test_belonging,
    test_campaign_pages,
    test_insight,
    test_postgres,
    test_routing,
    test_search,
    test_spreading,
    test_versions,
    test_views,
    test_watching,
)

pytestmark = test_postgres.pytestmark
server, settings = test_postgres.server, test_postgres.settings
person = test_search.person

test_scripts = test_search.test_what_is_typed_is_found_in_every_script_and_spelling
way = test_search.way
test_ways = test_search.test_whichever_way_is_taken_the_pages_are_the_same
test_hostile = test_search.test_no_query_breaks_the_search_or_means_more_than_its_letters
test_contacts = test_search.test_contacts_are_found_by_those_only_who_may_see_them
test_pages = test_search.test_pages_of_a_search_miss_nothing_and_repeat_nothing
test_replaced = test_search.test_other_words_take_the_place_of_what_was_indexed
test_reindex = test_search.test_reviews_from_before_search_are_indexed_once
test_campaign = test_campaign_pages.test_a_campaign_of_thirty_is_decided_and_taken_back_as_one
test_campaign_undo = test_campaign_pages.test_a_campaign_counts_as_one_of_the_ten_that_can_be_undone
test_campaign_page = test_campaign_pages.test_the_page_shows_template_contacts_and_leads_to_the_decision
test_hold = test_routing.test_a_held_advert_waits_until_its_day_has_come
test_agreed = test_insight.test_only_what_two_agree_on_becomes_a_label
asha = test_belonging.asha
test_split = test_belonging.test_a_bridge_that_comes_later_neither_gathers_nor_merges_what_was_split
test_put_back = test_belonging.test_putting_back_restores_members_counts_and_links
test_merge = test_belonging.test_two_campaigns_are_merged_by_hand_and_parted_again
test_splits_erased = test_belonging.test_nothing_is_kept_of_a_split_when_the_advert_is_erased
test_together = test_spreading.test_together_ends_where_one_by_one_ends_and_so_does_taking_back
test_watch_contact = test_watching.test_the_same_advert_again_is_no_news_and_other_words_are
test_watch_campaign = test_watching.test_a_campaign_is_watched_with_all_that_it_became_part_of
test_watch_search = test_watching.test_a_search_within_a_campaign_is_watched
test_alerts = test_watching.test_alerts_are_marked_as_seen_and_end_with_their_watch_and_their_advert
test_trends = test_insight.test_trends_tell_counts_and_no_contact
test_how_fast = test_insight.test_trends_tell_roles_and_how_fast_we_are
test_view = test_views.test_start_decide_hold_and_undo_stay_within_the_filters
test_both_ways = test_views.test_a_search_is_stepped_through_both_ways_near_and_far
mixed = test_views.mixed
test_history = test_versions.test_the_page_shows_what_changed_from_version_to_version
test_waiting = test_alerting.test_alerts_that_wait_are_counted_for_each_person


def indexes_of(url: str) -> dict[str, list[str]]:
    """Give the names of every table's indexes."""
    engine = Database(url).engine
    found = inspect(engine)
    told = {
        name: sorted(str(index["name"]) for index in found.get_indexes(name))
        for name in found.get_table_names()
    }
    engine.dispose()
    return told


def empty(url: str) -> None:
    engine = Database(url).engine
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()


def test_a_database_built_for_the_bench_has_every_index_and_row(server: str) -> None:
    empty(server)
    database = Database(server)
    migrate(database)
    migrated = indexes_of(server)
    database.dispose()
    empty(server)
    build(server, 400)
    assert indexes_of(server) == migrated
    assert "search_index_words" in migrated["search_documents"]
    with database.engine.connect() as connection:
        counted = connection.execute(text("SELECT count(*), count(DISTINCT language) FROM reviews")).one()
    database.dispose()
    assert tuple(counted) == (400, 5)

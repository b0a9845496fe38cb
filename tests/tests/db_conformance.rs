//! What the database promises: one body for SQLite and PostgreSQL.

mod audit;
mod counts;
mod once;
mod opening;
mod pages;
mod place;
mod rows;
mod runs;
pub(crate) mod samples;
mod setup;
mod standing;
mod writing;

/// Runs each body against both databases, under `sqlite::` and `postgres::`.
macro_rules! conformance {
    ($($module:ident::$name:ident;)*) => {
        mod sqlite {$(
            #[tokio::test]
            async fn $name() {
                let place = super::place::Place::sqlite();
                super::$module::$name(&place).await;
            }
        )*}

        mod postgres {$(
            #[tokio::test]
            async fn $name() {
                if let Some(place) = super::place::Place::postgres(stringify!($name)) {
                    super::$module::$name(&place).await;
                }
            }
        )*}
    };
}

conformance! {
    rows::rows_read_back_as_they_were_committed;
    rows::changed_rows_replace_the_old_ones;
    rows::text_of_any_kind_survives_and_nul_is_replaced;
    rows::notification_with_a_tag_replaces_the_unread_one;
    rows::inbound_event_is_stored_once;
    rows::delivery_is_pending_until_it_is_delivered_or_dead;
    rows::timers_of_an_activity_are_replaced;
    rows::what_robots_remember_is_replaced_counted_and_forgotten;
    runs::leaving_a_stage_cancels_what_waits_for_it;
    runs::final_run_does_not_end_again;
    runs::run_changes_only_from_the_states_that_are_named;
    runs::failures_are_kept_until_a_person_retries_the_run;
    runs::due_runs_come_in_order_of_their_time;
    runs::moved_date_moves_the_waiting_run_only;
    runs::last_slot_is_that_of_the_runs_that_wait_for_one;
    runs::runs_of_a_robot_that_goes_on_are_due;
    runs::wake_up_is_replaced_by_the_one_with_the_same_key;
    runs::attempts_keep_their_verdicts;
    pages::items_come_in_pages_without_gaps;
    pages::names_and_titles_are_found_in_any_case;
    pages::phone_is_found_however_it_is_written;
    pages::filters_of_activities_conversations_and_runs_hold;
    setup::directory_reads_back_as_it_was_committed;
    setup::stale_entry_of_the_directory_is_a_conflict;
    setup::drafts_are_replaced_and_versions_are_kept;
    setup::small_tables_keep_the_last_value;
    setup::what_has_served_goes_in_bounded_numbers;
    setup::installation_keeps_its_id;
    once::schedule_ticks_once_whoever_ticks_it;
    once::new_schedule_is_begun_once;
    once::timer_that_fired_makes_nothing_again;
    once::piece_of_a_bulk_change_is_done_once;
    once::due_run_that_somebody_took_is_not_taken_again;
    counts::runs_of_robots_are_counted_by_state_and_time;
    counts::all_attempts_of_a_run_are_its_cost;
    standing::what_waits_and_what_has_failed_is_counted;
    standing::storage_has_a_size_and_says_what_holds_it_up;
    writing::stale_version_stores_nothing;
    writing::broken_rule_of_the_schema_stores_nothing;
    writing::abandoned_commit_is_stored_all_the_same;
    writing::commit_that_dies_midway_leaves_nothing_or_everything;
    writing::empty_batch_changes_nothing;
    audit::sound_database_passes_the_audit;
    audit::audit_names_what_breaks_each_promise;
    audit::every_check_of_the_audit_is_on_its_page;
    opening::second_host_is_refused;
    opening::database_is_found_again_after_closing;
    opening::check_finds_no_problems;
}

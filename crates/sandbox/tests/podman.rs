//! Real containers by Podman: `cargo test -p depin-sandbox --test podman`. Without Podman nothing is tested, and that is said.

mod support;

use support::suite::{self, Kind};

#[test]
fn a_web_service_and_its_database_come_up_in_order_roll_and_leave_nothing() {
    suite::order_and_updates(Kind::Podman, "a_web_service_and_its_database_come_up_in_order_roll_and_leave_nothing");
}

#[test]
fn bombs_end_by_their_limits_and_leave_their_neighbour_alone() {
    suite::bombs(Kind::Podman, "bombs_end_by_their_limits_and_leave_their_neighbour_alone");
}

#[test]
fn what_cannot_start_says_why() {
    suite::cannot_start(Kind::Podman, "what_cannot_start_says_why");
}

#[test]
fn an_outside_port_stays_the_same_over_updates_and_starts() {
    suite::ports(Kind::Podman, "an_outside_port_stays_the_same_over_updates_and_starts");
}

#[test]
fn who_ignores_sigterm_is_killed_after_its_grace() {
    suite::deaf(Kind::Podman, "who_ignores_sigterm_is_killed_after_its_grace");
}

#[test]
fn a_container_has_no_rights_outside_of_itself() {
    suite::rights(Kind::Podman, "a_container_has_no_rights_outside_of_itself");
}

#[test]
fn tenants_reach_neither_each_other_nor_the_machine_nor_metadata() {
    suite::isolation(Kind::Podman, "tenants_reach_neither_each_other_nor_the_machine_nor_metadata");
}

#[test]
fn containers_outlive_a_killed_daemon_and_are_adopted_or_cleaned_up() {
    suite::adoption(Kind::Podman, "containers_outlive_a_killed_daemon_and_are_adopted_or_cleaned_up");
}

#[test]
fn a_service_that_was_ended_leaves_a_folder_that_can_be_removed() {
    suite::end_of_service("a_service_that_was_ended_leaves_a_folder_that_can_be_removed");
}

#[test]
fn a_room_without_network_has_its_loopback_alone() {
    suite::no_network(Kind::Podman, "a_room_without_network_has_its_loopback_alone");
}

#[test]
fn a_service_that_dies_is_started_again_and_what_runs_goes_on() {
    suite::death_of_service("a_service_that_dies_is_started_again_and_what_runs_goes_on");
}

#[test]
fn the_disk_is_bounded_also_where_nobody_looks() {
    suite::hidden_writes(Kind::Podman, "the_disk_is_bounded_also_where_nobody_looks");
}

#[test]
fn what_the_bound_of_memory_ends_says_so() {
    suite::killed_command(Kind::Podman, "what_the_bound_of_memory_ends_says_so");
}

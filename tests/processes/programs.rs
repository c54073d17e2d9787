//! Programs that are started in difficult circumstances: none hangs, none is missed, and nothing is found.

use crate::support::{Container, Finished, Policy, Setting};

/// In every way to be started.
fn goes_on(words: &[&str], says: &str) {
    for &setting in Setting::ALL {
        let policy = Policy::new().section("exec", "{new_allowed: [/usr/**]}");
        let container: Container = setting.container(&policy);
        std::fs::copy(crate::support::example("family"), container.host("/family")).unwrap();
        let words = ["/family"].into_iter().chain(words.iter().copied());
        let finished: Finished = container.run(words);
        finished.exits(0).says(says);
        assert!(finished.findings().is_empty(), "{setting:?} {finished:?}");
        assert_eq!(finished.controls()["exec"], "enforced", "{finished:?}");
    }
}

#[test]
fn a_search_along_path_finds_its_program_at_the_end() {
    goes_on(&["path", "100"], "all of them found");
}

#[test]
fn a_thousand_programs_start_while_signals_rain() {
    goes_on(&["rain", "1000"], "none was disturbed");
}

#[test]
fn a_thousand_orphans_execute_below_their_new_parent() {
    goes_on(&["orphans", "1000"], "1000 of 1000 orphans executed");
}

#[test]
fn the_first_process_executes_a_thousand_times_while_its_children_end() {
    goes_on(&["again", "1000"], "the last one");
}

/// What only SIGKILL takes out of its exec stop has run nothing, and was nothing to report.
#[test]
fn a_program_that_is_killed_as_it_starts_is_no_finding() {
    goes_on(&["killed", "1000"], "all of them ended");
}

//! Attacks on what `files.writable` leaves out: each succeeds bare and fails in every kind of container.

use crate::support::{APP, Container, Finished};
use crate::{WRITABLE, everywhere};
use std::os::unix::fs::chown;

/// The application owns `/data` and what is in it; only the policy keeps it out.
fn with_data(container: Container) -> Container {
    let container = container
        .file("/data/file", "original", 0o644)
        .directory("/home/app", APP);
    for path in ["/data/file", "/data"] {
        chown(container.host(path), Some(APP), Some(APP)).unwrap();
    }
    container
}

fn bare(name: &str) -> Finished {
    let container = with_data(Container::without_policy()).bare().user(APP, 0);
    container.run(["/probe", "init", "/attack", name])
}

/// Fails wherever it runs, and is told of where the policy wants it.
fn is_refused(names: &[&str]) {
    for name in names.iter().map(|name| format!("files-{name}")) {
        bare(&name).exits(0).says("succeeded");
        everywhere(WRITABLE, |container, kernel, start| {
            let finished = with_data(container).run(["/attack", &name]);
            assert!(
                finished.code() != 0 && !finished.out().contains("succeeded"),
                "{kernel:?} {start:?} {finished:?}"
            );
            assert_eq!(finished.controls()["files"], "enforced", "{finished:?}");
            finished.reports("file.write");
        });
    }
}

#[test]
fn nothing_is_made_removed_or_written_outside() {
    is_refused(&["create", "write", "truncate", "remove", "directory"]);
    is_refused(&["special", "symbolic-link", "truncating-read"]);
}

#[test]
fn no_path_leads_around_it() {
    is_refused(&["link", "parent", "own-root", "descriptor"]);
    is_refused(&["working-directory", "handle-of-thread"]);
    is_refused(&["inherited-directory"]);
}

#[test]
fn nothing_is_carried_across_the_border() {
    is_refused(&["rename", "hard-link", "exchange", "unnamed"]);
}

#[test]
fn what_is_said_about_a_file_outside_stays_what_it_was() {
    is_refused(&["mode", "times", "attribute"]);
}

#[test]
fn a_path_that_changes_while_it_is_looked_at_does_not_lead_outside() {
    is_refused(&["race-path", "race-link"]);
    is_refused(&["race-directory", "race-descriptor"]);
}

#[test]
fn who_waits_at_a_pipe_blinds_nobody() {
    is_refused(&["behind-fifo"]);
}

//! Descriptors 0 to 2 after the drop, as pipes and as a terminal.

use crate::docker::{Ended, Run};
use crate::platform::task;
use crate::policy::Policy;

fn shell(run: Run, script: &str) -> Ended {
    run.wait("example", &["/bin/sh", "-c", script])
}

#[test]
fn dev_stdout_and_dev_stderr_open_for_writing() {
    let script = "echo out > /dev/stdout; echo err > /dev/stderr; echo said";
    let ended = shell(task(&Policy::new().write("streams")), script);
    assert_eq!(ended.status, 0, "{ended:?}");
    assert_eq!(ended.stdout, "out\nsaid\n");
    assert!(ended.lines_for_people().contains(&"err"), "{ended:?}");
}

#[test]
fn the_application_cannot_read_our_reports_back() {
    let ended = shell(
        task(&Policy::new().write("read-back")),
        "read line < /dev/stderr",
    );
    assert_ne!(ended.status, 0, "{ended:?}");
}

#[test]
fn with_a_terminal_the_application_controls_it() {
    let run = task(&Policy::new().write("terminal")).option(&["--tty"]);
    let ended = shell(run, "test -t 1 && echo controlled > /dev/tty");
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(ended.stdout.contains("controlled\r\n"), "{ended:?}");
}

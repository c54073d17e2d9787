//! What the supervisor gives up itself, and what nobody can do to it, seen from the application.

use crate::support::{APP, Container, Policy};
use std::time::{Duration, Instant};

/// The status of PID 1, as the application reads it.
fn status(container: &Container) -> String {
    let finished = container.run(["/bin/cat", "/proc/1/status"]);
    finished.exits(0).out()
}

fn has(status: &str, line: &str) -> bool {
    status
        .lines()
        .any(|found| found.split_whitespace().eq(line.split(' ')))
}

#[test]
fn pid_1_is_below_a_filter_of_its_own_once_the_application_runs() {
    for container in [
        Container::new(),
        Container::with(&Policy::new().without("exec")),
        Container::with(&Policy::new().without("identity")).user(APP, 0),
    ] {
        let running = container.start(["/probe", "pause"]);
        running.wait_for_error("the application was started");
        let path = format!("/proc/{}/status", running.pid());
        let read = || std::fs::read_to_string(&path).unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        while !has(&read(), "Seccomp: 2") && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        for line in ["NoNewPrivs: 1", "Seccomp: 2", "Seccomp_filters: 1"] {
            assert!(has(&read(), line), "{line}: {}", read());
        }
    }
}

#[test]
fn pid_1_keeps_what_it_needs_to_signal_and_to_read_its_application() {
    let status = status(&Container::new());
    // CAP_KILL, CAP_SETGID, CAP_SETUID
    for line in [
        "CapEff: 00000000000000e0",
        "CapPrm: 00000000000000e0",
        "CapInh: 0000000000000000",
    ] {
        assert!(has(&status, line), "{line}: {status}");
    }
}

/// What the kernel shows of a process to whoever may trace it, and what its own user may change of it.
const PRIVATE: &str = "mem environ maps smaps smaps_rollup numa_maps pagemap auxv stack syscall io personality exe cwd \
    root fd/0 fd/1 fd/2 fdinfo/0 ns/pid ns/net map_files clear_refs task/1/mem task/1/environ";
const CHANGEABLE: &str = "oom_score_adj coredump_filter clear_refs timerslack_ns sched autogroup comm attr/current \
    uid_map setgroups loginuid";

/// Opens each for reading, and each of the second for writing; says what it got.
fn open_all(parts: &str, changes: &str) -> String {
    format!(
        "for part in {parts}; do \
             if test -L /proc/1/$part; then readlink /proc/1/$part && echo read $part; \
             elif test ${{part##*/}} = mem; then (: < /proc/1/$part) && echo read $part; \
             else dd if=/proc/1/$part count=1 of=/dev/null && echo read $part; fi; \
         done 2>/dev/null; \
         for part in {changes}; do (printf 0 > /proc/1/$part) && echo wrote $part; done 2>/dev/null; \
         kill -9 1; kill -STOP 1; kill -TERM 1; true"
    )
}

#[test]
fn the_application_neither_reads_nor_changes_its_supervisor_by_proc() {
    let script = open_all(PRIVATE, CHANGEABLE);
    let words = ["/bin/sh", "-c", script.as_str()];
    // Of a plain init of its own user it gets nearly all.
    let bare = Container::new().bare().user(APP, 0);
    let bare = bare
        .run(["/probe", "init", words[0], words[1], words[2]])
        .out();
    for part in ["mem", "environ", "exe", "fd/1"] {
        assert!(bare.contains(&format!("read {part}\n")), "{bare}");
    }
    assert!(bare.contains("wrote oom_score_adj\n"), "{bare}");
    for container in [
        Container::new(),
        Container::with(&Policy::new().without("identity")).user(APP, 0),
    ] {
        let finished = container.run(words);
        assert_eq!(finished.exits(0).out(), "", "{finished:?}");
        finished.reports("process.supervisor");
    }
}

#[test]
fn below_another_init_the_supervisor_is_not_killed_either() {
    let attack = "kill -9 $PPID; kill -STOP $PPID; kill -9 -1; echo still here";
    let words = ["/probe", "init", "/micro-enforcer", "/bin/sh", "-c", attack];
    for container in [
        Container::new().bare(),
        Container::with(&Policy::new().without("identity"))
            .user(APP, 0)
            .bare(),
    ] {
        let finished = container.run(words);
        finished.exits(0).says("still here");
        finished.reports("process.supervisor");
        assert_eq!(finished.controls()["self_protection"], "detected");
    }
}

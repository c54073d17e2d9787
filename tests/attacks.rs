//! Attacks from within: each succeeds in a bare container and fails in an enforced one, reported where that is promised.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use support::{APP, Container, Finished, NET_RAW, Policy, Stream};

/// One attack, and where it has a chance.
#[derive(Clone, Copy)]
struct Attack<'a> {
    name: &'a str,
    /// What the container gives to its user in any case.
    ambient: u64,
    stdin: Stream,
}

impl<'a> Attack<'a> {
    const fn new(name: &'a str) -> Self {
        Self {
            name,
            ambient: 0,
            stdin: Stream::Null,
        }
    }

    /// The application may write to `/home/app` and `/tmp`, and owns `/data` too.
    fn container(self, policy: &Policy) -> Container {
        let streams = if self.stdin == Stream::Terminal {
            [Stream::Terminal; 3]
        } else {
            [Stream::Null, Stream::Pipe, Stream::Pipe]
        };
        let container = Container::with(policy)
            .file("/data/file", "original", 0o644)
            .streams(streams);
        for path in ["/data/file", "/data", "/home/app"] {
            chown(container.host(path), Some(APP), Some(APP)).unwrap();
        }
        let program = container.host("/setuid");
        fs::copy(container.host("/probe"), &program).unwrap();
        fs::set_permissions(program, fs::Permissions::from_mode(0o4755)).unwrap();
        container
    }

    /// Nobody in the way: a plain init of the same user.
    fn bare(self) -> Finished {
        let container = self
            .container(&Policy::new())
            .bare()
            .user(APP, self.ambient);
        container.run(["/probe", "init", "/attack", self.name])
    }

    /// An image that starts as root, and the policy drops it.
    fn started_by_root(self, policy: &Policy) -> Finished {
        self.container(policy).run(["/attack", self.name])
    }

    /// An image with a USER: PID 1 has the same one, and only the envelope keeps them apart.
    fn same_user(self, policy: &Policy) -> Finished {
        let policy = policy.clone().without("identity");
        self.container(&policy)
            .user(APP, self.ambient)
            .run(["/attack", self.name])
    }

    fn is_alive(self) {
        self.bare().exits(0).says("succeeded");
    }

    /// Fails both ways, with a finding of this rule.
    fn is_refused_and_reported(self, rule: &str) {
        self.is_alive();
        for finished in [
            self.started_by_root(&Policy::new()),
            self.same_user(&Policy::new()),
        ] {
            failed(&finished).reports(rule);
        }
    }

    /// Fails both ways; ordinary programs try the same, so that nothing is said.
    fn is_refused(self) {
        self.is_alive();
        for finished in [
            self.started_by_root(&Policy::new()),
            self.same_user(&Policy::new()),
        ] {
            failed(&finished);
        }
    }
}

fn failed(finished: &Finished) -> &Finished {
    assert!(
        finished.code() != 0 && !finished.out().contains("succeeded"),
        "{finished:?}"
    );
    finished
}

#[test]
fn nobody_types_into_the_terminal() {
    for name in ["stream-type", "stream-type-high-bits"] {
        Attack {
            stdin: Stream::Terminal,
            ..Attack::new(name)
        }
        .is_refused_and_reported("syscall.denied");
    }
}

#[test]
fn nobody_reaches_into_a_sibling() {
    for name in [
        "process-ptrace",
        "process-write-memory",
        "process-take-descriptor",
    ] {
        Attack::new(name).is_refused_and_reported("process.injection");
    }
}

#[test]
fn nobody_makes_a_user_namespace() {
    for name in ["kernel-user-namespace", "kernel-user-namespace-by-clone"] {
        Attack::new(name).is_refused_and_reported("syscall.denied");
    }
    Attack::new("kernel-user-namespace-by-clone3").is_refused();
}

#[test]
fn threads_start_although_clone3_is_not_there() {
    Container::new()
        .run(["/probe", "threads"])
        .exits(0)
        .says("thread 7");
}

#[test]
fn the_kernel_s_rarer_parts_are_closed() {
    Attack::new("kernel-io-uring").is_refused();
    for name in ["kernel-keys", "kernel-personality"] {
        Attack::new(name).is_refused_and_reported("syscall.denied");
    }
}

#[test]
fn no_packet_is_forged_or_overheard() {
    for name in ["kernel-raw-socket", "kernel-packet-socket"] {
        Attack {
            ambient: NET_RAW,
            ..Attack::new(name)
        }
        .is_refused_and_reported("syscall.denied");
    }
}

#[test]
fn not_even_an_application_that_keeps_the_capability_opens_a_raw_socket() {
    let policy = Policy::new().section(
        "identity",
        "{user: \"10001:10001\", capabilities: [NET_RAW]}",
    );
    failed(&Attack::new("kernel-raw-socket").started_by_root(&policy)).reports("syscall.denied");
}

#[cfg(target_arch = "x86_64")]
#[test]
fn calls_of_the_32_bit_interface_end_the_process() {
    let attack = Attack::new("interface-int-0x80");
    attack.is_alive();
    attack
        .started_by_root(&Policy::new())
        .exits(128 + libc::SIGSYS);
    attack.same_user(&Policy::new()).exits(128 + libc::SIGSYS);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn calls_of_the_x32_interface_are_refused_and_reported() {
    // Most kernels are built without it and refuse it themselves; what counts is that the filter is asked first.
    let attack = Attack::new("interface-x32");
    failed(&attack.started_by_root(&Policy::new())).reports("syscall.denied");
}

#[test]
fn the_supervisor_is_neither_signalled_nor_starved() {
    let names = [
        "kill",
        "every-signal",
        "flood",
        "handle",
        "limit",
        "schedule",
        "attribute",
        "parameter",
        "affinity",
        "priority",
        "io-priority",
        "move-memory",
    ];
    for name in names.map(|name| format!("supervisor-{name}")) {
        Attack::new(&name).is_refused_and_reported("process.supervisor");
    }
}

#[test]
fn the_supervisor_is_neither_traced_nor_read() {
    Attack::new("supervisor-ptrace").is_refused_and_reported("process.injection");
    Attack::new("supervisor-read-memory").is_refused();
}

#[test]
fn nobody_hides_its_memory() {
    Attack::new("process-hide-memory").is_refused();
}

#[test]
fn nobody_listens_in_front_of_the_enforcer() {
    Attack::new("process-own-listener").is_refused_and_reported("syscall.denied");
}

#[test]
fn a_setuid_program_stays_what_its_caller_is() {
    Attack::new("program-setuid").is_refused();
}

#[test]
fn a_program_in_memory_is_not_executed() {
    Attack::new("program-in-memory").is_refused_and_reported("exec.fileless");
}

#[test]
fn reports_are_not_taken_out_of_their_pipe() {
    let attack = Attack::new("stream-read-reports");
    attack.is_alive();
    // An image's own USER owns the pipes that the runtime made for it.
    failed(&attack.started_by_root(&Policy::new())).says("failed: EACCES");
}

#[test]
fn a_forged_finding_does_not_know_the_start_it_would_belong_to() {
    let running = Container::new().start([
        "/bin/sh",
        "-c",
        "echo '{\"class_uid\":2004,\"forged\":true}' >&2; /probe pause & wait",
    ]);
    running.wait_for("here");
    let known = support::texts_in(running.child(), &[&correlation(&running)]);
    assert_eq!(
        known,
        [false],
        "the application has the number in its memory"
    );
    running.signal(libc::SIGTERM);
    let finished = running.finish();
    let uid = finished.start()["metadata"]["correlation_uid"].clone();
    let (forged, ours): (Vec<_>, Vec<_>) = finished
        .events()
        .into_iter()
        .partition(|event| event["forged"] == true);
    assert_eq!(forged.len(), 1);
    assert!(
        ours.iter()
            .all(|event| event["metadata"]["correlation_uid"] == uid),
        "{finished:?}"
    );
}

/// What every event of this start carries.
fn correlation(running: &support::Running) -> String {
    let written = running.wait_for_error("correlation_uid").errors();
    written
        .split("\"correlation_uid\":\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned()
}

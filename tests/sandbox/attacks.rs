//! An attack for every entry of the baseline, with arguments that do no harm when they get through.

use crate::inside::{Envelope, call, number};
use crate::results;
use micro_enforcer::policy::value::Effect;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;

struct Attack {
    call: &'static str,
    arguments: [u64; 6],
    /// What the caller gets inside the envelope.
    errno: i32,
    /// Whether the supervisor hears of it.
    reported: bool,
}

const EPERM: i32 = libc::EPERM;
const NONE: u64 = u64::MAX; // no descriptor, no valid flags
const BAD: u64 = 1; // no valid address
const NO_SIGNAL: u64 = 999;

/// Attacks that are refused with EPERM and reported.
fn refused(own: u64) -> Vec<(&'static str, [u64; 6])> {
    let group = (-i64::try_from(own).unwrap()).cast_unsigned();
    vec![
        ("ptrace", [16, 0, 0, 0, 0, 0]),
        ("process_vm_readv", [0; 6]),
        ("process_vm_writev", [0; 6]),
        ("pidfd_getfd", [NONE, 0, 0, 0, 0, 0]),
        ("kcmp", [0; 6]),
        ("execveat", [NONE, 0, 0, 0, 0x1000, 0]),
        ("prctl", [35, 0xffff, 0, 0, 0, 0]),
        ("clone", [0x0002_0200, 0, 0, 0, 0, 0]),
        ("clone", [0xdead_0000_0002_0200, 0, 0, 0, 0, 0]),
        ("unshare", [0x1000_0001, 0, 0, 0, 0, 0]),
        ("setns", [NONE, 0, 0, 0, 0, 0]),
        ("mount", [0; 6]),
        ("umount2", [0, NONE, 0, 0, 0, 0]),
        ("pivot_root", [0; 6]),
        ("open_tree", [NONE, 0, NONE, 0, 0, 0]),
        ("open_tree_attr", [NONE, 0, NONE, 0, 0, 0]),
        ("move_mount", [NONE, 0, NONE, 0, NONE, 0]),
        ("fsopen", [0, NONE, 0, 0, 0, 0]),
        ("fsconfig", [NONE, NONE, 0, 0, 0, 0]),
        ("fsmount", [NONE, NONE, 0, 0, 0, 0]),
        ("fspick", [NONE, 0, NONE, 0, 0, 0]),
        ("mount_setattr", [NONE, 0, NONE, 0, 0, 0]),
        ("open_by_handle_at", [NONE, 0, 0, 0, 0, 0]),
        ("fanotify_init", [NONE, 0, 0, 0, 0, 0]),
        ("bpf", [NONE, 0, 0, 0, 0, 0]),
        ("perf_event_open", [0, 0, 0, NONE, NONE, 0]),
        ("userfaultfd", [NONE, 0, 0, 0, 0, 0]),
        ("memfd_secret", [NONE, 0, 0, 0, 0, 0]),
        ("add_key", [0; 6]),
        ("request_key", [0; 6]),
        ("keyctl", [9999, 0, 0, 0, 0, 0]),
        ("io_uring_enter", [NONE, 0, 0, 0, 0, 0]),
        ("io_uring_register", [NONE, 0, 0, 0, 0, 0]),
        ("modify_ldt", [99, 0, 0, 0, 0, 0]),
        ("syslog", [99, 0, 0, 0, 0, 0]),
        ("init_module", [0; 6]),
        ("finit_module", [NONE, 0, 0, 0, 0, 0]),
        ("delete_module", [0; 6]),
        ("kexec_load", [0, 0, 0, NONE, 0, 0]),
        ("kexec_file_load", [NONE, NONE, 0, 0, NONE, 0]),
        ("reboot", [0; 6]),
        ("swapon", [0, NONE, 0, 0, 0, 0]),
        ("swapoff", [0; 6]),
        ("acct", [BAD, 0, 0, 0, 0, 0]),
        ("quotactl", [0; 6]),
        ("quotactl_fd", [NONE, 0, 0, 0, 0, 0]),
        ("sethostname", [0, NONE, 0, 0, 0, 0]),
        ("setdomainname", [0, NONE, 0, 0, 0, 0]),
        ("settimeofday", [BAD, 0, 0, 0, 0, 0]),
        ("clock_settime", [NONE, 0, 0, 0, 0, 0]),
        ("vhangup", [0; 6]),
        ("iopl", [99, 0, 0, 0, 0, 0]),
        ("ioperm", [NONE, 1, 1, 0, 0, 0]),
        ("personality", [0x004_0000, 0, 0, 0, 0, 0]),
        ("socket", [17, 3, 0, 0, 0, 0]),
        ("socket", [2, 3 | 0x80000, 1, 0, 0, 0]),
        ("socket", [10, 3 | 0x800, 58, 0, 0, 0]),
        ("ioctl", [NONE, 0x5412, 0, 0, 0, 0]),
        ("ioctl", [NONE, 0xffff_ffff_0000_5412, 0, 0, 0, 0]),
        ("ioctl", [NONE, 0x541c, 0, 0, 0, 0]),
        ("kill", [own, NO_SIGNAL, 0, 0, 0, 0]),
        ("kill", [NONE, NO_SIGNAL, 0, 0, 0, 0]),
        ("kill", [group, NO_SIGNAL, 0, 0, 0, 0]),
        ("tkill", [own, NO_SIGNAL, 0, 0, 0, 0]),
        ("tgkill", [own, own, NO_SIGNAL, 0, 0, 0]),
        ("rt_sigqueueinfo", [own, NO_SIGNAL, 0, 0, 0, 0]),
        ("rt_tgsigqueueinfo", [own, own, NO_SIGNAL, 0, 0, 0]),
        ("pidfd_open", [own, 0, 0, 0, 0, 0]),
        ("setpgid", [0x3fff_ffff, own, 0, 0, 0, 0]),
        ("fcntl", [NONE, 10, 9, 0, 0, 0]),
        ("prlimit64", [own, 999, BAD, 0, 0, 0]),
        ("migrate_pages", [own, 0, 0, 0, 0, 0]),
        ("move_pages", [own, 0, 0, 0, 0, 0]),
        ("setpriority", [0, own, 0, 0, 0, 0]),
        ("setpriority", [2, 0x3fff_ffff, 0, 0, 0, 0]),
        ("ioprio_set", [1, own, 0xffff, 0, 0, 0]),
        ("ioprio_set", [3, 0x3fff_ffff, 0, 0, 0, 0]),
        ("sched_setscheduler", [own, NONE, 0, 0, 0, 0]),
        ("sched_setparam", [own, 0, 0, 0, 0, 0]),
        ("sched_setattr", [own, 0, 0, 0, 0, 0]),
        ("sched_setaffinity", [own, 0, 0, 0, 0, 0]),
    ]
}

/// Attacks with an errno of their own: errno, whether reported, call.
fn special() -> Vec<(i32, bool, &'static str, [u64; 6])> {
    vec![
        (libc::EBUSY, true, "seccomp", [1, 8, 0, 0, 0, 0]),
        (libc::EAFNOSUPPORT, true, "socket", [40, 1, 0, 0, 0, 0]),
        (libc::EAFNOSUPPORT, true, "socket", [38, 5, 0, 0, 0, 0]),
        (libc::EAFNOSUPPORT, true, "socketpair", [30, 5, 0, 0, 0, 0]),
        (libc::ENOSYS, false, "clone3", [0; 6]),
        (libc::ENOSYS, false, "openat2", [NONE, 0, 0, 0, 0, 0]),
        (libc::ENOSYS, false, "io_uring_setup", [0; 6]),
        (
            libc::ENOSYS,
            false,
            "pidfd_send_signal",
            [NONE, 0, 0, 0, 0, 0],
        ),
        (libc::EPROTONOSUPPORT, false, "socket", [2, 1, 262, 0, 0, 0]),
        (
            libc::EPROTONOSUPPORT,
            false,
            "socket",
            [10, 1, 256, 0, 0, 0],
        ),
    ]
}

/// All that this architecture has.
fn attacks() -> Vec<Attack> {
    let own = u64::try_from(nix::unistd::getppid().as_raw()).unwrap();
    let refused = refused(own)
        .into_iter()
        .map(|(call, arguments)| (EPERM, true, call, arguments));
    refused
        .chain(special())
        .filter(|attack| number(attack.2).is_some())
        .map(|(errno, reported, call, arguments)| Attack {
            call,
            arguments,
            errno,
            reported,
        })
        .collect()
}

pub fn attempt(how: &str) {
    // Without a terminal, vhangup hangs up nothing.
    nix::unistd::setsid().unwrap();
    let envelope = Envelope::new();
    match how {
        "bare" => {}
        "answered" => assert!(envelope.answering().enter().is_none()),
        "reported" => envelope.enter_supervised(),
        "killed" => drop(envelope.answering().denying("mlock", Effect::Kill).enter()),
        "audited" => envelope.denying("mlock", Effect::Audit).enter_supervised(),
        "twice" => {
            envelope.enter_supervised();
            assert!(Envelope::new().enter().is_none(), "a second listener");
        }
        other => panic!("{other}"),
    }
    for (index, attack) in attacks().iter().enumerate() {
        let errno = call(number(attack.call).unwrap(), attack.arguments);
        println!("{index}\t{errno}");
    }
    println!("mlock\t{}", call(number("mlock").unwrap(), [0; 6]));
    println!("dumpable\t{}", stays_dumpable());
}

fn stays_dumpable() -> bool {
    nix::sys::prctl::set_dumpable(false).unwrap();
    nix::sys::prctl::get_dumpable().unwrap()
}

pub fn cover_the_baseline() {
    let attacked: BTreeSet<&str> = attacks().iter().map(|attack| attack.call).collect();
    for name in micro_enforcer::sandbox::baseline_calls() {
        // Refused only where Landlock is older: tried with the files.
        let truncation = ["open", "openat", "truncate"].contains(&name.as_str());
        assert!(
            truncation || number(&name).is_none() || attacked.contains(name.as_str()),
            "{name}"
        );
    }
}

fn expect_promised(found: &BTreeMap<String, String>) {
    let bare = results(&["attack", "bare"]);
    let mut alive = 0;
    for (index, attack) in attacks().iter().enumerate() {
        let key = index.to_string();
        assert_eq!(
            found[&key],
            attack.errno.to_string(),
            "{} {:x?}",
            attack.call,
            attack.arguments
        );
        alive += usize::from(bare[&key] != found[&key]);
    }
    // The rest is what this kernel lacks (vsock, MPTCP, …) or an ordinary user may not do.
    let enough = if nix::unistd::geteuid().is_root() {
        attacks().len() - 8
    } else {
        40
    };
    assert!(
        alive >= enough,
        "only {alive} of {} attacks differ from bare",
        attacks().len()
    );
}

pub fn answered() {
    let found = results(&["attack", "answered"]);
    expect_promised(&found);
    assert!(!found.keys().any(|key| key.starts_with("reported:")));
}

pub fn reported() {
    let found = results(&["attack", "reported"]);
    expect_promised(&found);
    for attack in attacks().iter().filter(|attack| attack.reported) {
        assert!(
            found.contains_key(&format!("reported:{}", attack.call)),
            "{}",
            attack.call
        );
    }
    for quiet in ["clone3", "openat2", "io_uring_setup", "pidfd_send_signal"] {
        assert!(!found.contains_key(&format!("reported:{quiet}")), "{quiet}");
    }
    assert_eq!(found["reported:ptrace"], "process.injection");
    assert_eq!(found["reported:execveat"], "exec.fileless");
}

pub fn killed() {
    let output = crate::inside(&["attack", "killed"]);
    assert_eq!(output.status.signal(), Some(libc::SIGSYS));
}

pub fn audited() {
    let found = results(&["attack", "audited"]);
    assert_eq!(found["reported:mlock"], "syscall.denied");
    assert_eq!(found["mlock"], "0");
}

pub fn second_listener() {
    let found = results(&["attack", "twice"]);
    assert_eq!(found["0"], EPERM.to_string());
}

pub fn visible() {
    assert_eq!(results(&["attack", "bare"])["dumpable"], "false");
    assert_eq!(results(&["attack", "answered"])["dumpable"], "true");
}

//! `exec.new_libraries`: code that is mapped from files which the image did not ship, and ordinary libraries.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod support;

use std::fs;
use support::{APP, Container, Finished, Policy, Setting};

const ATTACKS: [&str; 3] = ["library-written", "library-in-memory", "library-high-bits"];
const RULE: &str = "exec.new_library";

fn policy(exec: &str) -> Policy {
    Policy::new().section("exec", format!("{{new_allowed: [/usr/**]{exec}}}"))
}

/// In every way to be started.
fn everywhere(exec: &str, name: &str, test: impl Fn(&Finished)) {
    for setting in Setting::ALL {
        test(&setting.container(&policy(exec)).run(["/attack", name]));
    }
}

#[test]
fn a_file_that_is_written_and_mapped_to_be_executed_is_a_library_to_the_kernel() {
    for name in ATTACKS {
        let container = Container::without_policy().bare().user(APP, 0);
        let finished = container.run(["/probe", "init", "/attack", name]);
        finished.exits(0).says("succeeded");
    }
}

#[test]
fn a_denied_library_is_not_mapped_as_if_its_mount_allowed_none() {
    for name in ATTACKS {
        everywhere(", new_libraries: deny", name, |finished| {
            finished.exits(1).says("failed: EPERM").reports(RULE);
        });
    }
}

#[test]
fn an_audited_library_is_mapped_and_reported_and_that_is_the_default() {
    for exec in ["", ", new_libraries: audit"] {
        for name in ATTACKS {
            everywhere(exec, name, |finished| {
                finished.exits(0).says("succeeded").reports(RULE);
            });
        }
    }
}

#[test]
fn an_allowed_library_is_nobody_s_business() {
    for exec in [
        "{new_allowed: [/usr/**], new_libraries: allow}",
        "{new_allowed: [/usr/**, /tmp/**], new_libraries: deny}",
    ] {
        let policy = Policy::new().section("exec", exec);
        let finished = Container::with(&policy).run(["/attack", "library-written"]);
        finished.exits(0).says("succeeded");
        assert!(finished.findings().is_empty(), "{finished:?}");
    }
}

#[test]
fn a_policy_that_only_audits_maps_it() {
    let policy = policy(", new_libraries: kill").section("mode", "audit");
    let finished = Container::with(&policy).run(["/attack", "library-written"]);
    finished.exits(0).says("succeeded").reports(RULE);
}

#[test]
fn a_library_may_end_its_process_or_the_container() {
    everywhere(", new_libraries: kill", "library-written", |finished| {
        finished.exits(128 + libc::SIGKILL).reports(RULE);
    });
    everywhere(", new_libraries: stop", "library-written", |finished| {
        finished.exits(210).reports(RULE);
    });
}

#[test]
fn a_library_of_the_image_is_loaded_and_nothing_is_said() {
    let load = "import ctypes; print(ctypes.CDLL('/opt/library.so') and 'loaded')";
    for setting in Setting::ALL {
        let container = setting.container(&policy(", new_libraries: deny"));
        fs::create_dir_all(container.host("/opt")).unwrap();
        fs::copy(library(), container.host("/opt/library.so")).unwrap();
        let finished = container.run(["/usr/bin/python3", "-c", load]);
        finished.exits(0).says("loaded");
        assert!(finished.findings().is_empty(), "{finished:?}");
    }
}

#[test]
fn the_same_library_is_not_loaded_from_where_the_application_put_it() {
    let load = "import ctypes, shutil
shutil.copy('/opt/library.so', '/tmp/library.so')
ctypes.CDLL('/tmp/library.so')";
    let container = Container::with(&policy(", new_libraries: deny"));
    fs::create_dir_all(container.host("/opt")).unwrap();
    fs::copy(library(), container.host("/opt/library.so")).unwrap();
    let finished = container.run(["/usr/bin/python3", "-c", load]);
    finished.exits(1).reports(RULE);
    let errors = String::from_utf8_lossy(&finished.stderr);
    assert!(errors.contains("failed to map segment"), "{finished:?}");
}

#[test]
fn the_start_says_that_libraries_are_only_detected() {
    let reason = |exec: &str| {
        let finished = Container::with(&policy(exec)).run(["/probe", "exit", "0"]);
        finished.exits(0).start().to_string()
    };
    let detected = "new libraries are only detected";
    assert!(reason(", new_libraries: deny").contains(detected));
    assert!(!reason(", new_libraries: allow").contains(detected));
}

/// One of the host's, which every interpreter can load.
fn library() -> std::path::PathBuf {
    let here = fs::read_dir("/usr/lib")
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let places = here.chain(["/usr/lib".into(), "/usr/lib64".into()]);
    let mut found = places.map(|place| place.join("libm.so.6"));
    found.find(|path| path.exists()).unwrap()
}

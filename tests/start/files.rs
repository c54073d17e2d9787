//! Secrets that the application gets as files, and the certificate of a start.

use crate::support::Finished;
use crate::task::{PLAINTEXT, Task};
use micro_enforcer::ctl::local::TASK_KEY;
use std::fs;

/// A task whose application is a shell, and whose KEY is a file.
fn task(file: &str) -> Task {
    Task::new()
        .section("command", "{allow: [[/bin/sh, \"**\"]]}")
        .section("identity", "{user: \"10001:10001\"}")
        .section(
            "secrets",
            &format!(
                "{{keys: [\"{TASK_KEY}\"], context: {{app: orders}}, files: {{KEY: {file}}}}}"
            ),
        )
        .with_sealed("KEY", PLAINTEXT)
}

fn shell(task: &Task, script: &str) -> Finished {
    task.run(&["/bin/sh", "-c", script])
}

fn lines(finished: &Finished) -> Vec<String> {
    String::from_utf8_lossy(&finished.stdout)
        .lines()
        .map(str::to_owned)
        .collect()
}

const LOOK: &str = "echo \"$KEY_FILE\"; stat -Lc '%u:%g %a' \"$KEY_FILE\"; cat \"$KEY_FILE\"; echo; \
                    env | grep -c ^KEY=; echo x 2>&1 >\"$KEY_FILE\" | grep -ci permi";

#[test]
fn a_secret_is_a_file_on_a_tmpfs_that_only_the_application_reads() {
    let finished = shell(&task("{path: /tmp/keys/tls.key}"), LOOK);
    assert_eq!(
        lines(&finished),
        ["/tmp/keys/tls.key", "10001:10001 400", PLAINTEXT, "0", "1"],
        "{finished:?}"
    );
    let opened = &finished.start()["unmapped"]["enforcer"]["secrets"][0];
    assert_eq!(opened["name"], "KEY");
}

#[test]
fn where_there_is_no_tmpfs_a_secret_is_a_sealed_memory_file() {
    for supervise in ["{}", "{enabled: false}"] {
        let task = task("{path: /data/tls.key, mode: \"0440\"}").section("supervise", supervise);
        let finished = shell(&task, LOOK);
        let [path, rest @ ..] = &lines(&finished)[..] else {
            panic!("{finished:?}");
        };
        assert!(path.starts_with("/proc/self/fd/"), "{path}");
        assert_eq!(
            rest,
            ["10001:10001 440", PLAINTEXT, "0", "1"],
            "{supervise}"
        );
    }
}

#[test]
fn pid_1_keeps_no_secret_that_the_application_has() {
    let task =
        task("{path: /data/tls.key, on: memfd}").section("command", "{allow: [[/probe, \"**\"]]}");
    let running = task.start(&["/probe", "pause"]);
    running.wait_for_error("Application Lifecycle: Start");
    let holds = |pid: i32| {
        fs::read_dir(format!("/proc/{pid}/fd"))
            .unwrap()
            .filter_map(|entry| fs::read_link(entry.unwrap().path()).ok())
            .filter(|target| target.to_string_lossy().contains("memfd:tls.key"))
            .count()
    };
    assert_eq!(holds(running.child()), 1);
    assert_eq!(holds(running.pid()), 0);
}

#[test]
fn a_secret_that_must_lie_on_a_tmpfs_is_written_to_no_disk() {
    let finished = shell(&task("{path: /data/tls.key, on: tmpfs}"), LOOK);
    finished.refused(
        206,
        &[
            "secrets.files.KEY",
            "/data/tls.key",
            "linuxParameters.tmpfs",
            "/dev/shm",
        ],
    );
    assert!(finished.stdout.is_empty());
}

/// With a certificate for the container's host name.
fn with_certificate(place: &str) -> Task {
    Task::new()
        .section("command", "{allow: [[/bin/sh, \"**\"]]}")
        .section("identity", "{user: \"10001:10001\"}")
        .section(
            "secrets",
            &format!(
                "{{certificate: {{cert: {place}/cert.pem, key: {place}/key.pem, names: [\"@hostname\", localhost, \
                 127.0.0.1], days: 30}}}}"
            ),
        )
}

#[test]
fn every_start_has_a_certificate_of_its_own() {
    let script = "cd /tmp/tls && stat -c '%u:%g %a' cert.pem key.pem \
                  && openssl x509 -in cert.pem -noout -pubkey >/tmp/a && openssl pkey -in key.pem -pubout >/tmp/b \
                  && cmp /tmp/a /tmp/b && echo same \
                  && openssl x509 -in cert.pem -noout -checkhost localhost | sed 's/.* does/does/' \
                  && openssl x509 -in cert.pem -noout -checkhost \"$(hostname)\" | sed 's/.* does/does/' \
                  && openssl x509 -in cert.pem -noout -checkip 127.0.0.1 | sed 's/.* does/does/' \
                  && openssl x509 -in cert.pem -noout -checkend 2591000 \
                  && openssl verify -purpose sslserver -CAfile cert.pem cert.pem \
                  && openssl x509 -in cert.pem -noout -fingerprint -sha256 | cut -d= -f2 | tr -d :";
    let fingerprints = [(); 2].map(|()| {
        let finished = shell(&with_certificate("/tmp/tls"), script);
        let lines = lines(&finished);
        assert_eq!(lines.len(), 9, "{finished:?}");
        assert_eq!(lines[..3], ["10001:10001 444", "10001:10001 400", "same"]);
        for line in &lines[3..6] {
            assert!(
                line.starts_with("does match") || line.ends_with("does match certificate"),
                "{line}"
            );
        }
        assert_eq!(lines[7], "cert.pem: OK");
        let said = &finished.start()["unmapped"]["enforcer"]["certificate"];
        assert_eq!(said.as_str(), Some(lines[8].to_lowercase().as_str()));
        lines[8].clone()
    });
    assert_ne!(fingerprints[0], fingerprints[1]);
}

#[test]
fn a_certificates_key_is_written_to_no_disk() {
    let finished = shell(&with_certificate("/data"), "true");
    finished.refused(206, &["secrets.certificate.cert", "lies on no tmpfs"]);
}

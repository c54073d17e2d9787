//! The compose file: the example against `enforcerctl local`, as on a laptop.

use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

/// The project; taken down when it is dropped.
struct Project;

impl Project {
    fn compose(arguments: &[&str]) -> String {
        let output = Command::new("docker-compose")
            .args(["--project-name", "micro-enforcer-test"])
            .args(["--file", "docker/compose.yaml"])
            .args(arguments)
            .env("WORKBENCH", "micro-enforcer-test/workbench")
            .env("BASE", "micro-enforcer-test/base-debian")
            .env("DOCKER_BUILDKIT", "0")
            .output()
            .expect("docker-compose: tests/setup.sh installs it");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        Self::compose(&["down", "--timeout", "1"]);
    }
}

#[test]
fn the_compose_file_starts_the_example_with_its_secret() {
    let _project = Project;
    Project::compose(&["up", "--build", "--detach"]);
    let ready = (0..50).any(|_| {
        sleep(Duration::from_millis(200));
        Project::compose(&["logs", "orders-api"]).contains("a database password of 21 characters")
    });
    assert!(ready, "{}", Project::compose(&["logs"]));
}

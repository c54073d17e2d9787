//! Containers by the docker command; each is ours by its label and gone when it is dropped.

use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// What every container, image and network of these tests is marked with.
pub const LABEL: &str = "micro-enforcer.test";

/// Arguments of `docker run`, in the making.
pub struct Run {
    name: String,
    options: Vec<String>,
}

/// A container that ran, or runs.
pub struct Container {
    name: String,
}

/// How a container ended.
#[derive(Debug)]
pub struct Ended {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("micro-enforcer-test-{}-{number}", std::process::id());
        Self {
            options: ["--label", LABEL, "--name", &name]
                .map(str::to_owned)
                .to_vec(),
            name,
        }
    }

    pub fn option(mut self, option: &[&str]) -> Self {
        self.options.extend(option.iter().map(ToString::to_string));
        self
    }

    pub fn environment(self, name: &str, value: &str) -> Self {
        self.option(&["--env", &format!("{name}={value}")])
    }

    /// Runs to the end; after a minute to 124, so that nothing waits for what never ends.
    pub fn wait(self, image: &str, command: &[&str]) -> Ended {
        self.wait_for(60, image, command)
    }

    /// The same, after so many seconds.
    pub fn wait_for(self, seconds: u32, image: &str, command: &[&str]) -> Ended {
        let container = Container { name: self.name };
        let output = Command::new("timeout")
            .args([&seconds.to_string(), "docker", "run"])
            .args(&self.options)
            .arg(format!("micro-enforcer-test/{image}"))
            .args(command)
            .output()
            .unwrap();
        drop(container);
        Ended::from(output)
    }

    /// Starts, and goes on in the background.
    pub fn start(self, image: &str, command: &[&str]) -> Container {
        let container = Container { name: self.name };
        let output = docker(&["run", "--detach"])
            .args(&self.options)
            .arg(format!("micro-enforcer-test/{image}"))
            .args(command)
            .output()
            .unwrap();
        assert!(output.status.success(), "{:?}", Ended::from(output));
        container
    }
}

impl Container {
    /// One field of `docker inspect`.
    pub fn inspect(&self, field: &str) -> String {
        let format = format!("{{{{{field}}}}}");
        let output = docker(&["inspect", "--format", &format, &self.name])
            .output()
            .unwrap();
        Ended::from(output).stdout.trim().to_owned()
    }

    /// What it has written so far.
    pub fn logs(&self) -> Ended {
        Ended::from(docker(&["logs", &self.name]).output().unwrap())
    }

    /// Waits until a line of its output contains `text`.
    pub fn wait_for(&self, text: &str) {
        for _ in 0..100 {
            let logs = self.logs();
            if logs.stdout.contains(text) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("no {text:?} within 10 s: {:?}", self.logs());
    }

    /// `docker stop`, as ECS stops a task.
    pub fn stop(&self) {
        let output = docker(&["stop", &self.name]).output().unwrap();
        assert!(output.status.success(), "{:?}", Ended::from(output));
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let removed = docker(&["rm", "--force", &self.name])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(removed.is_ok(), "docker rm could not be started");
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ended {
    /// What is meant for people on standard error: every line that is no event.
    pub fn lines_for_people(&self) -> Vec<&str> {
        self.stderr
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('{'))
            .collect()
    }

    /// The events on standard error.
    pub fn events(&self) -> Vec<serde_json::Value> {
        self.stderr
            .lines()
            .filter(|line| line.starts_with('{'))
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

pub fn docker(arguments: &[&str]) -> Command {
    let mut command = Command::new("docker");
    command.args(arguments);
    command
}

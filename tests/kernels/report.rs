//! What a machine said on its console.

use std::collections::{BTreeMap, BTreeSet};

/// All that a machine said.
#[derive(Debug, Default)]
pub struct Report {
    pub architecture: &'static str,
    /// `uname -r`
    pub kernel: String,
    pub ways: Vec<Way>,
    /// How each test of PID 1 went.
    pub tests: BTreeMap<String, String>,
    /// What came of an application whose clock is set, and what was told of it.
    pub clock: BTreeSet<String>,
}

/// A way to start a container.
#[derive(Debug, Default)]
pub struct Way {
    pub name: String,
    /// How each attack went.
    pub results: BTreeMap<String, String>,
    /// State and reason of each control.
    pub controls: BTreeMap<String, (String, String)>,
    pub rules: BTreeSet<String>,
}

impl Way {
    /// Of a control in the start event.
    pub fn state(&self, control: &str) -> &str {
        self.controls.get(control).map_or("", |(state, _)| state)
    }
}

impl Report {
    /// Everything up to its last word; why not otherwise.
    pub fn parse(said: &str, architecture: &'static str) -> Result<Self, String> {
        let mut report = Self {
            architecture,
            ..Self::default()
        };
        let mut is_done = false;
        for line in said
            .lines()
            .map(str::trim_end)
            .filter(|line| line.starts_with('@'))
        {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match (word, report.ways.last_mut()) {
                ("@kernel", _) => rest.clone_into(&mut report.kernel),
                ("@way", _) => report.ways.push(Way {
                    name: rest.to_owned(),
                    ..Way::default()
                }),
                ("@test", _) => {
                    let (name, how) = rest.split_once(' ').unwrap_or((rest, ""));
                    report.tests.insert(name.to_owned(), how.to_owned());
                }
                ("@done", _) => is_done = true,
                ("@clock", _) => report
                    .clock
                    .extend(rest.split_whitespace().map(str::to_owned)),
                ("@status", Some(way)) if rest != "0" => {
                    return Err(format!("{}: status {rest}", way.name));
                }
                ("@result", Some(way)) => {
                    let (name, how) = rest.split_once(' ').unwrap_or((rest, ""));
                    if name.contains('-') {
                        way.results.insert(name.to_owned(), how.to_owned());
                    }
                }
                ("@control", Some(way)) => {
                    let mut words = rest.splitn(3, ' ').map(str::to_owned);
                    let mut word = || words.next().unwrap_or_default();
                    way.controls.insert(word(), (word(), word()));
                }
                ("@rule", Some(way)) => {
                    way.rules.insert(rest.to_owned());
                }
                _ => {}
            }
        }
        if is_done {
            Ok(report)
        } else {
            Err("it did not say everything".to_owned())
        }
    }
}

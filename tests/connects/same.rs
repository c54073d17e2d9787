//! One program, bare and in every way to be started, and what it says.

use crate::support::{APP, Container, Finished, Network, Policy, Setting};

/// Everybody in the tests' network.
const ALL: &str = "connect: [10.97.0.0/16, 10.98.0.0/16, 10.99.0.0/16, 198.51.100.0/24, 239.0.0.0/8, \
                   255.255.255.255, \"fd99::/64\", \"2001:db8::/32\"]";

/// A policy that allows what the programs do, and has to be asked about all of it.
pub fn policy(udp: &str) -> Policy {
    Policy::new().section("network", format!("{{udp: {udp}, {ALL}}}"))
}

/// A plain init of the same user.
pub fn bare<S: AsRef<str>>(prepare: impl Fn(Container) -> Container, command: &[S]) -> Finished {
    let container = prepare(Container::without_policy().bare().user(APP, 0));
    let init = ["/probe", "init"].into_iter();
    container.run(init.chain(command.iter().map(AsRef::as_ref)))
}

/// Says these things bare, and everything as bare elsewhere.
pub fn is_same(name: &str, udp: &str, lines: &[&str]) {
    let _neighbours = Network::new();
    let plain = |container: Container| container;
    everywhere(
        &policy(udp),
        plain,
        &["/connects", name],
        &[lines, &["end: "]].concat(),
    );
}

/// The same where the supervisor can take duplicates: it cannot have a stream back of which it has let go.
pub fn is_same_traced(name: &str, udp: &str, lines: &[&str]) {
    let _neighbours = Network::new();
    let plain = |container: Container| container;
    let traced = Setting::ALL.iter().filter(|setting| setting.traces);
    let settings: Vec<Setting> = traced.copied().collect();
    compared(
        &settings,
        &policy(udp),
        plain,
        &["/connects", name],
        &[lines, &["end: "]].concat(),
    );
}

/// The same for any command.
pub fn everywhere(
    policy: &Policy,
    prepare: impl Fn(Container) -> Container,
    command: &[&str],
    lines: &[&str],
) {
    compared(Setting::ALL, policy, prepare, command, lines);
}

fn compared(
    settings: &[Setting],
    policy: &Policy,
    prepare: impl Fn(Container) -> Container,
    command: &[&str],
    lines: &[&str],
) {
    let expected = bare(&prepare, command);
    expected.exits(0);
    for line in lines {
        let said = expected.out();
        assert!(
            said.lines().any(|said| said == *line),
            "{line:?} {expected:?}"
        );
    }
    for &setting in settings {
        let finished = prepare(setting.container(policy)).run(command);
        let (said, wanted) = (finished.out(), expected.out());
        let differs = wanted
            .lines()
            .zip(said.lines())
            .find(|(one, other)| one != other);
        assert!(
            said == wanted && finished.code() == 0,
            "{command:?} {setting:?} {differs:?} {finished:?}"
        );
        let findings = finished.findings();
        assert!(findings.is_empty(), "{command:?} {setting:?} {findings:?}");
    }
}

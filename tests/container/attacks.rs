//! Every attack, in the container that Docker makes by default and in what people change about it.

#![allow(
    clippy::disallowed_methods,
    reason = "threads of a test are nobody's PID 1"
)]

use crate::docker::{Container, Ended, Run};
use crate::support::Network;
use crate::support::network::addresses::{ALLOWED, ALLOWED_V6, CLOSED, ECHO, RESOLVER};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;

const USER: &[&str] = &["--user", "10001:10001"];
/// What is given to `docker run` beside nothing at all.
static WAYS: [&[&str]; 9] = [
    &[],
    &["--cap-add", "SYS_PTRACE"],
    USER,
    &["--user", "10001:10001", "--cap-add", "SYS_PTRACE"],
    &["--init"],
    &["--user", "10001:10001", "--init"],
    &["--user", "10001:10001", "--cap-drop", "ALL"],
    &[
        "--user",
        "10001:10001",
        "--read-only",
        "--tmpfs",
        "/tmp:exec,mode=1777",
        "--tmpfs",
        "/home/app:exec,uid=10001,gid=10001",
        "--security-opt",
        "no-new-privileges",
        "--pids-limit",
        "600",
    ],
    &["--volume", BOUND],
];
/// A folder of the host's in the place of the application's own.
const BOUND: &str = "target/container/bound:/home/app";
/// The first of them are tried with everything.
const WHOLLY: usize = 4;

/// One policy for all of them. With `udp: deny` the network can be `detected`.
fn policy() -> String {
    format!(
        "version: 1\nname: attacked\nserial: 1\nimage: {{effect: audit}}\nexec: {{max_processes: 500, new_libraries: deny}}\n\
         files: {{writable: [/home/app, /tmp, /dev/shm], report: true}}\n\
         network: {{connect: [{{to: {ALLOWED}, ports: [{ECHO}, {CLOSED}]}}, {{to: \"{ALLOWED_V6}\", ports: [{ECHO}]}}], \
         listen: [8080], udp: deny, task_endpoint: deny}}\n\
         report: {{limit: {{per_rule: 100000/min, per_task: 1000000/h}}}}\n"
    )
}

/// As an image would hold it.
fn baked(way: &[&str]) -> String {
    let name = way.join("").replace([':', '/', ',', '='], "-");
    let folder = Path::new("target/container/attacked").join(name);
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
    let identity = if way.contains(&"--user") {
        ""
    } else {
        "identity: {user: \"10001:10001\"}\n"
    };
    let path = folder.join("policy.yaml");
    fs::write(&path, policy() + identity).unwrap();
    format!(
        "{}:/etc/micro-enforcer:ro",
        folder.canonicalize().unwrap().display()
    )
}

/// A network that a container holds open, with the neighbours that the attacks look for.
struct Neighbourhood {
    _network: Network,
    holder: Container,
}

impl Neighbourhood {
    fn new() -> Self {
        let holder = Run::new()
            .option(&["--sysctl", "net.ipv6.conf.all.disable_ipv6=0"])
            .option(&["--sysctl", "net.ipv6.conf.default.disable_ipv6=0"])
            .option(&[
                "--network",
                "none",
                "--dns",
                &RESOLVER.to_string(),
                "--entrypoint",
                "sleep",
            ])
            .start("base-debian", &["infinity"]);
        let pid = holder.inspect(".State.Pid").parse().unwrap();
        Self {
            _network: Network::of(pid),
            holder,
        }
    }

    fn run(&self) -> Run {
        Run::new().option(&[
            "--network",
            &format!("container:{}", self.holder.inspect(".Id")),
        ])
    }
}

/// How each of them went.
fn results(ended: &Ended) -> BTreeMap<String, String> {
    let lines = ended.stdout.lines().filter_map(|line| line.split_once(' '));
    let lines = lines.filter(|(name, _)| name.contains('-'));
    lines
        .map(|(name, how)| (name.to_owned(), how.to_owned()))
        .collect()
}

/// What the other ways could make a difference to; their races and their network are those of the first.
const BRIEFLY: [&str; 8] = [
    "exec-d",
    "files",
    "kernel",
    "library",
    "process",
    "program",
    "stream",
    "supervisor",
];

fn is_brief(way: &[&str]) -> bool {
    !WAYS[..WHOLLY].contains(&way)
}

/// As Docker wants it: with the whole path of a folder that is the application's.
fn option(word: &str) -> String {
    let Some((folder, place)) = word.split_once(":/home/app").filter(|_| word == BOUND) else {
        return word.to_owned();
    };
    // What an earlier run has left would stand in the way of attacks, instead of us.
    if Path::new(folder).exists() {
        fs::remove_dir_all(folder).unwrap();
    }
    fs::create_dir_all(folder).unwrap();
    std::os::unix::fs::chown(folder, Some(10001), Some(10001)).unwrap();
    let folder = fs::canonicalize(folder).unwrap();
    format!("{}:/home/app{place}", folder.display())
}

fn attacked(way: &[&str]) -> (BTreeMap<String, String>, Ended) {
    let neighbours = Neighbourhood::new();
    let words: Vec<String> = way.iter().map(|word| option(word)).collect();
    let run = neighbours
        .run()
        .option(&words.iter().map(String::as_str).collect::<Vec<_>>())
        .option(&["--volume", &baked(way)]);
    let some: &[&str] = if is_brief(way) { &BRIEFLY } else { &[] };
    let command = [&["/attack", "each"], some].concat();
    let ended = run.wait_for(300, "attacks", &command);
    assert_eq!(ended.status, 0, "{way:?} {ended:?}");
    (results(&ended), ended)
}

fn bare() -> BTreeMap<String, String> {
    let neighbours = Neighbourhood::new();
    let run = neighbours
        .run()
        .option(USER)
        .option(&["--entrypoint", "/probe"]);
    results(&run.wait_for(300, "attacks", &["init", "/attack", "each"]))
}

/// Succeeds where the image's own user got the pipe from the runtime: `self_protection` is `detected` then.
const READS_REPORTS: &str = "stream-read-reports";

/// Docker's own profile, the lost capabilities, or what only another test prepares stands in their way without us too.
const DEAD: [&str; 31] = [
    "exec-loader-bare-name",
    "exec-preload-own",
    "exec-shared-memory",
    "interface-x32",
    "kernel-keys",
    "kernel-packet-socket",
    "kernel-personality",
    "kernel-raw-socket",
    "kernel-user-namespace",
    "kernel-user-namespace-by-clone",
    "kernel-user-namespace-by-clone3",
    "network-inherited",
    "network-name-denied",
    "network-name-forged",
    "network-name-impostor",
    "network-name-rotates",
    "network-name-smuggled",
    "network-name-untold",
    "network-raw-v6",
    "network-received",
    "network-routing-header-message",
    "network-routing-header-options",
    "network-source-route",
    "network-source-route-message",
    "network-source-route-stream",
    "network-x32",
    "process-take-descriptor",
    "process-write-memory",
    "stream-type",
    "stream-type-high-bits",
    "supervisor-move-memory",
];

/// What has to be told of, whatever the way.
const RULES: [&str; 10] = [
    "exec.fileless",
    "exec.new_executable",
    "exec.new_library",
    "file.write",
    "network.connect",
    "network.endpoint",
    "network.listen",
    "process.injection",
    "process.supervisor",
    "syscall.denied",
];

fn rules(ended: &Ended) -> BTreeSet<String> {
    let events = ended.events();
    let findings = events.iter().filter(|event| event["class_uid"] == 2004);
    findings
        .map(|finding| {
            finding["finding_info"]["analytic"]["name"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
}

/// In threads of their own: each of them goes into another network.
#[test]
fn no_attack_succeeds_in_a_container_by_docker() {
    let bare = thread::spawn(bare);
    // Two at once: an attack and its supervisor seldom keep two processors busy.
    let pairs = WAYS.chunks(2).flat_map(|pair| {
        let running: Vec<_> = pair
            .iter()
            .map(|way| thread::spawn(|| attacked(way)))
            .collect();
        running.into_iter().map(|one| one.join().unwrap())
    });
    let enforced: Vec<_> = WAYS
        .iter()
        .zip(pairs)
        .map(|(way, (results, ended))| {
            holds(way, &results, &ended);
            results
        })
        .collect();
    let bare = bare.join().unwrap();
    for (name, how) in &bare {
        let alive = how == "succeeded";
        assert!(alive != DEAD.contains(&name.as_str()), "bare: {name} {how}");
    }
    for (way, results) in WAYS.iter().zip(enforced) {
        let same = results.keys().eq(bare.keys());
        assert!(same || is_brief(way) && results.len() > 30, "{results:?}");
    }
}

fn holds(way: &[&str], results: &BTreeMap<String, String>, ended: &Ended) {
    let controls = ended.events()[0]["unmapped"]["enforcer"]["controls"].clone();
    let state = |name: &str| {
        let mut controls = controls.as_array().unwrap().iter();
        controls.find(|control| control["name"] == name).unwrap()["state"].clone()
    };
    for (name, how) in results {
        let declared = name == READS_REPORTS && state("self_protection") == "detected";
        assert!(how != "succeeded" || declared, "{way:?} {name}");
    }
    for name in ["exec", "files", "privileges", "syscalls"] {
        assert_eq!(state(name), "enforced", "{way:?} {name}");
    }
    let told = rules(ended);
    let rules = RULES
        .iter()
        .filter(|rule| !is_brief(way) || !rule.starts_with("network"));
    for rule in rules {
        assert!(told.contains(*rule), "{way:?} {rule} {told:?}");
    }
}

//! Who is compared, and how each is asked to start a program.

use crate::place::Place;
use std::path::Path;

/// As whom the program runs, for those that do not change the user themselves.
const USER: &str =
    "setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --no-new-privs";

/// The calls that the envelope asks about.
const CALLS: &str =
    "execve,clone,fork,vfork,socket,connect,bind,listen,sendto,dup2,dup3,memfd_create";

/// One that starts a program.
#[derive(Clone, Debug)]
pub struct Peer {
    pub name: &'static str,
    /// What stands before the program.
    words: String,
    /// Whether it is one of ours, which needs its policy.
    pub ours: bool,
    /// Whether the program is already somebody else when it starts.
    changes_user: bool,
}

impl Peer {
    /// Those of this machine, the bare program first and last, and the names of those that it lacks.
    pub fn all(place: &Place) -> (Vec<Self>, Vec<&'static str>) {
        let wrapper = place.wrapper().display();
        let without = "setpriv --bounding-set=-sys_ptrace --inh-caps=-all";
        let strace =
            format!("strace -f --seccomp-bpf -qq -e trace={CALLS} -e signal=none -o /dev/null");
        let ours = [
            ("micro-enforcer", format!("{without} {wrapper}")),
            ("micro-enforcer, SYS_PTRACE", wrapper.to_string()),
        ];
        let others = [
            ("tini", "tini --".to_owned(), false),
            ("dumb-init", "dumb-init --".to_owned(), false),
            ("catatonit", "catatonit --".to_owned(), false),
            ("gosu", "gosu 65534:65534".to_owned(), true),
            ("setpriv", USER.to_owned(), true),
            ("bwrap", "bwrap --dev-bind / /".to_owned(), false),
            (
                "bwrap, all namespaces but the network",
                BWRAP.to_owned(),
                false,
            ),
            (
                "firejail",
                "firejail --quiet --noprofile --seccomp".to_owned(),
                false,
            ),
            ("strace --seccomp-bpf", strace, false),
            ("syd", "syd -poff".to_owned(), false),
        ];
        let (others, missing): (Vec<_>, Vec<_>) =
            others.into_iter().partition(|other| is_here(&other.1));
        let bare = |name| Self::new(name, String::new(), false, false);
        let ours = ours.map(|(name, words)| Self::new(name, words, true, true));
        let others = others
            .into_iter()
            .map(|(name, words, changes)| Self::new(name, words, false, changes));
        let mut all = vec![bare("bare")];
        all.extend(ours);
        all.extend(others);
        all.push(bare("bare again"));
        (all, missing.into_iter().map(|other| other.0).collect())
    }

    fn new(name: &'static str, words: String, ours: bool, changes_user: bool) -> Self {
        Self {
            name,
            words,
            ours,
            changes_user,
        }
    }

    /// The line that starts a program as it is.
    pub fn starting(&self, program: &str) -> Vec<String> {
        split(&format!("{} {program}", self.words))
    }

    /// The line that starts a program as nobody in particular.
    pub fn running(&self, program: &str) -> Vec<String> {
        if self.changes_user {
            return self.starting(program);
        }
        split(&format!("{} {USER} {program}", self.words))
    }
}

const BWRAP: &str = "bwrap --dev-bind / / --unshare-ipc --unshare-pid --unshare-uts --unshare-cgroup --proc /proc --cap-add ALL";

fn split(line: &str) -> Vec<String> {
    let words = line.split(' ').filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

fn is_here(words: &str) -> bool {
    let program = words.split(' ').next().unwrap_or_default();
    let folders = ["/usr/bin", "/usr/sbin", "/usr/local/bin"];
    folders
        .iter()
        .any(|folder| Path::new(folder).join(program).exists())
}

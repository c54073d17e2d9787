//! Who the application becomes, and the proof that it cannot become anything else.

mod accounts;

use crate::policy;
use crate::refusal::{Code, Refusal};
use crate::step::Step;
use crate::sys::{caps, ids, process};
use nix::sys::resource::{Resource, setrlimit};
use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

/// Why an identity cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The image runs as root and the policy names nobody else.
    #[error("the image runs as root and the policy names no user")]
    Root,
    /// A name that is not in the account file.
    #[error("{file} has no {name:?}")]
    Unknown {
        /// `/etc/passwd` or `/etc/group`.
        file: &'static str,
        /// The name.
        name: String,
    },
    /// An account file could not be read.
    #[error("{file}: {source}")]
    Accounts {
        /// `/etc/passwd` or `/etc/group`.
        file: &'static str,
        /// Why.
        source: io::Error,
    },
    /// A change that needs a capability which we do not have.
    #[error("{change} needs {capability}, which this container does not have")]
    Missing {
        /// What was to be changed.
        change: &'static str,
        /// What that needs.
        capability: String,
    },
    /// Our own ids or capabilities could not be read.
    #[error("our own credentials: {0}")]
    Own(#[from] io::Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (code, rule, remedy) = match &error {
            Error::Root => (
                Code::Policy,
                "policy.invalid",
                "state identity.user in the policy, or USER in the Dockerfile",
            ),
            Error::Unknown { .. } | Error::Accounts { .. } => (
                Code::Policy,
                "policy.invalid",
                "add the account to the image, or state identity.user by number: \"10001:10001\"",
            ),
            Error::Missing { .. } => (
                Code::Privileges,
                "privileges.drop",
                "give the container that capability (Docker and Fargate do by default), or set the image's USER and leave it out of identity",
            ),
            Error::Own(_) => (
                Code::Privileges,
                "privileges.drop",
                "report it with the kernel's version",
            ),
        };
        Self::new(code, rule, error.to_string(), remedy)
    }
}

/// Our own credentials before anything is dropped.
#[derive(Clone, Debug)]
pub struct Current {
    /// Effective uid.
    pub uid: u32,
    /// Effective gid.
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// Capability sets.
    pub capabilities: caps::Sets,
}

impl Current {
    /// Asks the kernel.
    pub fn read() -> io::Result<Self> {
        Ok(Self {
            uid: ids::uids()?.effective,
            gid: ids::gids()?.effective,
            groups: ids::groups()?,
            capabilities: caps::get()?,
        })
    }
}

/// Everything that the child needs to become the application's user; nothing is looked up after the clone.
#[derive(Clone, Debug)]
pub struct Identity {
    uid: u32,
    gid: u32,
    groups: Vec<u32>,
    home: Option<PathBuf>,
    capabilities: u64,
    limits: Vec<(Resource, u64)>,
    umask: Option<u32>,
    change_user: bool,
    change_groups: bool,
    holds_setpcap: bool,
}

impl Identity {
    /// From the policy, the image's account files and our own credentials.
    pub fn resolve(policy: &policy::Identity, current: &Current) -> Result<Self, Error> {
        let account = accounts::resolve(policy, current)?;
        let capabilities = policy
            .capabilities
            .iter()
            .fold(0, |mask, c| mask | caps::bit(c.number()));
        let identity = Self {
            change_user: account.uid != current.uid,
            change_groups: account.gid != current.gid
                || beside(account.gid, &account.groups) != beside(current.gid, &current.groups),
            uid: account.uid,
            gid: account.gid,
            groups: account.groups,
            home: account.home,
            capabilities,
            limits: limits(&policy.rlimits),
            umask: policy.umask.map(policy::value::FileMode::bits),
            holds_setpcap: current.capabilities.has(caps::SETPCAP),
        };
        identity.check(policy, current).map(|()| identity)
    }

    /// What would fail in the child is better said before there is one.
    fn check(&self, policy: &policy::Identity, current: &Current) -> Result<(), Error> {
        let has = current.capabilities;
        let missing = |change, capability: &str| {
            Err(Error::Missing {
                change,
                capability: capability.to_owned(),
            })
        };
        if self.change_user && !has.has(caps::SETUID) {
            return missing("becoming another user", "CAP_SETUID");
        }
        if self.change_groups && !has.has(caps::SETGID) {
            return missing("changing groups", "CAP_SETGID");
        }
        let lacks = |c: &&policy::value::Capability| has.permitted & caps::bit(c.number()) == 0;
        match policy.capabilities.iter().find(lacks) {
            Some(capability) => missing(
                "identity.capabilities",
                &format!("CAP_{}", capability.name()),
            ),
            None => Ok(()),
        }
    }

    /// A supervisor that could not even stop its application is better not started.
    pub fn can_be_signalled(&self, current: &Current) -> Result<(), Error> {
        if self.change_user && !current.capabilities.has(caps::KILL) {
            return Err(Error::Missing {
                change: "signalling another user's application",
                capability: "CAP_KILL".to_owned(),
            });
        }
        Ok(())
    }

    /// The application's uid.
    pub const fn uid(&self) -> u32 {
        self.uid
    }

    /// The application's gid.
    pub const fn gid(&self) -> u32 {
        self.gid
    }

    /// The application's supplementary groups.
    pub fn groups(&self) -> &[u32] {
        &self.groups
    }

    /// `HOME`, if the policy decides it.
    pub fn home(&self) -> Option<&std::path::Path> {
        self.home.as_deref()
    }

    /// Whether the application can become yet another user or group.
    pub const fn may_change_user(&self) -> bool {
        self.capabilities & (caps::bit(caps::SETUID) | caps::bit(caps::SETGID)) != 0
    }

    /// The capabilities that the application keeps, as a mask.
    pub const fn capabilities(&self) -> u64 {
        self.capabilities
    }

    /// Whether the application gets another user than ours.
    pub const fn changes_user(&self) -> bool {
        self.change_user
    }

    /// By what the control holds, for the start event.
    pub fn describe(&self) -> String {
        let kept = numbers(self.capabilities).len();
        let bounding = match (self.holds_setpcap, kept) {
            (true, _) => "bounding set emptied, securebits locked",
            (false, _) => {
                "no CAP_SETPCAP: bounding set and securebits as the runtime left them, out of reach by no_new_privs"
            }
        };
        format!(
            "uid {} gid {}, {kept} capabilities kept, {bounding}, no_new_privs",
            self.uid, self.gid
        )
    }

    /// Becomes the application's user; in the child, one comment and one call a step; async-signal-safe.
    ///
    /// The order is the kernel's: groups while there is `CAP_SETGID`, the bounding set and securebits while there is
    /// `CAP_SETPCAP`, both of which go with the uid; capability sets last, and then the proof.
    pub fn assume(&self) -> Result<(), (Step, io::Error)> {
        let at = |step| move |error| (step, error);
        // Limits before the drop: raising one may need CAP_SYS_RESOURCE.
        for (resource, limit) in &self.limits {
            setrlimit(*resource, *limit, *limit).map_err(|errno| (Step::Limits, errno.into()))?;
        }
        if let Some(umask) = self.umask {
            nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(umask));
        }
        if self.change_groups {
            ids::set_groups(&self.groups).map_err(at(Step::Groups))?;
            ids::set_gid(self.gid).map_err(at(Step::Gid))?;
        }
        caps::ambient_clear().map_err(at(Step::Ambient))?;
        // What is kept must be inheritable, and can only become so while the bounding set has it.
        let now = caps::get().map_err(at(Step::Capabilities))?;
        let kept = caps::Sets {
            inheritable: self.capabilities,
            ..now
        };
        caps::set(kept).map_err(at(Step::Capabilities))?;
        if self.holds_setpcap {
            caps::bounding_clear().map_err(at(Step::Bounding))?;
            caps::lock_securebits().map_err(at(Step::Securebits))?;
        }
        // After the securebits, whose setting clears it.
        caps::keep(self.capabilities != 0).map_err(at(Step::Securebits))?;
        if self.change_user {
            ids::set_uid(self.uid).map_err(at(Step::Uid))?;
        }
        caps::set(caps::Sets::all(self.capabilities)).map_err(at(Step::Capabilities))?;
        for capability in (0..64).filter(|c| self.capabilities & caps::bit(*c) != 0) {
            caps::ambient_raise(capability).map_err(at(Step::Ambient))?;
        }
        process::set_no_new_privs().map_err(at(Step::NoNewPrivs))?;
        self.prove().map_err(at(Step::Proof))
    }

    /// Reads back what was set and tries to take it again.
    fn prove(&self) -> io::Result<()> {
        let fault = |held: bool| {
            if held {
                Ok(())
            } else {
                Err(io::Error::from_raw_os_error(libc::EPERM))
            }
        };
        fault(ids::uids()?.all(self.uid) && ids::gids()?.all(self.gid))?;
        fault(!self.change_groups || ids::groups_are(&self.groups)?)?;
        fault(caps::get()? == caps::Sets::all(self.capabilities))?;
        fault(process::has_no_new_privs())?;
        fault(!self.holds_setpcap || caps::bounding_is_empty())?;
        // An application that keeps CAP_SETUID is meant to change its uid.
        let may_change = self.uid == 0 || self.capabilities & caps::bit(caps::SETUID) != 0;
        fault(may_change || ids::set_uid(0).is_err())
    }
}

/// The groups that say more than the gid does: Docker lists the gid of an image's USER among them.
fn beside(gid: u32, groups: &[u32]) -> BTreeSet<u32> {
    groups
        .iter()
        .copied()
        .filter(|group| *group != gid)
        .collect()
}

fn numbers(mask: u64) -> Vec<u8> {
    (0..64)
        .filter(|number| mask & caps::bit(*number) != 0)
        .collect()
}

/// Core files are off unless the policy asks for them: they would hold the secrets.
fn limits(policy: &policy::Rlimits) -> Vec<(Resource, u64)> {
    let value = |limit: policy::Limit| match limit {
        policy::Limit::Unlimited => u64::MAX,
        policy::Limit::At(value) => value,
    };
    let stated = [
        (Resource::RLIMIT_AS, policy.address_space),
        (
            Resource::RLIMIT_CORE,
            Some(policy.core.unwrap_or(policy::Limit::At(0))),
        ),
        (Resource::RLIMIT_CPU, policy.cpu),
        (Resource::RLIMIT_DATA, policy.data),
        (Resource::RLIMIT_FSIZE, policy.fsize),
        (Resource::RLIMIT_MEMLOCK, policy.memlock),
        (Resource::RLIMIT_NOFILE, policy.nofile),
        (Resource::RLIMIT_NPROC, policy.nproc),
        (Resource::RLIMIT_STACK, policy.stack),
    ];
    stated
        .into_iter()
        .filter_map(|(resource, limit)| Some((resource, value(limit?))))
        .collect()
}

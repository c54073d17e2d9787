//! What the kernel has names for: capabilities, signals, system calls.

use super::text::{Invalid, text_type};
use nix::sys::signal::Signal;
use std::fmt;
use std::str::FromStr;
use syscalls::{aarch64, x86_64};

/// Names as in capability.h, by their number.
const CAPABILITIES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// A capability by name, with or without `CAP_`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Capability(u8);

impl Capability {
    /// As in capability.h.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The name, without `CAP_`.
    pub const fn name(self) -> &'static str {
        CAPABILITIES[self.0 as usize]
    }
}

impl FromStr for Capability {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let name = text.strip_prefix("CAP_").unwrap_or(text);
        (0..)
            .zip(CAPABILITIES)
            .find(|(_, known)| *known == name)
            .map(|(number, _)| Self(number))
            .ok_or_else(|| Invalid::expected("a capability such as NET_BIND_SERVICE"))
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A signal by name, with or without `SIG`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignalName(Signal);

impl SignalName {
    /// As in signal.h.
    pub const fn number(self) -> i32 {
        self.0 as i32
    }
}

impl FromStr for SignalName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let name = text.strip_prefix("SIG").unwrap_or(text);
        format!("SIG{name}")
            .parse()
            .map(Self)
            .map_err(|_| Invalid::expected("a signal such as TERM, QUIT or USR1"))
    }
}

impl fmt::Display for SignalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_start_matches("SIG"))
    }
}

/// A system call of x86-64 or arm64, by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SyscallName(String);

impl SyscallName {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number here; `None` for a call that only the other architecture has.
    pub fn number(&self) -> Option<i64> {
        #[cfg(target_arch = "x86_64")]
        let call = self
            .0
            .parse()
            .map(|call: x86_64::Sysno| i64::from(call.id()));
        #[cfg(target_arch = "aarch64")]
        let call = self
            .0
            .parse()
            .map(|call: aarch64::Sysno| i64::from(call.id()));
        call.ok()
    }
}

impl FromStr for SyscallName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let known = text.parse::<x86_64::Sysno>().is_ok() || text.parse::<aarch64::Sysno>().is_ok();
        known
            .then(|| Self(text.into()))
            .ok_or_else(|| Invalid::expected("the name of a system call, such as ptrace"))
    }
}

impl fmt::Display for SyscallName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_type! {
    Capability: "string" like "NET_BIND_SERVICE";
    SignalName: "string" like "QUIT";
    SyscallName: "string" like "ptrace";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_have_the_kernels_numbers() {
        for (name, number) in [
            ("CHOWN", 0),
            ("CAP_NET_BIND_SERVICE", 10),
            ("SYS_ADMIN", 21),
            ("CHECKPOINT_RESTORE", 40),
        ] {
            assert_eq!(name.parse::<Capability>().unwrap().number(), number);
        }
        for name in ["", "ALL", "net_bind_service", "CAP_CAP_KILL", "10"] {
            assert!(name.parse::<Capability>().is_err(), "{name}");
        }
    }

    #[test]
    fn signals_go_by_name() {
        assert_eq!("TERM".parse::<SignalName>().unwrap().number(), 15);
        assert_eq!("SIGQUIT".parse::<SignalName>().unwrap().to_string(), "QUIT");
        for name in ["", "15", "term", "SIGSIGTERM", "NOPE"] {
            assert!(name.parse::<SignalName>().is_err(), "{name}");
        }
    }

    #[test]
    fn a_call_of_the_other_architecture_is_known_but_has_no_number_here() {
        let here: SyscallName = "ptrace".parse().unwrap();
        assert!(here.number().is_some());
        let only_x86: SyscallName = "fork".parse().unwrap();
        assert_eq!(only_x86.number().is_some(), cfg!(target_arch = "x86_64"));
        assert!("forkk".parse::<SyscallName>().is_err());
    }
}

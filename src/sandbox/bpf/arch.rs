//! The architectures, as data: a filter for either compiles on either.

/// An architecture that containers run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arch {
    /// Intel and AMD.
    X86_64,
    /// Graviton.
    Aarch64,
}

impl Arch {
    /// The one that this program was built for.
    #[cfg(target_arch = "x86_64")]
    pub const NATIVE: Self = Self::X86_64;
    /// The one that this program was built for.
    #[cfg(target_arch = "aarch64")]
    pub const NATIVE: Self = Self::Aarch64;

    /// `AUDIT_ARCH_…` of audit.h: the ELF machine, 64-bit, little-endian.
    pub const fn audit(self) -> u32 {
        match self {
            Self::X86_64 => 0xC000_003E,
            Self::Aarch64 => 0xC000_00B7,
        }
    }

    /// Numbers, first and last, that reach the x32 ABI: the same instruction and
    /// the same audit architecture, but other numbers for the same calls.
    ///
    /// 512 to 547 are x32's own entries, which kernels before 5.7 let 64-bit
    /// programs call as well. The last number of all is -1: the mark of a call
    /// that a tracer skipped, which never runs.
    pub const fn x32(self) -> &'static [(u32, u32)] {
        match self {
            Self::X86_64 => &[(512, 547), (0x4000_0000, u32::MAX - 1)],
            Self::Aarch64 => &[],
        }
    }

    /// Whether a number is one of [`Self::x32`].
    pub fn is_x32(self, number: u32) -> bool {
        let within = |&(first, last): &(u32, u32)| (first..=last).contains(&number);
        self.x32().iter().any(within)
    }
}

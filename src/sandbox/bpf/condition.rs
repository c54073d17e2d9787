//! A condition on one argument of a call.
//!
//! Registers are 64 bits wide, but the kernel reads only the lower half where
//! the parameter is an `int` or `unsigned int`. A filter that compares all of it
//! there is beaten by setting a bit that the kernel never looks at, so the
//! width is part of every condition.

use super::Error;

/// How much of the register the kernel uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// `int`, `unsigned int`, `pid_t`: the lower 32 bits.
    Int,
    /// `long`, `size_t`, a pointer: all 64 bits.
    Long,
}

/// What is asked of an argument; comparisons are unsigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// It is this value.
    Equals(u64),
    /// It is any other value.
    Differs(u64),
    /// Of the bits of `mask`, exactly those of `value` are set.
    Masked {
        /// The bits that are looked at.
        mask: u64,
        /// What they must be.
        value: u64,
    },
    /// At least one of these bits is set.
    AnyBit(u64),
    /// It is less.
    Below(u64),
    /// It is this or more.
    AtLeast(u64),
}

/// A test of one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// 0 to 5.
    pub argument: u8,
    /// How much of it.
    pub width: Width,
    /// The test.
    pub test: Test,
}

/// A condition on an argument that the kernel takes as 32 bits.
pub const fn int(argument: u8, test: Test) -> Condition {
    Condition {
        argument,
        width: Width::Int,
        test,
    }
}

/// A condition on an argument that the kernel takes as 64 bits.
pub const fn long(argument: u8, test: Test) -> Condition {
    Condition {
        argument,
        width: Width::Long,
        test,
    }
}

impl Condition {
    /// Whether the arguments of a call meet it.
    pub fn holds(&self, arguments: &[u64; 6]) -> bool {
        let register = arguments
            .get(usize::from(self.argument))
            .copied()
            .unwrap_or_default();
        let value = match self.width {
            Width::Int => register & u64::from(u32::MAX),
            Width::Long => register,
        };
        match self.test {
            Test::Equals(operand) => value == operand,
            Test::Differs(operand) => value != operand,
            Test::Masked {
                mask,
                value: operand,
            } => value & mask == operand,
            Test::AnyBit(mask) => value & mask != 0,
            Test::Below(operand) => value < operand,
            Test::AtLeast(operand) => value >= operand,
        }
    }

    /// Refuses what cannot mean what it says.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.argument > 5 {
            return Err(Error::Argument(self.argument));
        }
        let (operand, within) = match self.test {
            Test::Masked { mask, value } => (value | mask, value & !mask == 0),
            Test::Equals(operand)
            | Test::Differs(operand)
            | Test::AnyBit(operand)
            | Test::Below(operand)
            | Test::AtLeast(operand) => (operand, true),
        };
        let fits = self.width == Width::Long || u32::try_from(operand).is_ok();
        if within && fits {
            return Ok(());
        }
        Err(Error::Operand {
            argument: self.argument,
            operand,
        })
    }
}

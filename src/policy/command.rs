//! Which commands may be started.

use super::value::ArgvPattern;
use serde::Deserialize;

/// `command`: whole argument vectors; absent means any, and must be stated where `secrets` is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Command {
    /// The argument vectors that may be started; `None`: any.
    pub allow: Option<Vec<ArgvPattern>>,
}

//! How often each endpoint was asked.

use std::collections::BTreeMap;

/// Requests so far, faults included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Container metadata.
    pub container: usize,
    /// Task metadata.
    pub task: usize,
    /// Credentials.
    pub credentials: usize,
    /// Systems Manager and S3.
    pub documents: usize,
    /// KMS, by operation.
    pub kms: BTreeMap<String, usize>,
    /// The most KMS requests that were under way at the same time.
    pub kms_at_once: usize,
    pub(super) kms_under_way: usize,
}

impl Counts {
    /// Requests for one KMS operation.
    pub fn kms(&self, operation: &str) -> usize {
        self.kms.get(operation).copied().unwrap_or_default()
    }

    pub(super) fn kms_begins(&mut self, operation: &str) {
        *self.kms.entry(operation.to_owned()).or_default() += 1;
        self.kms_under_way += 1;
        self.kms_at_once = self.kms_at_once.max(self.kms_under_way);
    }

    pub(super) fn kms_ends(&mut self) {
        self.kms_under_way -= 1;
    }
}

//! The reporter on real descriptors, and one of each event for the validator in `tests/ocsf`.

#[cfg(test)]
mod descriptors;
#[cfg(test)]
mod samples;

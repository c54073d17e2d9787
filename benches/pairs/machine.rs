//! On what the figures were taken: they mean nothing without it.

use std::fs;
use std::io;

/// Kernel, processor, and how many of them.
pub fn describe() -> io::Result<String> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let models: Vec<_> = cpus
        .lines()
        .filter_map(|line| line.strip_prefix("model name")?.split(": ").nth(1))
        .collect();
    Ok(format!(
        "kernel {}, {} x {}",
        release.trim(),
        models.len(),
        models.first().unwrap_or(&"unknown processor"),
    ))
}

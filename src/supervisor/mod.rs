//! PID 1: starts the application, forwards signals, reaps, answers what leaves the envelope, ends with its status.

mod child;
mod handover;
mod launch;
mod notify;
mod program;
mod reaper;
mod remains;
mod signals;
mod spawn;
mod start;
mod supervise;
mod tree;
mod wait;

pub use launch::{Launch, Parts};
pub use program::Program;
pub use signals::Forwarding;
pub use spawn::{Child, Failed, exec_in_place, spawn};
pub use start::{Helper, Outcome};
pub use supervise::{Ended, Supervisor};

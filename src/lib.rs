//! micro-enforcer: PID 1 in front of an application on Amazon ECS and Fargate.
//!
//! [`start::run`] is the table of contents: each step takes what the step before it returned, and there is no other
//! way to get it. Data flows down this list of modules.

pub mod cli;
pub mod policy;

pub mod admission;
pub mod aws;
pub mod image;
pub mod secrets;

pub mod identity;
pub mod prepare;
pub mod sandbox;
pub mod stdio;

pub mod controls;
pub mod report;
pub mod start;
pub mod supervisor;

pub mod control;
#[cfg(feature = "workbench")]
pub mod ctl;
pub mod finding;
pub mod probe;
pub mod refusal;
pub mod step;
pub mod sys;

#[cfg(feature = "workbench")]
pub mod ctl;

pub use start::main;

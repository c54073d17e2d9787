//! micro-enforcer: PID 1 in front of an application on Amazon ECS and Fargate.
//!
//! [`run`] is the table of contents. Each step takes what the step before it returned, and there is no other way to
//! get it; data flows down the list of modules.

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
mod start;
pub mod supervisor;

pub mod control;
pub mod finding;
pub mod probe;
pub mod refusal;
pub mod sandbox;
pub mod sys;

//! micro-enforcer: PID 1 in front of an application on Amazon ECS and Fargate.

pub mod cli;
pub mod control;
pub mod finding;
pub mod policy;
pub mod refusal;
pub mod sandbox;
pub mod sys;

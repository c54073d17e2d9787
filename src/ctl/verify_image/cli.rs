//! The command line of `verify-image`.

use clap::Args;

pub(in crate::ctl) const EXAMPLES: &str = "\
Examples:
  enforcerctl verify-image registry.example/orders:2.4.1 --base registry.example/base@sha256:…
  docker save orders:2.4.1 > orders.tar && enforcerctl verify-image orders.tar --base registry.example/base@sha256:…
What is compared: the entry point, the wrapper's file and all of /etc/micro-enforcer, with owner and mode.
A policy of the image's own is accepted where the base's trust.yaml has it signed, else with --own-policy.";

#[derive(Debug, Args)]
pub(in crate::ctl) struct VerifyImage {
    /// The image: in a registry, or the file that `docker save` writes
    pub image: String,
    /// The approved base image, by digest; or a file
    #[arg(long, value_name = "IMAGE")]
    pub base: String,
    /// Accept a policy.yaml that is not the base's
    #[arg(long)]
    pub own_policy: bool,
}

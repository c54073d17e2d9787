//! The boot helper's beginning and end, as the supervisor sees it.

use super::{Begun, Stop, facts};
use crate::aws::{self, BootRequest, BootResult, Budgets};
use crate::cli::Invocation;
use crate::policy::Policy;
use crate::refusal::{Code, Refusal};
use crate::secrets::Plan;
use crate::supervisor::{Helper, Outcome};
use std::time::{Duration, Instant};

/// The helper keeps its own deadlines and says which one it missed; this is for a helper that does not.
const SLACK: Duration = Duration::from_secs(2);

/// What the network is asked for, while it is being asked.
#[derive(Debug)]
#[must_use]
pub(crate) struct Boot {
    helper: Option<Helper>,
    deadline: Instant,
}

impl Boot {
    /// Forks the helper, if there is anything to ask for.
    pub(crate) fn begin(
        invocation: &Invocation,
        policy: &Policy,
        plan: &Plan,
        begun: &Begun,
    ) -> Result<Self, Stop> {
        let deadline = begun.began + policy.start.timeout.get();
        let request = BootRequest {
            settings: &invocation.settings,
            platform: policy.platform,
            aws: &policy.aws,
            image: &policy.image,
            applies_to: &policy.applies_to,
            mode: policy.mode,
            plan,
            secrets: &policy.secrets,
            deadline,
            budgets: Budgets::default(),
        };
        let needed = aws::is_needed(&request);
        let helper = needed
            .then(|| Helper::start(|output| aws::run(&request, output)))
            .transpose()?;
        Ok(Self { helper, deadline })
    }

    /// Waits for the result.
    pub(crate) fn finish(self, begun: &mut Begun) -> Result<BootResult, Stop> {
        let Some(helper) = self.helper else {
            return Ok(BootResult::default());
        };
        let result = match helper.finish(&begun.signals, self.deadline + SLACK)? {
            Outcome::Result(frame) => aws::decode(&frame)?,
            Outcome::Nothing => return Err(lost().into()),
            Outcome::Interrupted(signal) => return Err(Stop::Interrupted(signal)),
        };
        if let Some(task) = &result.task {
            begun
                .report
                .set_task(facts::task(task, result.image.as_ref()));
        }
        Ok(result)
    }
}

fn lost() -> Refusal {
    Refusal::new(
        Code::Usage,
        "internal",
        "the boot helper ended without a result",
        "start again; if it comes back, look for what kills processes here (memory limit, seccomp profile)",
    )
}

//! The boot helper's beginning and end, as the supervisor sees it.

use super::{Begun, Stop, facts};
use crate::aws::{self, BootRequest, BootResult, Budgets, GatherRequest, Gathered};
use crate::cli::Invocation;
use crate::documents::Grounds;
use crate::policy::{self, Aws, Platform, Policy, Start};
use crate::refusal::{Code, Refusal};
use crate::secrets::{Plan, expand};
use crate::supervisor::{Helper, Outcome};
use crate::trust::Trust;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// The helper keeps its own deadlines and says which one it missed; this is for a helper that does not.
const SLACK: Duration = Duration::from_secs(2);

/// What has to be known before the policy is: fetched by a helper of its own, if there is anything.
pub(super) fn gather(
    grounds: &Grounds,
    invocation: &Invocation,
    begun: &mut Begun,
) -> Result<Gathered, Stop> {
    let sources = grounds.sources();
    if sources.is_empty() && !grounds.wants_task() {
        return Ok(Gathered::default());
    }
    let default = Aws::default();
    let trust = grounds.trust.as_ref();
    let here = if grounds.on_ecs {
        Platform::Ecs
    } else {
        Platform::Local
    };
    let deadline = begun.began + Start::default().timeout.get();
    let request = GatherRequest {
        settings: &invocation.settings,
        platform: trust.and_then(|trust| trust.platform).unwrap_or(here),
        aws: trust.map_or(&default, |trust| &trust.aws),
        sources: &sources,
        has_trust: trust.is_some(),
        wants_task: grounds.wants_task(),
        deadline,
        budgets: Budgets::default(),
    };
    let helper = Helper::start(|output| aws::gather(&request, output))?;
    let frame = finished(helper, begun, deadline)?;
    let gathered = aws::decode_gathered(&frame)?;
    if let Some(task) = &gathered.task {
        begun.report.set_task(facts::task(task, None));
    }
    Ok(gathered)
}

/// The frame of a helper that has one.
fn finished(helper: Helper, begun: &Begun, deadline: Instant) -> Result<Zeroizing<Vec<u8>>, Stop> {
    match helper.finish(&begun.signals, deadline + SLACK)? {
        Outcome::Result(frame) => Ok(frame),
        Outcome::Nothing => Err(lost().into()),
        Outcome::Interrupted(signal) => Err(Stop::Interrupted(signal)),
    }
}

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
        trust: Option<&Trust>,
        plan: &Plan,
        begun: &Begun,
    ) -> Result<Self, Stop> {
        let deadline = begun.began + policy.start.timeout.get();
        let request = BootRequest {
            settings: &invocation.settings,
            platform: policy.platform,
            aws: &policy.aws,
            image: &policy.image,
            trust,
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
    pub(crate) fn finish(
        self,
        invocation: &Invocation,
        secrets: &policy::Secrets,
        begun: &mut Begun,
    ) -> Result<BootResult, Stop> {
        let Some(helper) = self.helper else {
            return Ok(BootResult::default());
        };
        let mut result = aws::decode(&finished(helper, begun, self.deadline)?)?;
        if let Some(task) = &result.task {
            begun
                .report
                .set_task(facts::task(task, result.image.as_ref()));
        }
        result.opened = expand(&invocation.environment, secrets, result.opened)?;
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

//! Asking again, with full jitter, until a budget ends.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// How long the steps of the boot helper may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// To learn the image's identity.
    pub identity: Duration,
    /// To get the task role's credentials.
    pub credentials: Duration,
    /// To fetch every document.
    pub sources: Duration,
    /// To open every sealed value.
    pub secrets: Duration,
    /// One request.
    pub attempt: Duration,
    /// Longest first pause; it doubles with every attempt.
    pub first_pause: Duration,
    /// No pause is longer.
    pub longest_pause: Duration,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            identity: Duration::from_secs(15),
            credentials: Duration::from_secs(15),
            sources: Duration::from_secs(15),
            secrets: Duration::from_secs(20),
            attempt: Duration::from_secs(5),
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(2),
        }
    }
}

impl Budgets {
    /// Attempts that end `within` from now, and never after `deadline`.
    pub(super) fn until(&self, deadline: std::time::Instant, within: Duration) -> Retry {
        Retry {
            deadline: Instant::from_std(deadline).min(Instant::now() + within),
            budgets: *self,
        }
    }
}

/// What became of one attempt.
pub(super) enum Failure<E> {
    /// Another attempt may succeed.
    Again(E),
    /// None will.
    Final(E),
}

/// Attempts until a deadline.
#[derive(Clone, Copy)]
pub(super) struct Retry {
    deadline: Instant,
    budgets: Budgets,
}

impl Retry {
    /// Calls `attempt` until it succeeds, fails for good, or the time is over; then the last error
    /// that was more than silence is returned.
    pub(super) async fn run<T, E>(
        self,
        silence: impl Fn() -> E,
        mut attempt: impl AsyncFnMut() -> Result<T, Failure<E>>,
    ) -> Result<T, E> {
        let mut longest = self.budgets.first_pause;
        let mut last = None;
        loop {
            let limit = self.deadline.min(Instant::now() + self.budgets.attempt);
            let error = match timeout_at(limit, attempt()).await {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(Failure::Final(error))) => return Err(error),
                Ok(Err(Failure::Again(error))) => error,
                Err(_) => last.take().unwrap_or_else(&silence),
            };
            let pause = jitter(longest);
            if Instant::now() + pause >= self.deadline {
                return Err(error);
            }
            last = Some(error);
            sleep(pause).await;
            longest = (longest * 2).min(self.budgets.longest_pause);
        }
    }
}

/// Between nothing and `longest`. The standard library seeds its hash tables at random, and that is
/// random enough to keep a thousand tasks from asking at once.
fn jitter(longest: Duration) -> Duration {
    let random = RandomState::new().hash_one(());
    let share = u32::try_from(random >> 32).unwrap_or(u32::MAX);
    longest.mul_f64(f64::from(share) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(within: Duration) -> Retry {
        let budgets = Budgets {
            attempt: Duration::from_millis(20),
            first_pause: Duration::from_millis(2),
            longest_pause: Duration::from_millis(4),
            ..Budgets::default()
        };
        budgets.until(std::time::Instant::now() + Duration::from_secs(5), within)
    }

    fn block_on<T>(test: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        runtime.unwrap().block_on(test)
    }

    #[test]
    fn an_attempt_that_succeeds_late_counts() {
        let mut left = 3;
        let answer = block_on(async {
            retry(Duration::from_secs(5))
                .run(
                    || "silence",
                    async || {
                        left -= 1;
                        if left > 0 {
                            Err(Failure::Again("not yet"))
                        } else {
                            Ok(7)
                        }
                    },
                )
                .await
        });
        assert_eq!(answer, Ok(7));
    }

    #[test]
    fn a_final_failure_is_not_repeated() {
        let mut attempts = 0;
        let answer = block_on(async {
            retry(Duration::from_secs(5))
                .run(
                    || "silence",
                    async || {
                        attempts += 1;
                        Err::<(), _>(Failure::Final("never"))
                    },
                )
                .await
        });
        assert_eq!((answer, attempts), (Err("never"), 1));
    }

    #[test]
    fn when_the_time_is_over_the_last_answer_is_the_error() {
        let mut attempts = 0;
        let answer = block_on(async {
            retry(Duration::from_millis(60))
                .run(
                    || "silence",
                    async || {
                        attempts += 1;
                        match attempts {
                            1 => Err::<(), _>(Failure::Again("denied")),
                            _ => std::future::pending().await,
                        }
                    },
                )
                .await
        });
        assert_eq!(answer, Err("denied"));
        let silent = block_on(async {
            retry(Duration::from_millis(30))
                .run(
                    || "silence",
                    async || std::future::pending::<Result<(), _>>().await,
                )
                .await
        });
        assert_eq!(silent, Err("silence"));
    }

    #[test]
    fn pauses_are_spread_below_their_bound() {
        let pauses: std::collections::BTreeSet<_> =
            (0..64).map(|_| jitter(Duration::from_secs(1))).collect();
        assert!(pauses.len() > 32 && pauses.iter().all(|p| *p <= Duration::from_secs(1)));
    }
}

//! What a container can know of its own id, so that it does not believe another container's
//! metadata. Often nothing is known (awsvpc names the host after the address, cgroup namespaces hide
//! the path); then the agent's unguessable URI is all there is, and it is believed.

use crate::policy::Platform;
use std::fs;

/// The container's own id, as far as it can be known.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// Ids that must be a prefix of the true one.
    known: Vec<String>,
}

impl Own {
    /// Asks the URI, and on ECS the host name and the control group.
    pub(super) fn learn(uri: &str, platform: Platform) -> Self {
        let mut own = Self::of_uri(uri);
        if platform == Platform::Ecs {
            let host_name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
            let control_groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
            own.known.extend(of_host_name(&host_name));
            own.known
                .extend(control_groups.lines().filter_map(of_control_group));
        }
        own
    }

    /// On Fargate the URI ends with the container's id.
    pub(super) fn of_uri(uri: &str) -> Self {
        let last = uri.trim_end_matches('/').rsplit('/').next();
        Self {
            known: last
                .filter(|id| is_fargate(id))
                .map(str::to_owned)
                .into_iter()
                .collect(),
        }
    }

    /// The id that says that `docker_id` is another container's.
    pub(super) fn contradicts(&self, docker_id: &str) -> Option<&str> {
        self.known
            .iter()
            .map(String::as_str)
            .find(|id| !docker_id.starts_with(id))
    }
}

/// Docker names the host after the first twelve digits of the id, unless told otherwise.
fn of_host_name(name: &str) -> Option<String> {
    let name = name.trim_end();
    (name.len() == 12 && is_hex(name)).then(|| name.to_owned())
}

/// `…/ecs/TASK/CONTAINER`, where there is no control group namespace.
fn of_control_group(line: &str) -> Option<String> {
    let (path, id) = line.rsplit_once('/')?;
    (path.contains("/ecs/") && (is_fargate(id) || id.len() == 64 && is_hex(id)))
        .then(|| id.to_owned())
}

/// `TASK-NUMBER`: 32 hex digits, a dash, decimal digits.
fn is_fargate(id: &str) -> bool {
    id.split_once('-').is_some_and(|(task, number)| {
        task.len() == 32
            && is_hex(task)
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    })
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FARGATE: &str = "cd189a933e5849daa93386466019ab50-2495160603";

    #[test]
    fn the_uri_of_fargate_names_its_container() {
        let own = Own::of_uri(&format!("http://169.254.170.2/v4/{FARGATE}"));
        assert_eq!(own.contradicts(FARGATE), None);
        assert_eq!(
            own.contradicts("0d189a933e5849daa93386466019ab50-1"),
            Some(FARGATE)
        );
    }

    #[test]
    fn what_names_nothing_contradicts_nothing() {
        let own = Own::of_uri("http://169.254.170.2/v4/2d0d1cf8-0e4d-4a2f-9c8e-aa43bd4f2d2a");
        assert_eq!(own.contradicts("anything"), None);
    }

    #[test]
    fn host_name_and_control_group_are_used_where_they_show_an_id() {
        assert_eq!(
            of_host_name("0123456789ab\n").as_deref(),
            Some("0123456789ab")
        );
        assert_eq!(of_host_name("ip-10-0-0-1.ec2.internal"), None);
        let id = "a".repeat(64);
        assert_eq!(
            of_control_group(&format!("4:memory:/ecs/task/{id}")),
            Some(id)
        );
        assert_eq!(
            of_control_group(&format!("9:x:/ecs/task/{FARGATE}")).as_deref(),
            Some(FARGATE)
        );
        assert_eq!(of_control_group("0::/"), None);
        assert_eq!(of_control_group("0::/system.slice/docker.service"), None);
    }
}

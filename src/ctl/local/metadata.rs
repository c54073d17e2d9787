//! Task metadata version 4, as Fargate and as the agent on EC2 write it.

use super::config::{ACCOUNT, Launch, REGION, Task};
use super::fault::Whose;
use serde_json::{Value, json};

/// The id in the metadata address of our own container.
pub(super) const CONTAINER_ID: &str = "7b3c1d09f8e64a52b1c0d9e8f7a6b5c4-1234567890";
const OTHER_ID: &str = "7b3c1d09f8e64a52b1c0d9e8f7a6b5c4-0987654321";
const TASK_ID: &str = "7b3c1d09f8e64a52b1c0d9e8f7a6b5c4";

/// `${ECS_CONTAINER_METADATA_URI_V4}`
pub(super) fn container(task: &Task, whose: Whose) -> Value {
    match whose {
        Whose::Ours => describe(task, CONTAINER_ID, &task.container),
        Whose::SomebodyElses => describe(task, OTHER_ID, "sidecar"),
    }
}

/// The same of another container, under its own id.
pub(super) fn of(task: &Task, id: &str) -> Value {
    describe(task, id, &task.container)
}

/// The id of the container with this number.
pub(super) fn id(number: usize) -> String {
    format!("{TASK_ID}-{number:010}")
}

/// `${ECS_CONTAINER_METADATA_URI_V4}/task`
pub(super) fn task(task: &Task, whose: Whose) -> Value {
    let family = match whose {
        Whose::Ours => task.family.as_str(),
        Whose::SomebodyElses => "somebody-elses",
    };
    let mut document = json!({
        "Cluster": format!("arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{}", task.cluster),
        "TaskARN": task_arn(task),
        "Family": family,
        "Revision": "12",
        "DesiredStatus": "RUNNING",
        "KnownStatus": "RUNNING",
        "Limits": {"CPU": 0.25, "Memory": 512},
        "PullStartedAt": "2026-11-01T12:00:00.000000000Z",
        "PullStoppedAt": "2026-11-01T12:00:02.000000000Z",
        "AvailabilityZone": format!("{REGION}a"),
        "LaunchType": launch_type(task),
        "Containers": [
            container(task, Whose::Ours),
            container(task, Whose::SomebodyElses),
        ],
    });
    match task.launch {
        Launch::Fargate => document["ClockDrift"] = json!({"ClockErrorBound": 0.5}),
        Launch::Ec2 => document["VPCID"] = json!("vpc-0123456789abcdef0"),
    }
    document
}

fn describe(task: &Task, id: &str, name: &str) -> Value {
    json!({
        "DockerId": id,
        "Name": name,
        "DockerName": format!("ecs-{}-12-{name}", task.family),
        "Image": task.image,
        "ImageID": task.image_id(),
        "Labels": {
            "com.amazonaws.ecs.cluster": task.cluster,
            "com.amazonaws.ecs.container-name": name,
            "com.amazonaws.ecs.task-arn": task_arn(task),
            "com.amazonaws.ecs.task-definition-family": task.family,
            "com.amazonaws.ecs.task-definition-version": "12",
        },
        "DesiredStatus": "RUNNING",
        "KnownStatus": "RUNNING",
        "Limits": {"CPU": 2},
        "CreatedAt": "2026-11-01T12:00:03.000000000Z",
        "StartedAt": "2026-11-01T12:00:03.000000000Z",
        "Type": "NORMAL",
        "ContainerARN": format!("arn:aws:ecs:{REGION}:{ACCOUNT}:container/{}/{TASK_ID}/{id}", task.cluster),
        "Networks": [{"NetworkMode": "awsvpc", "IPv4Addresses": ["10.0.0.10"]}],
    })
}

fn task_arn(task: &Task) -> String {
    format!(
        "arn:aws:ecs:{REGION}:{ACCOUNT}:task/{}/{TASK_ID}",
        task.cluster
    )
}

fn launch_type(task: &Task) -> &'static str {
    match task.launch {
        Launch::Fargate => "FARGATE",
        Launch::Ec2 => "EC2",
    }
}

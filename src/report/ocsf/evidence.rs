//! `evidences`: who did it, to what, in which container.

use crate::finding::{Finding, Process};
use crate::report::scope::{Scope, TaskFacts, base_name};
use serde::Serialize;
use std::net::{IpAddr, SocketAddr};

/// More ancestors than this are left out.
const MOST_ANCESTORS: usize = 8;

/// `evidences`
#[derive(Serialize)]
pub struct Evidence {
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<ProcessItem>,
    #[serde(flatten)]
    object: Object,
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<Container>,
}

impl Evidence {
    pub fn of(scope: &Scope, finding: &Finding, limit: usize) -> Self {
        Self {
            process: finding
                .process
                .as_ref()
                .map(|process| ProcessItem::of(scope, process, limit)),
            object: Object::of(scope, finding, limit),
            container: scope
                .task
                .as_ref()
                .map(|task| Container::of(scope, task, limit)),
        }
    }
}

/// What the finding is about, where the schema has a place for it.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Object {
    File(File),
    DstEndpoint(Endpoint),
    SrcEndpoint(Endpoint),
    Api { operation: String },
    Data { object: String },
}

impl Object {
    fn of(scope: &Scope, finding: &Finding, limit: usize) -> Self {
        let raw = finding.object.as_slice();
        let (family, rest) = finding.rule.name.split_once('.').unwrap_or_default();
        match (family, rest) {
            ("file" | "exec", _) if raw.starts_with(b"/") => {
                Self::File(File::of(scope, raw, limit))
            }
            ("network", "listen") => Self::SrcEndpoint(Endpoint::of(scope, raw, limit)),
            ("network", _) => Self::DstEndpoint(Endpoint::of(scope, raw, limit)),
            ("syscall", _) => Self::Api {
                operation: scope.bytes(raw, limit),
            },
            _ => Self::Data {
                object: scope.bytes(raw, limit),
            },
        }
    }
}

/// `file`
#[derive(Serialize)]
struct File {
    name: String,
    path: String,
    type_id: u32,
}

impl File {
    /// What kind of file it is was not looked at.
    fn of(scope: &Scope, path: &[u8], limit: usize) -> Self {
        Self {
            name: scope.bytes(base_name(path), limit),
            path: scope.bytes(path, limit),
            type_id: 0,
        }
    }
}

/// `network_endpoint`: `10.0.0.1:443`, an address, or whatever it was called.
#[derive(Serialize)]
struct Endpoint {
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl Endpoint {
    fn of(scope: &Scope, object: &[u8], limit: usize) -> Self {
        let text = str::from_utf8(object).unwrap_or_default();
        let (ip, port) = match text.parse::<SocketAddr>() {
            Ok(socket) => (Some(socket.ip()), Some(socket.port())),
            Err(_) => (text.parse::<IpAddr>().ok(), None),
        };
        Self {
            name: ip.is_none().then(|| scope.bytes(object, limit)),
            ip: ip.map(|ip| ip.to_string()),
            port,
        }
    }
}

/// `process`
#[derive(Serialize)]
struct ProcessItem {
    pid: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace_pid: Option<i32>,
    name: String,
    file: File,
    #[serde(skip_serializing_if = "Option::is_none")]
    cmd_line: Option<String>,
    user: User,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ancestry: Vec<Ancestor>,
}

#[derive(Serialize)]
struct User {
    uid: String,
}

#[derive(Serialize)]
struct Ancestor {
    name: String,
}

impl ProcessItem {
    fn of(scope: &Scope, process: &Process, limit: usize) -> Self {
        let ancestors = process.parents.iter().take(MOST_ANCESTORS);
        Self {
            pid: process.pid,
            namespace_pid: scope.task.as_ref().map(|_| process.pid),
            name: scope.bytes(&process.name, limit),
            file: File::of(scope, &process.executable, limit),
            cmd_line: scope.command_line(&process.arguments, limit),
            user: User {
                uid: process.uid.to_string(),
            },
            ancestry: ancestors
                .map(|name| Ancestor {
                    name: scope.bytes(name, limit),
                })
                .collect(),
        }
    }
}

/// `container`
#[derive(Serialize)]
struct Container {
    name: String,
    uid: String,
    image: Image,
    orchestrator: &'static str,
}

/// `image`
#[derive(Serialize)]
struct Image {
    name: String,
    uid: String,
}

impl Container {
    fn of(scope: &Scope, task: &TaskFacts, limit: usize) -> Self {
        Self {
            name: scope.text(&task.container, limit),
            uid: scope.text(&task.container_id, limit),
            image: Image {
                name: scope.text(&task.image, limit),
                uid: scope.text(&task.image_id, limit),
            },
            orchestrator: "ECS",
        }
    }
}

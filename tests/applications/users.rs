//! Servers whose workers change their user.

use crate::support::{SETGID, SETUID};
use crate::workload::{Start, Workload, needs, quiet};
use serde_json::Value;

/// What a master does that starts its workers as somebody else, who then work as everybody does.
const MASTER: &str = "
import os, socket, subprocess
server = socket.create_server(('10.99.0.1', 8080))
child = os.fork()
if child == 0:
    os.setgroups([])
    os.setresgid(20002, 20002, 20002)
    os.setresuid(20002, 20002, 20002)
    print('worker', os.getresuid(), os.listdir('/proc/self/fd') != [], flush=True)
    client, _ = server.accept()
    client.sendall(subprocess.run(['id', '-u'], capture_output=True).stdout)
    client.close()
    socket.create_connection(('10.99.0.1', 8080)).close()
    open('/tmp/worker', 'w').write('x')
    os._exit(0)
with socket.create_connection(('10.99.0.1', 8080)) as client:
    print(client.recv(100))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print('the end')
";

const WORK: &str = "b'20002\\n'\n0\nthe end\n";

/// Who has changed its user cannot be looked into, so that it starts no program and connects to nobody, unless the
/// platform gives `SYS_PTRACE`.
#[test]
fn workers_that_change_their_user_need_sys_ptrace_and_the_start_says_so() {
    needs("/usr/bin/python3");
    let workload = Workload::new(&["/usr/bin/python3", "-c", MASTER]);
    let (bare, enforced) = workload.keeping("SETUID, SETGID", SETUID | SETGID).ended();
    bare.says(WORK);
    for (start, finished) in enforced {
        finished.exits(0);
        let controls = finished.start()["unmapped"]["enforcer"]["controls"].clone();
        if start == Start::Tracing {
            assert_eq!(finished.out(), bare.out(), "{finished:?}");
            quiet(start, &finished);
            assert!(!controls.to_string().contains(COST), "{controls}");
        } else {
            assert!(
                !finished.out().contains(WORK),
                "started by {start:?}: {finished:?}"
            );
            finished.reports("exec.denied");
            for name in ["exec", "network"] {
                assert!(costs(&controls, name), "{name}: {controls}");
            }
        }
    }
}

const COST: &str = "who changes its user";

fn costs(controls: &Value, name: &str) -> bool {
    let mut named = controls
        .as_array()
        .unwrap()
        .iter()
        .filter(|control| control["name"] == name);
    named.any(|control| control["reason"].as_str().unwrap().contains(COST))
}

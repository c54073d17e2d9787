//! Servers whose workers change their user.

use crate::support::{Finished, SETGID, SETUID};
use crate::workload::{Workload, needs};

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

/// The start event says what a change of user costs, before it happens.
#[test]
#[ignore = "the start event does not say it yet"]
fn workers_that_change_their_user_work_and_the_start_says_what_that_costs() {
    needs("/usr/bin/python3");
    let workload = Workload::new(&["/usr/bin/python3", "-c", MASTER]);
    let (bare, enforced) = workload.keeping("SETUID, SETGID", SETUID | SETGID).ended();
    for (start, finished) in enforced {
        assert_eq!(
            finished.out(),
            bare.out(),
            "started by {start:?}: {finished:?}"
        );
        assert!(
            says_the_cost(&finished),
            "started by {start:?}: {finished:?}"
        );
    }
}

fn says_the_cost(finished: &Finished) -> bool {
    let start = finished.start();
    let controls = start["unmapped"]["enforcer"]["controls"]
        .as_array()
        .unwrap();
    let mut reasons = controls
        .iter()
        .filter_map(|control| control["reason"].as_str());
    reasons.any(|reason| reason.contains("change of user"))
}

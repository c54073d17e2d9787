//! What happens when something fails that nobody planned for: processes of ours that are killed, resources that run out,
//! and hours of work in a minute.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

#[path = "../support/mod.rs"]
mod support;

mod killed;
mod resources;
mod soak;

use support::{Container, Network, Policy, Setting};

/// Every section that holds calls up.
fn policy() -> Policy {
    Policy::new()
        .section(
            "exec",
            "{new_allowed: [/usr/**], max_processes: 200, new_libraries: audit}",
        )
        .section("files", "{writable: [/home/app, /tmp], report: true}")
        .section("network", "{connect: [{to: 10.99.0.1}], listen: [8080]}")
}

/// The same in every way to start, in a network with neighbours.
fn everywhere(test: impl Fn(Setting, Container)) {
    let _network = Network::new();
    for &setting in Setting::ALL {
        test(setting, setting.container(&policy()));
    }
}

/// Programs, connections, files and processes, over and over; between them what the policy refuses, which leaves a mark
/// once it is not.
const LOAD: &str = "
import os, socket, subprocess, sys, threading, time
stop = time.monotonic() + float(sys.argv[1])
open('/tmp/new', 'wb').write(open('/usr/bin/true', 'rb').read())
os.chmod('/tmp/new', 0o755)
errors, rounds = set(), [0] * 4
def again(place, work):
    while time.monotonic() < stop:
        try: work()
        except OSError as error: errors.add((work.__name__, error.errno))
        rounds[place] += 1
def programs():
    subprocess.run(['/usr/bin/true'], check=False)
def connections():
    with socket.create_connection(('10.99.0.1', 7000), 5): pass
def files():
    with open('/tmp/file', 'w') as file: file.write('x')
def forbidden():
    for name, work in (
        ('program', lambda: subprocess.run(['/tmp/new'], check=True)),
        ('connection', lambda: socket.create_connection(('10.99.0.2', 7000), 1)),
        ('file', lambda: open('/data/mark', 'w')),
    ):
        try: work()
        except (OSError, subprocess.CalledProcessError): continue
        print('unenforced', name, flush=True)
threads = [threading.Thread(target=again, args=pair) for pair in enumerate((programs, connections, files, forbidden))]
print('loaded', flush=True)
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print('rounds', min(rounds) > 0, 'errors', sorted(errors - {('forbidden', 13)}), flush=True)
";

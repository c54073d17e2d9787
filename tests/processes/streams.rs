//! Sockets on the standard streams of a shell or an interpreter that already runs, and what it then starts.

use crate::container;
use crate::support::{Finished, Policy};

const RULE: &str = "exec.reverse_shell";

/// Python with a socket of each kind to move.
fn python(reverse_shell: &str, mode: &str, code: &str) -> Finished {
    let exec = format!("{{new_allowed: [/usr/**], reverse_shell: {reverse_shell}}}");
    let policy = Policy::new().section("exec", exec).section("mode", mode);
    let prelude = "
import os, pty, socket, subprocess
listener = socket.create_server(('127.0.0.1', 0))
network = socket.create_connection(listener.getsockname())
local, other = socket.socketpair()
output = os.dup(1)
def take(what):
    for stream in range(3): os.dup2(what.fileno(), stream)
def went(status):
    os.dup2(output, 2)
    os.write(output, b'status %d\\n' % os.waitstatus_to_exitcode(status))
";
    let script = format!("{prelude}{code}");
    container(&policy).run(["/usr/bin/python3", "-c", &script])
}

/// The well-known one: the shell gets a terminal, and what it says goes through the interpreter.
const BY_TERMINAL: &str = "take(network); went(pty.spawn(['/bin/sh', '-c', 'true']))";
const BY_PIPE: &str = "take(network); went(os.system('exec </dev/null; true'))";
const BY_OTHERS: &str = "take(network); went(subprocess.run(['/usr/bin/env', '/bin/sh', '-c', 'true'], stdin=-3, stdout=-3, stderr=-3).returncode)";

#[test]
fn a_shell_behind_a_terminal_that_leads_to_the_network_is_killed() {
    for code in [BY_TERMINAL, BY_PIPE] {
        let finished = python("kill", "enforce", code);
        finished.exits(0).says("status -9").reports(RULE);
    }
    python("kill", "enforce", BY_OTHERS).exits(0).reports(RULE);
}

#[test]
fn the_policy_says_how_far_it_goes() {
    python("stop", "enforce", BY_TERMINAL)
        .exits(210)
        .reports(RULE);
    for (effect, mode) in [("audit", "enforce"), ("stop", "audit")] {
        let finished = python(effect, mode, BY_TERMINAL);
        finished.exits(0).says("status 0").reports(RULE);
        assert_eq!(finished.events_of(RULE)[0]["disposition"], "Detected");
    }
    let finished = python("allow", "enforce", BY_TERMINAL);
    assert_eq!(finished.exits(0).findings().len(), 0, "{finished:?}");
}

#[test]
fn other_sockets_and_other_programs_are_nobody_s_business() {
    for code in [
        "take(local); went(os.system('exec </dev/null; true'))",
        "take(listener); went(os.system('exec </dev/null; true'))",
        "take(network); went(pty.spawn(['/usr/bin/true']))",
        "went(pty.spawn(['/bin/sh', '-c', 'true']))",
    ] {
        let finished = python("kill", "enforce", code);
        finished.exits(0).says("status 0");
        assert_eq!(finished.findings().len(), 0, "{finished:?}");
    }
}

#[test]
fn a_shell_s_redirections_go_on() {
    let policy = Policy::new().section("exec", "{new_allowed: [/usr/**]}");
    let script = "exec 5</etc/passwd; read -r line <&5; echo $line | cat 2>&1; { echo a; echo b >&2; } 2>&1 | sort -r; \
                  cat <<E\nhere\nE\n";
    for shell in ["/bin/dash", "/bin/bash"] {
        let finished = container(&policy).run([shell, "-c", script]);
        finished.exits(0).says("root:x:0").says("b\na\nhere");
        assert_eq!(finished.findings().len(), 0, "{finished:?}");
    }
}

/// Nothing is executed after it: the builtins of a shell are enough.
#[test]
fn an_interpreter_that_takes_a_connection_for_a_standard_stream_is_killed_within_seconds() {
    const STAYS: &str = "take(network); import time; time.sleep(3); os.write(output, b'it stayed')";
    let finished = python("kill", "enforce", STAYS);
    finished.exits(128 + libc::SIGKILL).reports(RULE);
    let finished = python("audit", "enforce", STAYS);
    finished.exits(0).says("it stayed");
    assert_eq!(finished.events_of(RULE).len(), 1, "{finished:?}");
    let local = python("kill", "enforce", &STAYS.replace("network", "local"));
    assert_eq!(local.exits(0).findings().len(), 0, "{local:?}");
}

#[test]
fn a_shell_that_needs_nothing_but_its_builtins_is_killed_within_seconds() {
    const SHELL: &str = "exec 5<>/dev/tcp/127.0.0.1/$0; exec 0<&5; echo connected; read line";
    let code = format!(
        "print(subprocess.run(['/bin/bash', '-c', {SHELL:?}, str(listener.getsockname()[1])]).returncode)"
    );
    let finished = python("kill", "enforce", &code);
    finished.exits(0).says("connected\n-9").reports(RULE);
}

//! The runbook: exit status, what it means, what usually causes it, what to do.

use super::Error;
use super::table::Table;
use crate::refusal::Code;
use std::io::Write;

/// What else a container can end with, before the enforcer's own statuses.
const OTHERS: [[&str; 4]; 2] = [
    [
        "others",
        "the application's own",
        "",
        "its own documentation",
    ],
    [
        "128+n",
        "signal n ended the application",
        "143: a stop, also during the start; 137: memory",
        "see the end event's origin",
    ],
];

/// Prints the table.
pub(super) fn print(out: &mut impl Write, markdown: bool) -> Result<(), Error> {
    let table = table();
    if markdown {
        writeln!(out, "{}", table.markdown())?;
    } else {
        write!(out, "{table}")?;
    }
    Ok(())
}

fn table() -> Table<5> {
    let mut table = Table::new([
        "exit",
        "means",
        "usual cause",
        "what to do",
        "again may help",
    ]);
    for [exit, means, cause, fix] in OTHERS {
        table.row([exit, means, cause, fix, ""]);
    }
    for code in Code::ALL {
        let [means, cause, fix] = advice(code);
        let again = if code.again_may_help() { "yes" } else { "no" };
        table.row([&code.status().to_string(), means, cause, fix, again]);
    }
    table
}

fn advice(code: Code) -> [&'static str; 3] {
    match code {
        Code::NotExecutable => [
            "the command could not be executed",
            "mode, a directory, or a script without interpreter",
            "chmod a+x; begin the script with #!",
        ],
        Code::NotFound => [
            "the command was not found",
            "path, PATH, or the file's interpreter",
            "check the path in the image",
        ],
        Code::Usage => [
            "usage, or an internal fault",
            "no command, or an option before it",
            "ENTRYPOINT [\"/micro-enforcer\", \"/app/server\"]",
        ],
        Code::Policy => [
            "policy missing, unreadable or invalid",
            "a misspelt key, or a file that others may write",
            "the message has line and column; `enforcerctl policy check`",
        ],
        Code::Untrusted => [
            "document not trusted",
            "signature, validity, serial or scope",
            "publish it again for this task, signed and in force",
        ],
        Code::Image => [
            "image refused",
            "the digest is not on the allowlist",
            "allow the digest shown, or deploy an approved image",
        ],
        Code::ImageUnknown => [
            "image identity not learned in time",
            "task metadata is slow or not there",
            "check that the task runs on ECS with metadata version 4",
        ],
        Code::Credentials => [
            "no credentials in time",
            "no task role, or its endpoint is not reachable",
            "set taskRoleArn in the task definition",
        ],
        Code::Secret => [
            "a secret was refused",
            "sealed for another key, context or variable",
            "seal it again with this task's key, context and name",
        ],
        Code::KmsUnreachable => [
            "KMS not reached in time",
            "no route, endpoint or security group rule",
            "add a NAT gateway or a KMS VPC endpoint",
        ],
        Code::Privileges => [
            "privileges could not be dropped",
            "no CAP_SETUID, CAP_SETGID or CAP_KILL at the start",
            "start as root with these, or as the final USER",
        ],
        Code::Control => [
            "a required control is not available",
            "this kernel or this release lacks it",
            "the start event has the reason; change the policy's `require`",
        ],
        Code::Violation => [
            "stopped by a violation",
            "something left the envelope whose effect is `stop`",
            "investigate the finding",
        ],
        Code::Command => [
            "command refused",
            "an overridden command or ENTRYPOINT",
            "add it to the policy's `command.allow`, or undo the override",
        ],
        Code::AccessDenied => [
            "access denied by IAM or the key's policy",
            "the task role lacks kms:Decrypt, or a context condition",
            "grant kms:Decrypt on the key shown",
        ],
        Code::Source => [
            "policy or allowlist source not reached in time",
            "no route to Systems Manager or S3",
            "add a NAT gateway or the service's VPC endpoint",
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_row_in_which_each_cell_says_something() {
        let text = table().markdown();
        for code in Code::ALL {
            let begin = format!("| {} | ", code.status());
            let row = text.lines().find(|line| line.starts_with(&begin)).unwrap();
            assert!(!row.contains("|  |"), "{row}");
        }
        assert_eq!(text.lines().count(), 2 + OTHERS.len() + Code::ALL.len());
    }
}

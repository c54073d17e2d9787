//! `batch-job.yaml`: a job in Python, started by an override.

use crate::run::{
    APP, ENVELOPE, NOTHING, application, application_of, enforces, go_on, limit, needs, quiet,
    runs_as, shipped, status, undisturbed,
};
use crate::support::{Container, DOCKER, NET_RAW, Stream};

const COMMAND: [&str; 2] = ["/app/job", "--date=2026-11-01"];

fn image(program: &str) -> Container {
    needs("/usr/bin/python3");
    shipped("batch-job")
        .file("/app/job", program, 0o755)
        .directory("/work", 0)
        .file("/etc/resolv.conf", "nameserver 169.254.169.253\n", 0o644)
        .streams([Stream::Pipe; 3])
}

fn job() -> Container {
    image(&application("job.py"))
        .entry("JOB_SCRATCH=/work")
        .entry("JOB_STATUS=3")
}

#[test]
fn a_job_reads_its_override_writes_its_files_and_ends_with_its_status() {
    let container = job()
        .entry("TZ=Asia/Tokyo")
        .entry("PYTHONSTARTUP=/tmp/x")
        .entry("EVIL=1");
    let running = container.start(COMMAND);
    running.wait_for("done 2026-11-01");
    let child = application_of(&running);
    runs_as(child, APP, NOTHING);
    assert_eq!(status(child, "CapBnd"), NOTHING);
    assert_eq!(limit(child, "Max file size"), (10_u64 << 30).to_string());
    go_on(&running);
    let finished = running.finish();
    let bare = job()
        .bare()
        .entry("TZ=UTC")
        .entry("HOME=/home/app")
        .start(COMMAND);
    go_on(&bare);
    undisturbed(&finished, &bare.finish());
    finished.exits(3);
    enforces(&finished, &[&ENVELOPE[..], &["network"]].concat());
}

/// Without the capability nobody hears where the names of buckets lead: the job goes on, and the start says so.
#[test]
fn a_job_runs_where_no_answers_can_be_heard() {
    let running = job().bounding(DOCKER & !NET_RAW).start(COMMAND);
    running.wait_for("done 2026-11-01");
    go_on(&running);
    let finished = running.finish();
    finished.exits(3);
    quiet(&finished);
    assert_eq!(finished.controls()["network"], "detected");
}

#[test]
fn an_override_brings_a_date_and_nothing_else() {
    let container = job();
    for command in [
        &["/app/job", "--date=x", "--shell"][..],
        &["/app/job", "--script=/tmp/x"],
        &["/usr/bin/python3", "/app/job"],
        &["/bin/sh", "-c", "/app/job"],
    ] {
        container
            .run(command.iter().copied())
            .refused(211, &["command"]);
    }
}

/// A helper that says when it was stopped, and a job that waits for it.
const HELPED: &str = "#!/bin/sh
trap 'wait; echo job stopped; exit 0' TERM
sh -c 'trap \"echo helper stopped; exit\" TERM; echo helping; sleep 30 & wait' &
wait
";

#[test]
fn a_stop_reaches_the_helpers_of_the_job_too() {
    let running = image(HELPED).start(["/app/job"]);
    running.wait_for("helping").signal(libc::SIGTERM);
    let finished = running.finish();
    finished.exits(0).says("helper stopped\njob stopped\n");
    quiet(&finished);
}

#[test]
fn a_job_gone_wild_fills_no_disk() {
    let script = "#!/bin/sh\ntruncate --size 9G /work/rows && truncate --size 11G /work/rows\n";
    let container = image(script);
    container.run(["/app/job"]).exits(128 + libc::SIGXFSZ);
    container.bare().run(["/app/job"]).exits(0);
}

#[test]
fn whoever_breaks_in_writes_outside_no_more_and_is_reported() {
    let container = image(&application("broken_into.py"))
        .directory("/data", APP)
        .entry("LD_PRELOAD=/tmp/x.so");
    let finished = container.run(["/app/job"]);
    finished
        .exits(0)
        .says("/tmp/file written")
        .says("/data/file EACCES");
    finished
        .says("unshare EPERM")
        .says("ptrace EPERM")
        .says("setuid EPERM")
        .says("preload None");
    finished
        .reports("syscall.denied")
        .reports("process.injection");
}

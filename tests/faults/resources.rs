//! Resources that run out: descriptors, the disk, and the room in standard error.

use crate::support::{APP, Container, Finished, Network};
use crate::{LOAD, policy};

fn limited(limit: &str, container: &Container, words: &str) -> Finished {
    let line = format!("ulimit -n {limit}; exec /micro-enforcer {words}");
    container.run(["/bin/sh", "-c", &line, LOAD])
}

/// Too few to start is a refusal; as many as it takes to start are as many as it takes to work.
#[test]
fn with_few_descriptors_it_refuses_to_start_or_does_its_work() {
    let _network = Network::new();
    let (mut started, mut refusals) = (0, 0);
    for limit in ["8", "10", "12", "14", "16", "20", "24", "32", "64"] {
        let image = Container::with(&policy()).directory("/data", APP).bare();
        let finished = limited(limit, &image, "/usr/bin/python3 -c \"$0\" 1");
        let output = finished.out();
        assert!(!output.contains("unenforced"), "{limit}: {finished:?}");
        if output.contains("loaded") {
            started += 1;
            assert!(
                finished.code() == 0 || finished.code() == 1,
                "{limit}: {finished:?}"
            );
        } else {
            assert!(finished.code() != 0, "{limit}: {finished:?}");
            refusals += usize::from(finished.people().concat().contains("supervise.descriptors"));
        }
    }
    assert!(started > 0 && refusals > 0, "{started} {refusals}");
}

/// The application's disk is not ours: nothing that we need is written.
#[test]
fn a_full_disk_is_the_application_s_own_trouble() {
    let fill = "dd if=/dev/zero of=/tmp/filled bs=1M count=100000 2>/dev/null; \
        /bin/true && echo works; rm /tmp/filled; echo x > /tmp/x && cat /tmp/x";
    let container = Container::with(&policy());
    let limit = format!("ulimit -f 20000; {fill}");
    let finished = container.run(["/bin/sh", "-c", &limit]);
    finished.exits(0).says("works").says("x");
    assert!(finished.findings().is_empty(), "{finished:?}");
}

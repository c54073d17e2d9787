//! Limits that a task definition sets.

use crate::platform::task;
use crate::policy::Policy;

/// The kernel kills whoever has most, which is the application, and the envelope stays closed.
#[test]
fn out_of_memory_is_the_application_s_own_trouble() {
    let greedy = "head -c 200000000 /dev/zero | tail -n 1 > /dev/null; echo \"greedy $?\"";
    let forbidden = "cp /bin/true /tmp/new && /tmp/new; echo \"new $?\"";
    let script = format!("for i in 1 2 3; do {greedy}; {forbidden}; done; exit 3");
    let limit = [
        "--memory",
        "64m",
        "--memory-swap",
        "64m",
        "--tmpfs",
        "/tmp:exec,mode=1777",
    ];
    // A victim that gets no processor to die on is not waited for (the kernel's `oom_reaper` gives up after a second);
    // then another one is taken, and what is left here is small.
    let once = || {
        let run = task(&Policy::new().write("memory")).option(&limit);
        run.wait("example", &["/bin/sh", "-c", &script])
    };
    let expected = "greedy 137\nnew 126\n".repeat(3);
    let mut tried = (0..3).map(|_| once()).skip_while(|ended| {
        // Whoever it was: nothing new ran before, and nobody runs on.
        assert!(expected.starts_with(&ended.stdout), "{ended:?}");
        ended.status == 137
    });
    let ended = tried.next().unwrap();
    assert_eq!(ended.status, 3, "{ended:?}");
    assert_eq!(ended.stdout, expected, "{ended:?}");
    let events = ended.events();
    let findings = events.iter().filter(|event| event["class_uid"] == 2004);
    let rule = |finding: &serde_json::Value| finding["finding_info"]["analytic"]["name"].clone();
    let rules: Vec<_> = findings.map(rule).collect();
    assert!(rules.contains(&"exec.new_executable".into()), "{rules:?}");
}

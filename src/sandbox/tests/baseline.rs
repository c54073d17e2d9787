//! What the baseline refuses, and what it leaves alone.

use super::*;
use crate::sandbox::baseline::{self, Circumstances, Entry};
use crate::sandbox::calls::{Channel, filter};
use proptest::prelude::*;

const ARCHS: [Arch; 2] = [Arch::X86_64, Arch::Aarch64];
const ENOSYS: Action = Action::Errno(38);

fn baseline(arch: Arch, supervisor: Option<&Supervisor>) -> Vec<Entry> {
    baseline::entries(&Circumstances { arch, supervisor })
}

fn program(arch: Arch, entries: &[Entry], channel: Channel) -> Program {
    filter(arch, entries, channel).unwrap().compile().unwrap()
}

/// What the unsupervised baseline of this architecture does.
fn does(name: &str, arguments: [u64; 6]) -> u32 {
    let program = program(Arch::NATIVE, &baseline(Arch::NATIVE, None), Channel::Errno);
    let number = number(Arch::NATIVE, name).unwrap();
    run(&program, Arch::NATIVE, number, arguments).action
}

/// The same with a supervisor.
fn does_to(supervisor: &Supervisor, name: &str, arguments: [u64; 6]) -> u32 {
    let entries = baseline(Arch::NATIVE, Some(supervisor));
    let program = program(Arch::NATIVE, &entries, Channel::Errno);
    let number = number(Arch::NATIVE, name).unwrap();
    run(&program, Arch::NATIVE, number, arguments).action
}

const HOT: &str = "read write readv writev pread64 pwrite64 open openat close lseek mmap munmap mprotect \
    madvise brk mremap futex epoll_wait epoll_pwait epoll_pwait2 epoll_ctl epoll_create1 poll ppoll select pselect6 \
    sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg sendfile splice accept accept4 connect bind listen \
    getsockopt setsockopt shutdown eventfd2 timerfd_settime signalfd4 nanosleep clock_nanosleep clock_gettime \
    gettimeofday getpid gettid getppid getuid sched_yield sched_getaffinity rt_sigaction rt_sigprocmask \
    rt_sigreturn sigaltstack stat fstat lstat newfstatat statx access faccessat faccessat2 readlink readlinkat \
    getdents64 getcwd dup dup2 dup3 pipe2 fcntl flock fsync fdatasync ftruncate rename renameat2 unlink unlinkat \
    mkdir mkdirat chmod fchmod execve exit exit_group wait4 waitid getrandom memfd_create rseq membarrier \
    set_robust_list arch_prctl io_submit io_getevents inotify_add_watch msync mincore tee fallocate copy_file_range";

#[test]
fn hot_calls_are_decided_without_looking_at_an_argument() {
    for arch in ARCHS {
        let entries = baseline(arch, Some(&Supervisor::new(1)));
        let program = program(arch, &entries, Channel::Notification);
        for name in HOT.split_whitespace() {
            // aarch64 never had the older half.
            let Some(number) = number(arch, name) else {
                continue;
            };
            let outcome = run(&program, arch, number, [u64::MAX; 6]);
            assert_eq!(outcome.action, ALLOWED.raw(), "{name}");
            assert!(!outcome.read_arguments, "{name} loads an argument");
        }
    }
}

#[test]
fn the_tables_have_the_kernels_numbers() {
    for arch in ARCHS {
        let circumstances = Circumstances {
            arch,
            supervisor: Some(&Supervisor::new(2)),
        };
        let truncation = baseline::truncation(arch);
        for entry in baseline::entries(&circumstances)
            .into_iter()
            .chain(truncation)
        {
            assert_eq!(
                Some(entry.number),
                number(arch, &entry.name),
                "{} {arch:?}",
                entry.name
            );
        }
    }
}

#[test]
fn the_baseline_fits_the_kernel_many_times_over() {
    for arch in ARCHS {
        let entries = baseline(
            arch,
            Some(&Supervisor {
                pid: 7,
                group: 7,
                threads: vec![8, 9],
            }),
        );
        let length = program(arch, &entries, Channel::Notification)
            .instructions()
            .len();
        assert!(length < 1000, "{length} instructions");
    }
}

#[test]
fn ordinary_programs_are_left_alone() {
    const CLOEXEC_NONBLOCK: u64 = 0x80800;
    let ordinary: &[(&str, [u64; 6])] = &[
        ("socket", [2, 1 | CLOEXEC_NONBLOCK, 6, 0, 0, 0]),
        ("socket", [10, 2, 17, 0, 0, 0]),
        ("socket", [2, 2, 1, 0, 0, 0]), // ping socket
        ("socket", [16, 3 | CLOEXEC_NONBLOCK, 0, 0, 0, 0]), // getaddrinfo
        ("socket", [1, 3, 0, 0, 0, 0]),
        ("socketpair", [1, 1, 0, 0, 0, 0]),
        ("clone", [0x003d_0f00, 0, 0, 0, 0, 0]), // pthread_create
        ("clone", [0x0120_0011, 0, 0, 0, 0, 0]), // fork
        ("clone", [0x4111, 0, 0, 0, 0, 0]),      // vfork, CLONE_PIDFD as Go has it
        ("unshare", [0x200, 0, 0, 0, 0, 0]),     // a thread's own directory
        ("personality", [0xffff_ffff, 0, 0, 0, 0, 0]),
        ("ioctl", [0, 0x5401, 0, 0, 0, 0]),  // isatty
        ("prctl", [15, 0x1000, 0, 0, 0, 0]), // thread name
        ("prctl", [22, 2, 0x1000, 0, 0, 0]), // a filter of its own
        ("seccomp", [1, 0, 0x1000, 0, 0, 0]),
        ("execveat", [3, 0x1000, 0x1000, 0x1000, 0x100, 0]), // by path, no links
        ("execveat", [3, 0x1000, 0, 0, 0x11000, 0]),         // asks, does not execute
        ("fcntl", [3, 8, 1, 0, 0, 0]),
    ];
    for (name, arguments) in ordinary {
        assert_eq!(
            does(name, *arguments),
            ALLOWED.raw(),
            "{name} {arguments:?}"
        );
    }
}

#[test]
fn a_supervised_program_manages_its_own_processes() {
    let supervisor = Supervisor {
        pid: 1,
        group: 1,
        threads: vec![3],
    };
    let ordinary: &[(&str, [u64; 6])] = &[
        ("kill", [42, 15, 0, 0, 0, 0]),
        ("kill", [0, 15, 0, 0, 0, 0]),
        ("kill", [u64::MAX, 15, 0, 0, 0, 0]), // all of them: PID 1 is spared
        ("kill", [1, 0, 0, 0, 0, 0]),         // is it there?
        ("tgkill", [42, 43, 23, 0, 0, 0]),    // Go's preemption
        ("setpgid", [0, 0, 0, 0, 0, 0]),
        ("prlimit64", [0, 7, 0x1000, 0, 0, 0]),
        ("prlimit64", [1, 7, 0, 0x1000, 0, 0]), // reads
        ("setpriority", [0, 0, 10, 0, 0, 0]),
        ("sched_setaffinity", [0, 8, 0x1000, 0, 0, 0]),
        ("sched_setscheduler", [42, 3, 0x1000, 0, 0, 0]),
        ("ioprio_set", [1, 0, 0, 0, 0, 0]),
        ("pidfd_open", [42, 0, 0, 0, 0, 0]),
        ("pidfd_send_signal", [3, 15, 0, 0, 0, 0]),
        ("fcntl", [3, 10, 9, 0, 0, 0]),
    ];
    for (name, arguments) in ordinary {
        assert_eq!(
            does_to(&supervisor, name, *arguments),
            ALLOWED.raw(),
            "{name} {arguments:?}"
        );
    }
}

#[test]
fn nothing_reaches_the_supervisor() {
    let supervisor = Supervisor {
        pid: 5,
        group: 4,
        threads: vec![6],
    };
    let attacks: &[(&str, [u64; 6])] = &[
        ("kill", [5, 9, 0, 0, 0, 0]),
        ("kill", [6, 9, 0, 0, 0, 0]),
        ("kill", [0xdead_0000_0000_0005, 9, 0, 0, 0, 0]),
        ("kill", [0xffff_fffc, 9, 0, 0, 0, 0]),
        ("kill", [u64::MAX, 9, 0, 0, 0, 0]),
        ("tkill", [6, 19, 0, 0, 0, 0]),
        ("tgkill", [5, 6, 9, 0, 0, 0]),
        ("tgkill", [5, 5, 9, 0, 0, 0]),
        ("rt_sigqueueinfo", [5, 15, 0x1000, 0, 0, 0]),
        ("rt_tgsigqueueinfo", [5, 5, 15, 0x1000, 0, 0]),
        ("pidfd_open", [5, 0, 0, 0, 0, 0]),
        ("setpgid", [0, 4, 0, 0, 0, 0]),
        ("fcntl", [3, 10, 9, 0, 0, 0]),
        ("prlimit64", [5, 7, 0x1000, 0, 0, 0]),
        ("prlimit64", [6, 7, 0x1_0000_0000, 0, 0, 0]),
        ("setpriority", [0, 5, 19, 0, 0, 0]),
        ("setpriority", [1, 4, 19, 0, 0, 0]),
        ("setpriority", [2, 1000, 19, 0, 0, 0]),
        ("ioprio_set", [1, 6, 0, 0, 0, 0]),
        ("ioprio_set", [3, 1000, 0, 0, 0, 0]),
        ("sched_setscheduler", [5, 5, 0x1000, 0, 0, 0]),
        ("sched_setparam", [5, 0x1000, 0, 0, 0, 0]),
        ("sched_setattr", [5, 0x1000, 0, 0, 0, 0]),
        ("sched_setaffinity", [6, 8, 0x1000, 0, 0, 0]),
    ];
    for (name, arguments) in attacks {
        assert_eq!(
            does_to(&supervisor, name, *arguments),
            EPERM.raw(),
            "{name} {arguments:?}"
        );
    }
    assert_eq!(
        does_to(&supervisor, "pidfd_send_signal", [3, 9, 0, 0, 0, 0]),
        ENOSYS.raw()
    );
    assert_eq!(
        does_to(&supervisor, "prctl", [4, 0, 0, 0, 0, 0]),
        Action::Errno(0).raw()
    );
}

#[test]
fn a_program_that_is_not_supervised_may_hide_its_memory() {
    assert_eq!(does("prctl", [4, 0, 0, 0, 0, 0]), ALLOWED.raw());
}

fn any_argument() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0_u64),
        Just(1),
        Just(2),
        Just(3),
        Just(5),
        Just(10),
        Just(17),
        Just(262),
        Just(0x1000),
        Just(0x5412),
        Just(0x1000_0000),
        Just(u64::MAX),
        any::<u64>()
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_the_filter_holds_is_explained_by_the_entry_that_it_hit(
        calls in proptest::collection::vec((0..600_u32, proptest::array::uniform6(any_argument())), 100),
    ) {
        let syscalls = Syscalls::default();
        let supervisor = Supervisor::new(5);
        let sandbox = compiled(&syscalls, Some(&supervisor), Mode::Enforce).unwrap();
        let held = sandbox.notifying.as_ref().unwrap();
        let answered = sandbox.answering.as_ref().unwrap();
        for (number, arguments) in calls {
            let errno = run(answered, Arch::NATIVE, number, arguments).action;
            if run(held, Arch::NATIVE, number, arguments).action == Action::Notify.raw() {
                let denial = sandbox.explain(i64::from(number), &arguments).denied().unwrap();
                let explained = Action::Errno(u16::try_from(denial.errno).unwrap());
                prop_assert_eq!(explained.raw(), errno);
            }
        }
    }
}

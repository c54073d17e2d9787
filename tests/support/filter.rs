//! A filter of the runtime's own, as an old or a strict one has it.

/// Calls by number fail with ENOSYS, everything else passes.
pub fn without(numbers: &[libc::c_long]) -> Vec<libc::sock_filter> {
    let statement = |code: u32, k: u32, jt, jf| libc::sock_filter {
        code: u16::try_from(code).unwrap(),
        jt,
        jf,
        k,
    };
    let load = statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0);
    let give = |value| statement(libc::BPF_RET | libc::BPF_K, value, 0, 0);
    let refuse = |number: &libc::c_long| {
        let equal = statement(
            libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
            u32::try_from(*number).unwrap(),
            0,
            1,
        );
        [
            equal,
            give(libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs()),
        ]
    };
    [load]
        .into_iter()
        .chain(numbers.iter().flat_map(refuse))
        .chain([give(libc::SECCOMP_RET_ALLOW)])
        .collect()
}

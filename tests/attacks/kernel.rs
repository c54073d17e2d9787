//! Where exploits of the kernel start, and ways out of the container.

use super::{Result, call};

const NEW_USER: usize = 0x1000_0000;
const SIGCHLD: usize = 0x11;
/// −2
const PROCESS_KEYRING: usize = usize::MAX - 1;

pub(crate) fn io_uring() -> Result {
    let mut parameters = [0_u32; 30];
    call(
        libc::SYS_io_uring_setup,
        [1, parameters.as_mut_ptr() as usize],
    )
    .map(drop)
}

pub(crate) fn keys() -> Result {
    let (kind, name) = (c"user".as_ptr() as usize, c"attack".as_ptr() as usize);
    call(libc::SYS_add_key, [kind, name, name, 6, PROCESS_KEYRING]).map(drop)
}

/// The randomised layout is off for what is executed next.
pub(crate) fn personality() -> Result {
    call(libc::SYS_personality, [0x004_0000]).map(drop)
}

/// Every capability, within.
pub(crate) fn user_namespace() -> Result {
    call(libc::SYS_unshare, [NEW_USER]).map(drop)
}

pub(crate) fn user_namespace_by_clone() -> Result {
    let child = call(libc::SYS_clone, [NEW_USER | SIGCHLD])?;
    end_child(child)
}

/// Where its flags are behind a pointer.
pub(crate) fn user_namespace_by_clone3() -> Result {
    let mut arguments = [0_u64; 8];
    arguments[0] = NEW_USER as u64;
    arguments[4] = SIGCHLD as u64;
    let child = call(
        libc::SYS_clone3,
        [arguments.as_ptr() as usize, size_of_val(&arguments)],
    )?;
    end_child(child)
}

fn end_child(child: usize) -> Result {
    if child == 0 {
        unsafe { libc::_exit(0) };
    }
    call(libc::SYS_wait4, [child]).map(drop)
}

pub(crate) fn raw_socket() -> Result {
    call(
        libc::SYS_socket,
        [
            libc::AF_INET as usize,
            libc::SOCK_RAW as usize | libc::SOCK_CLOEXEC as usize,
            1,
        ],
    )
    .map(drop)
}

pub(crate) fn packet_socket() -> Result {
    call(
        libc::SYS_socket,
        [libc::AF_PACKET as usize, libc::SOCK_DGRAM as usize, 0],
    )
    .map(drop)
}

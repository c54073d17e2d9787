//! Random bytes from the kernel: no file, so that it also works without `/dev`.

use std::io;

/// So many bytes of the kernel's generator; waits for its first seeding, which a container never sees.
pub fn bytes<const N: usize>() -> io::Result<[u8; N]> {
    // Up to this size the kernel gives all or nothing, whatever signals arrive (getrandom(2)).
    const { assert!(N <= 256) };
    let mut buffer = [0_u8; N];
    // SAFETY: `buffer` is writable for its own length, and the kernel keeps no pointer to it.
    let given = unsafe { libc::getrandom(buffer.as_mut_ptr().cast(), N, 0) };
    match usize::try_from(given) {
        Ok(n) if n == N => Ok(buffer),
        Ok(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        Err(_) => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn two_draws_differ() -> std::io::Result<()> {
        assert_ne!(super::bytes::<16>()?, super::bytes::<16>()?);
        Ok(())
    }
}

//! Connections by the kernel's other doors: a ring of requests, and the 32-bit interface.

use super::network::addresses::{DENIED, echo};
use super::network::raw::Raw;
use super::network::{answered, tcp};
use super::{Attack, Result, call};
use std::io;
use std::os::fd::AsRawFd;

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    ("network-ring", ring),
    ("network-int-0x80", int_0x80),
    ("network-socketcall", socketcall),
    ("network-x32", x32),
];

const PAGE: usize = 4096;
const REQUESTS: usize = 0x1000_0000;
const CONNECT: u8 = 16;
const WAIT_FOR_ONE: usize = 1;

/// Where the parts of a ring are, in words of what `io_uring_setup` gives.
struct Offsets;

impl Offsets {
    const TAIL: usize = 11;
    const ARRAY: usize = 16;
    const RESULTS: usize = 25;
}

fn map(address: usize, fd: usize, offset: usize, flags: i32) -> io::Result<*mut u8> {
    let protection = (libc::PROT_READ | libc::PROT_WRITE).cast_unsigned() as usize;
    let flags = flags.cast_unsigned() as usize;
    let mapped = call(
        libc::SYS_mmap,
        [address, PAGE, protection, flags, fd, offset],
    )?;
    Ok(mapped as *mut u8)
}

/// No call names the address: it is in a request that another thread of the kernel may carry out.
fn ring() -> Result {
    let socket = tcp()?;
    let to = Raw::from(echo(DENIED));
    let mut layout = [0_u32; 30];
    let ring = call(libc::SYS_io_uring_setup, [1, layout.as_mut_ptr() as usize])?;
    let both = map(0, ring, 0, libc::MAP_SHARED)?;
    let request = map(0, ring, REQUESTS, libc::MAP_SHARED)?;
    let part = |index: usize| unsafe { both.add(layout[index] as usize) };
    unsafe { request.write(CONNECT) };
    unsafe { request.add(4).cast::<i32>().write(socket.as_raw_fd()) };
    unsafe { request.add(8).cast::<u64>().write(to.length().into()) };
    unsafe { request.add(16).cast::<u64>().write(to.pointer() as u64) };
    unsafe { part(Offsets::ARRAY).cast::<u32>().write(0) };
    unsafe { part(Offsets::TAIL).cast::<u32>().write_volatile(1) };
    call(libc::SYS_io_uring_enter, [ring, 1, 1, WAIT_FOR_ONE])?;
    let result = unsafe { part(Offsets::RESULTS).add(8).cast::<i32>().read_volatile() };
    if result < 0 {
        return Err(io::Error::from_raw_os_error(-result));
    }
    answered(&socket, DENIED)
}

/// Memory that 32 bits can name.
#[cfg(target_arch = "x86_64")]
fn low_page() -> io::Result<*mut u8> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_32BIT;
    map(0, usize::MAX, 0, flags)
}

/// A 32-bit call with up to three arguments.
#[cfg(target_arch = "x86_64")]
fn call_32(number: i32, first: u32, second: u32, third: u32) -> Result {
    let result: i32;
    // rbx cannot be named as an operand.
    unsafe {
        std::arch::asm!(
            "xchg {first:r}, rbx",
            "int 0x80",
            "xchg {first:r}, rbx",
            first = inout(reg) u64::from(first) => _,
            inout("eax") number => result,
            in("ecx") second,
            in("edx") third,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
    if result < 0 {
        return Err(io::Error::from_raw_os_error(-result));
    }
    Ok(())
}

/// The address of the denied server, its place, and its length.
#[cfg(target_arch = "x86_64")]
fn low_address() -> io::Result<(u32, u32)> {
    let to = Raw::from(echo(DENIED));
    let place = low_page()?;
    unsafe { place.copy_from(to.pointer().cast(), to.length() as usize) };
    Ok((u32::try_from(place as usize).unwrap(), to.length()))
}

#[cfg(target_arch = "x86_64")]
fn int_0x80() -> Result {
    const CONNECT: i32 = 362;
    let socket = tcp()?;
    let (place, length) = low_address()?;
    call_32(CONNECT, socket.as_raw_fd().cast_unsigned(), place, length)?;
    answered(&socket, DENIED)
}

/// One call for everything about sockets, with its arguments in memory.
#[cfg(target_arch = "x86_64")]
fn socketcall() -> Result {
    const SOCKETCALL: i32 = 102;
    const CONNECT: u32 = 3;
    let socket = tcp()?;
    let (place, length) = low_address()?;
    let arguments = low_page()?;
    let all = [socket.as_raw_fd().cast_unsigned(), place, length];
    unsafe { arguments.cast::<[u32; 3]>().write(all) };
    let arguments = u32::try_from(arguments as usize).unwrap();
    call_32(SOCKETCALL, CONNECT, arguments, 0)?;
    answered(&socket, DENIED)
}

/// The same call with a bit in its number.
#[cfg(target_arch = "x86_64")]
fn x32() -> Result {
    let socket = tcp()?;
    let to = Raw::from(echo(DENIED));
    let fd = usize::try_from(socket.as_raw_fd()).unwrap();
    let number = 0x4000_0000 | libc::SYS_connect;
    call(number, [fd, to.pointer() as usize, to.length() as usize])?;
    answered(&socket, DENIED)
}

#[cfg(not(target_arch = "x86_64"))]
fn int_0x80() -> Result {
    Err(io::Error::from_raw_os_error(libc::ENOSYS))
}

#[cfg(not(target_arch = "x86_64"))]
fn socketcall() -> Result {
    Err(io::Error::from_raw_os_error(libc::ENOSYS))
}

#[cfg(not(target_arch = "x86_64"))]
fn x32() -> Result {
    Err(io::Error::from_raw_os_error(libc::ENOSYS))
}

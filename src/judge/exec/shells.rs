//! What a reverse shell runs: shells, interpreters, and tools that hand one out.

use super::item::base;

/// By base name; a version may follow (`python3.11`, `ruby2.7`).
const KNOWN: [&[u8]; 32] = [
    b"ash", b"awk", b"bash", b"busybox", b"csh", b"dash", b"deno", b"expect", b"fish", b"gawk",
    b"guile", b"irb", b"jshell", b"ksh", b"lua", b"luajit", b"mawk", b"mksh", b"nc", b"ncat",
    b"netcat", b"node", b"nodejs", b"perl", b"php", b"python", b"ruby", b"sh", b"socat", b"tclsh",
    b"tcsh", b"zsh",
];

/// Whether a path or a name is one of them.
pub fn is_shell_or_interpreter(path: &[u8]) -> bool {
    let name = base(path);
    // A login shell is called with a dash before its name.
    let name = name.strip_prefix(b"-").unwrap_or(name);
    let end = name
        .iter()
        .position(|byte| byte.is_ascii_digit() || b".-_".contains(byte));
    KNOWN.contains(&&name[..end.unwrap_or(name.len())])
}

//! Variables that make a program run code which is not its own. Whoever can start a task can set
//! them, so they are dropped unless the policy lists them.
//!
//! Left out on purpose: `PATH` and `CLASSPATH`, which images set and programs need; `ENV`, which
//! only interactive shells read and many applications use for their stage; `MALLOC_*`, `GEM_HOME`
//! and `TZDIR`, which tune or name data and load nothing.

/// Names, and prefixes that end with `*`.
const LOADER: &[&str] = &[
    // The dynamic loader of glibc and musl, its tunables, and modules that iconv loads.
    "LD_*",
    "GLIBC_TUNABLES",
    "GCONV_PATH",
    // Options that a JVM reads by itself: -javaagent, -agentpath, -Xbootclasspath.
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "_JAVA_OPTIONS",
    "IBM_JAVA_OPTIONS",
    "OPENJ9_JAVA_OPTIONS",
    // --require, and where modules are looked for.
    "NODE_OPTIONS",
    "NODE_PATH",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PYTHONUSERBASE",
    "PERL5DB",
    "PERL5LIB",
    "PERL5OPT",
    "PERLLIB",
    "RUBYLIB",
    "RUBYOPT",
    // php.ini names extensions to load.
    "PHPRC",
    "PHP_INI_SCAN_DIR",
    "LUA_CPATH*",
    "LUA_INIT*",
    "LUA_PATH*",
    "ERL_AFLAGS",
    "ERL_FLAGS",
    "ERL_ZFLAGS",
    "ELIXIR_ERL_OPTIONS",
    // .NET startup hooks and profilers.
    "CORECLR_ENABLE_PROFILING",
    "CORECLR_PROFILER*",
    "DOTNET_ADDITIONAL_DEPS",
    "DOTNET_STARTUP_HOOKS",
    // Files and functions that shells run, also when they run a script.
    "BASHOPTS",
    "BASH_ENV",
    "BASH_FUNC_*",
    "PROMPT_COMMAND",
    "PS4",
    "SHELLOPTS",
    // Providers and engines that libcrypto loads.
    "OPENSSL_CONF",
    "OPENSSL_ENGINES",
    "OPENSSL_MODULES",
];

/// Whether a variable of this name can make a program run foreign code.
pub fn is_loader(name: &[u8]) -> bool {
    LOADER.iter().any(|known| match known.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix.as_bytes()),
        None => name == known.as_bytes(),
    })
}

#[cfg(test)]
mod tests {
    use super::is_loader;

    #[test]
    fn loader_names_are_known_exactly_or_by_prefix() {
        for name in [
            "LD_PRELOAD",
            "LD_",
            "NODE_OPTIONS",
            "BASH_FUNC_ls%%",
            "LUA_INIT_5_4",
        ] {
            assert!(is_loader(name.as_bytes()), "{name}");
        }
        for name in [
            "PATH",
            "ENV",
            "LD",
            "ld_preload",
            "NODE_ENV",
            "NODE_OPTIONS2",
            "",
            "JAVA_OPTS",
        ] {
            assert!(!is_loader(name.as_bytes()), "{name}");
        }
    }
}

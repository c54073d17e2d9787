#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| micro_enforcer::fuzzing::signature(bytes));

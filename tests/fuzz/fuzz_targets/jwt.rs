//! libFuzzer's entry to `kubesesame::fuzzing::jwt`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kubesesame::fuzzing::jwt(data));

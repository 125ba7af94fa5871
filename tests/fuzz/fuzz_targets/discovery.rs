//! libFuzzer's entry to `kubesesame::fuzzing::discovery`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kubesesame::fuzzing::discovery(data));

//! libFuzzer's entry to `kubesesame::fuzzing::callback`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kubesesame::fuzzing::callback(data));

//! libFuzzer's entry to `kubesesame::fuzzing::session_record`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kubesesame::fuzzing::session_record(data));

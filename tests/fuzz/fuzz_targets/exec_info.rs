//! libFuzzer's entry to `kubesesame::fuzzing::exec_info`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kubesesame::fuzzing::exec_info(data));

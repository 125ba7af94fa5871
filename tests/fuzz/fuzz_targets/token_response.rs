//! libFuzzer's entry to `kubesesame::fuzzing::token_response`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kubesesame::fuzzing::token_response(data));

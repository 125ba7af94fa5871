//! libFuzzer's entry to `kubesesame::fuzzing::rbac_policy`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kubesesame::fuzzing::rbac_policy(data));

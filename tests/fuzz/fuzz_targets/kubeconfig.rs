//! libFuzzer's entry to `kubesesame::fuzzing::kubeconfig`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kubesesame::fuzzing::kubeconfig(data));

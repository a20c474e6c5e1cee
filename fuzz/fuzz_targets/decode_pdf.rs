#![no_main]

#[path = "../targets/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    targets::run("decode_pdf", data, &pixloom::codec::DecodeControl::in_process());
});

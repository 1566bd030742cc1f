//! Any bytes through every decoder of the crate.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    rssmgr_netlink::any_bytes::read(bytes);
});

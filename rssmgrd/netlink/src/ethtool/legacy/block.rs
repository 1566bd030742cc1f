//! Fields of the blocks that go to the kernel and come back. Every place is a constant within the block's length.

/// Where a field of several bytes stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) at: usize,
    pub(super) len: usize,
}

pub(super) fn put_u32(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_ne_bytes());
}

pub(super) fn put_u64(bytes: &mut [u8], at: usize, value: u64) {
    bytes[at..at + 8].copy_from_slice(&value.to_ne_bytes());
}

pub(super) fn get_u32(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_ne_bytes(word)
}

pub(super) fn get_u64(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_ne_bytes(word)
}

/// A string, up to its NUL where it has one.
pub(super) fn text(bytes: &[u8], field: Layout) -> String {
    let field = &bytes[field.at..field.at + field.len];
    let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

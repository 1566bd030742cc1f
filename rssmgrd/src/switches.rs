//! The kill switches: what keeps the daemon from changing anything, found before anything else is done.

use std::path::Path;

use rssmgr_core::manager::ObserveOnly;

/// The word on the kernel's command line.
const WORD: &str = "rssmgrd.manage";

/// The switch that is thrown on the machine below `root`, if one is. What cannot be read is not thrown.
#[must_use]
pub fn thrown(root: &Path) -> Option<ObserveOnly> {
    let line = std::fs::read_to_string(root.join("proc/cmdline")).unwrap_or_default();
    // As for the kernel's own words, the last one counts.
    let last = line.split_ascii_whitespace().filter_map(|w| w.split_once('=')).rfind(|(k, _)| *k == WORD);
    if last.is_some_and(|(_, value)| value == "0") {
        return Some(ObserveOnly::CommandLine);
    }
    root.join("etc/rssmgrd/observe").exists().then_some(ObserveOnly::File)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_kill_switch_is_a_word_on_the_kernels_command_line_or_a_file() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        assert_eq!(thrown(root), None);
        fs::create_dir_all(root.join("proc")).unwrap();
        fs::create_dir_all(root.join("etc/rssmgrd")).unwrap();
        for (line, off) in [
            ("root=/dev/sda1 quiet", false),
            ("quiet rssmgrd.manage=0\n", true),
            ("rssmgrd.manage=0 rssmgrd.manage=1", false),
            ("xrssmgrd.manage=0", false),
        ] {
            fs::write(root.join("proc/cmdline"), line).unwrap();
            assert_eq!(thrown(root), off.then_some(ObserveOnly::CommandLine), "{line}");
        }
        fs::write(root.join("etc/rssmgrd/observe"), "").unwrap();
        assert_eq!(thrown(root), Some(ObserveOnly::File));
    }
}

//! Where `unsafe` may be, and what each crate root must say about itself.

use crate::rust_text::{code_only, lines_with_word};

/// The only folder with unsafe code: system calls.
const UNSAFE_FOLDER: &str = "rssmgrd/netlink/";
const FORBID: &str = "#![forbid(unsafe_code)]";

/// A Rust file of ours.
pub(crate) struct Source<'a> {
    /// Relative to the project's root.
    pub(crate) path: &'a str,
    pub(crate) text: &'a str,
    /// Whether it is the root of a library or of a program, and of which crate.
    pub(crate) root_of: Option<&'a str>,
}

/// Every broken rule, in words.
pub(crate) fn check(sources: &[Source<'_>]) -> Vec<String> {
    let mut broken = Vec::new();
    for source in sources {
        let code = code_only(source.text);
        let allowed = source.path.starts_with(UNSAFE_FOLDER);
        if !allowed {
            for line in lines_with_word(&code, "unsafe") {
                broken.push(format!("{}:{line}: `unsafe` outside {UNSAFE_FOLDER}", source.path));
            }
        }
        let Some(name) = source.root_of else { continue };
        if !allowed && !code.contains(FORBID) {
            broken.push(format!("{}: the root of {name} must say {FORBID}", source.path));
        }
        if name == "rssmgr-core" && !code.lines().any(|line| line.trim() == "#![no_std]") {
            broken.push(format!(
                "{}: the root of {name} must say #![no_std], without a condition",
                source.path
            ));
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(path: &str, text: &str, root_of: Option<&str>) -> Vec<String> {
        check(&[Source { path, text, root_of }])
    }

    #[test]
    fn unsafe_code_is_found_outside_its_folder() {
        let text = "fn f() {}\nfn g() { unsafe { h() } }";
        assert_eq!(
            one("rssctl/src/a.rs", text, None),
            ["rssctl/src/a.rs:2: `unsafe` outside rssmgrd/netlink/"]
        );
        assert_eq!(one("rssmgrd/netlink/src/a.rs", text, None), [""; 0]);
    }

    #[test]
    fn roots_must_forbid_it() {
        let sound = "//! Doc.\n#![forbid(unsafe_code)]\n";
        assert_eq!(one("rssctl/src/main.rs", sound, Some("rssctl")), [""; 0]);
        assert_eq!(one("rssctl/src/main.rs", "// #![forbid(unsafe_code)]", Some("rssctl")).len(), 1);
        assert_eq!(one("rssmgrd/netlink/src/lib.rs", "", Some("rssmgr-netlink")), [""; 0]);
    }

    #[test]
    fn core_must_be_no_std_without_a_condition() {
        let root = |text| one("rssmgrd/core/src/lib.rs", text, Some("rssmgr-core"));
        assert_eq!(root("#![no_std]\n#![forbid(unsafe_code)]"), [""; 0]);
        assert_eq!(root("#![cfg_attr(not(test), no_std)]\n#![forbid(unsafe_code)]").len(), 1);
    }
}

//! Symmetric hashing that a driver switches although nobody asked for it.
//!
//! ice and iavf look at a single bit of what a request says of symmetric hashing, and "leave it alone" has that bit set:
//! every change of table or key by netlink switches it on (Linux 6.17 and later; `ice_set_rxfh`, `iavf_set_rxfh`). The
//! ioctl says the mode that is in force instead. What came of it is read back all the same.

use rssmgr_netlink::Error;
use rssmgr_netlink::ethtool::{InputTransform, Rss, RssChange, Table};

use crate::kernel::Kernel;

/// Changes the default context of a driver that may switch symmetric hashing by the way. What it is left at: a mode other
/// than before where the driver does not take it back.
///
/// # Errors
/// What the kernel or the driver refuses.
pub(crate) fn set(
    kernel: &mut Kernel,
    ifindex: u32,
    change: &RssChange,
) -> Result<Option<InputTransform>, Error> {
    let before = kernel.rss(ifindex)?.transform;
    kernel.by_ioctl(ifindex, |ioctl, name| ioctl.set_rss(name, 0, change))?;
    let Some(undo) = undo(before, kernel.rss(ifindex)?) else { return Ok(None) };
    kernel.by_ioctl(ifindex, |ioctl, name| ioctl.set_rss(name, 0, &undo))?;
    let after = kernel.rss(ifindex)?.transform;
    Ok((after != before).then_some(after))
}

/// What brings the mode back. The table goes along: without one these drivers write their own.
fn undo(before: InputTransform, now: Rss) -> Option<RssChange> {
    (now.transform != before).then(|| RssChange {
        transform: Some(before),
        table: (!now.table.is_empty()).then_some(Table::Entries(now.table)),
        ..RssChange::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_that_nobody_asked_for_is_taken_back_with_the_table() {
        let mut now = Rss::default();
        now.table = vec![0, 1, 1, 3];
        assert_eq!(undo(InputTransform::NONE, now.clone()), None);
        now.transform = InputTransform::SYMMETRIC_XOR;
        assert_eq!(undo(InputTransform::SYMMETRIC_XOR, now.clone()), None, "it was so before");
        let undone = undo(InputTransform::NONE, now).unwrap();
        assert_eq!(undone.transform, Some(InputTransform::NONE));
        assert_eq!(undone.table, Some(Table::Entries(vec![0, 1, 1, 3])));
        assert_eq!((undone.key, undone.function), (None, None));
    }
}

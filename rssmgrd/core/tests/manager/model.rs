//! What an acknowledged request leaves behind, told independently of the manager.

use rssmgr_core::manager::{AdapterResult, Command, SavedState};
use rssmgr_core::settings::{ManualTable, SettingsPatch};
use rssmgr_core::{CpuId, EntryIndex};

use crate::sim::{options_of, selector_of};

/// What was asked of one adapter.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Kept {
    patch: SettingsPatch,
    table: ManualTable,
    managed: bool,
    released: bool,
}

impl Kept {
    pub(crate) fn of(saved: &SavedState, key: &str) -> Self {
        saved.adapters.get(key).map_or_else(Self::default, |s| Self {
            patch: s.patch.clone(),
            table: s.table.clone(),
            managed: s.managed,
            released: s.released,
        })
    }

    /// What a successful command leaves of this; `None` when it does not touch it.
    pub(crate) fn after(
        &self,
        command: &Command,
        name: &str,
        result: Option<&AdapterResult>,
    ) -> Option<Self> {
        let mut k = self.clone();
        match command {
            Command::DeleteSoftnic { name: of } => return (of == name).then(Self::default),
            Command::Release { .. } => k = Self { released: true, ..Self::default() },
            _ if options_of(command)?.runtime => return None,
            Command::Reset { .. } => {
                k.patch = SettingsPatch::default();
                k.table.clear();
            }
            Command::Restart { .. } => return None,
            Command::Apply { patch, .. } => {
                k.patch.merge(patch);
                if patch.replans() {
                    k.table.clear();
                }
                (k.managed, k.released) = (true, false);
            }
            Command::VPorts { .. } => (k.managed, k.released) = (true, false),
            Command::SetEntries { entries, .. } => {
                k.table.extend(entries);
                (k.managed, k.released) = (true, false);
            }
            Command::MoveEntries { from, to, .. } => {
                let before = &result?.before;
                for (i, queue) in before.table.iter().enumerate() {
                    if before.home(*queue) == Some(CpuId::from(*from)) {
                        k.table.insert(EntryIndex(u16::try_from(i).unwrap()), *to);
                    }
                }
                (k.managed, k.released) = (true, false);
            }
            _ => return None,
        }
        let means = |p: &String| p == name || p == "*" || (p == "k*" && name.starts_with('k'));
        let named = selector_of(command).is_none_or(|s| s.is_empty() || s.iter().any(means));
        (named && !options_of(command).is_some_and(|o| o.dry_run)).then_some(k)
    }

    /// Everything that can be durable while these commands are not answered: each wholly in or wholly out, in order.
    /// `None` when that cannot be told without an answer.
    pub(crate) fn reachable<'a>(
        &self,
        outstanding: impl Iterator<Item = &'a Command>,
        name: &str,
    ) -> Option<Vec<Self>> {
        let mut all = vec![self.clone()];
        for c in outstanding {
            if matches!(c, Command::MoveEntries { .. } | Command::VPorts { .. }) {
                return None;
            }
            let with: Vec<Self> = all.iter().filter_map(|k| k.after(c, name, None)).collect();
            all.extend(with);
        }
        Some(all)
    }
}

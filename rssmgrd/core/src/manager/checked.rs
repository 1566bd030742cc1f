//! What packets said about an adapter.

use super::Manager;
use super::view::Verified;
use crate::device::Device;
use crate::driver::TableFate;
use crate::event::EventKind;
use crate::ids::AdapterId;
use crate::verify::Verdict;

impl Manager {
    /// Takes what packets said about an adapter, unless it has been changed since. With a driver that is known to show
    /// tables that are not in force, the table is sent again, once.
    pub(super) fn checked(&mut self, id: AdapterId, device: &Device, verdict: Verdict, packets: u64) {
        let Some(a) = self.adapters.get_mut(&id).filter(|a| !a.busy && a.device.difference(device).is_none())
        else {
            return;
        };
        let (now, event) = match verdict {
            Verdict::Obeyed => {
                a.drift.trust();
                (Verified::Traffic, EventKind::TrafficObeysTable { packets })
            }
            Verdict::Ignored { because } => {
                let sends_again = [a.driver().grow, a.driver().reopen]
                    .iter()
                    .any(|f| matches!(f.user_table, TableFate::OnPaper | TableFate::Unsure));
                if a.managed && sends_again && !a.drift.is_contested() {
                    a.drift.distrust();
                }
                (Verified::Refuted, EventKind::TableIgnored { because })
            }
            Verdict::Unclear { .. } => return,
        };
        if a.verified == now {
            return;
        }
        a.verified = now;
        let name = a.facts.name.clone();
        self.publish(&[id]);
        self.tell(Some((id, &name)), event);
    }
}

//! What must hold of everything that the machine does, says and answers.

use super::*;

impl Sim {
    /// The state before is durable before anything is changed.
    pub(super) fn check_written_ahead(&mut self, id: AdapterId) {
        let open = self.w.durable.open.clone();
        let meddled = self.meddled;
        let Some(nic) = self.w.by_id(id) else { return };
        let key = nic.facts.key.clone();
        let stable = nic.stable.clone();
        let open = open.into_iter().find(|o| o.adapter == key).map(|o| o.before);
        let waits = self.w.durable.checkpoints.iter().any(|c| c.parts.get(&key).is_some_and(|p| p.applied));
        if open.is_some() && waits {
            // A run-time setting that waited to be confirmed ended with its run; what is taken back is only that.
            return;
        }
        let part = |c: &rssmgr_core::manager::Checkpoint| Some(c.parts.get(&key)?.before.clone());
        let before = open.or_else(|| self.w.durable.checkpoints.iter().find_map(part));
        let before = before.expect("a change without a way back");
        assert!(meddled || before.difference(&stable).is_none(), "the way back is lost");
    }

    pub(super) fn published(&mut self, s: Arc<Snapshot>) {
        assert!(s.generation > self.generation(), "generations grow");
        assert!(self.durable.contains(&shown(&s)), "shown before it was durable");
        for (id, v) in &s.adapters {
            let resting =
                matches!(v.state, AdapterState::Managed | AdapterState::Pending | AdapterState::Observed)
                    && !self.meddled;
            let Some(nic) = self.w.by_id(*id).filter(|_| resting) else { continue };
            assert_eq!(
                v.device.difference(&nic.device),
                None,
                "{}: readers see another device",
                v.facts.name
            );
            if let Some(t) = &v.target {
                assert_eq!(t.device.difference(&v.device), None, "{}: not its target", v.facts.name);
                assert_ne!(v.state, AdapterState::Observed);
                assert_eq!(v.state == AdapterState::Pending, !v.pending.is_empty());
            }
        }
        self.snapshot = Some(s);
    }

    pub(super) fn told(&mut self, event: Event) {
        self.events.push(event.clone());
        match &event.kind {
            EventKind::CheckpointCommitted { checkpoint, .. } => {
                let waited = self.unconfirmed.remove(checkpoint).expect("a checkpoint that was made");
                for (key, kept) in waited {
                    assert_eq!(kept, Kept::of(&self.w.durable, &key), "{key}: confirmed, not durable");
                    self.model.insert(key, kept);
                }
            }
            EventKind::CheckpointRolledBack { checkpoint, .. } => drop(self.unconfirmed.remove(checkpoint)),
            _ => {}
        }
        let Some(id) = event.id else { return };
        match event.kind {
            EventKind::RssInitializeIndirectionTable { indirection_table, .. } => {
                let old = self.tables.insert(id, indirection_table.0.clone());
                assert_ne!(old, Some(indirection_table.0), "nothing to tell");
            }
            EventKind::RssIndirectionChange { indirection_index, old_processor, new_processor } => {
                let slot = &mut self.tables.get_mut(&id).expect("a table first")[indirection_index.index()];
                assert_eq!(*slot, old_processor.0[0]);
                assert_ne!(old_processor, new_processor, "nothing to tell");
                *slot = new_processor.0[0];
            }
            EventKind::RssProcessorAssignment { processor } => {
                assert!(self.used.entry(id).or_default().insert(processor), "used already");
            }
            EventKind::RssProcessorUnassignment { processor } => {
                assert!(self.used.entry(id).or_default().remove(&processor), "not used");
            }
            EventKind::RssConfigurationChange { setting, old_value, value, .. } => {
                let old = self.told.insert((id, setting.clone()), value.clone());
                assert!(old.is_none_or(|o| o == old_value), "{setting}: told something else before");
                assert!(old_value != value || setting == "hash_key" || setting == "table");
            }
            // What it is there is not told; everything is told anew when it is back.
            EventKind::AdapterAway {} => {
                self.tables.remove(&id);
                self.used.remove(&id);
                self.told.retain(|(of, _), _| *of != id);
            }
            EventKind::RssFailure { .. } => {
                self.failed.insert(id);
            }
            EventKind::AdapterDegraded { because } => {
                // What cannot even be tried (others took queues from an adapter without a control for them) fails nowhere.
                let tried = !because.contains("not supported by this adapter");
                assert!(self.failed.contains(&id) || !tried, "degraded, and nothing failed: {because}");
                self.degraded.insert(id);
            }
            _ => {}
        }
    }

    pub(super) fn replied(&mut self, id: CommandId, result: Result<Reply, CommandError>) {
        let (caller, command) = self.outstanding.remove(&id).expect("one reply a command");
        if let Ok(Reply::Adapters { generation, .. } | Reply::Done { generation }) = &result {
            assert_eq!(*generation, self.generation(), "answered before it was published");
            assert!(!command.mutates() || [0, OWNER].contains(&caller.uid), "no authority");
        }
        let refused =
            matches!(result, Err(CommandError::NotAuthorised { .. } | CommandError::NoSuchAdapter { .. }));
        self.check_order(id, &command, refused);
        if let Ok(Reply::Adapters { dry_run: false, results, checkpoint, .. }) = &result {
            for r in results {
                self.check_result(&command, r, checkpoint.map(|id| id.0));
            }
            if atomic(&command) {
                let failed = results.iter().filter(|r| r.status == Status::Failed).count();
                assert!(failed == 0 || failed == results.len(), "half of an atomic request");
            }
        }
        if result.is_ok() {
            self.check_durable(&command);
        }
        self.replies.insert(id, result);
    }

    /// Requests for the same adapter are answered in order.
    pub(super) fn check_order(&self, id: CommandId, command: &Command, refused: bool) {
        let Some(name) = selector_of(command).filter(|s| s.len() == 1).map(|mut s| s.remove(0)) else {
            return;
        };
        if refused || !name.starts_with('k') || name == "k*" {
            return;
        }
        let claims = |id: &CommandId| self.claims.get(id).is_some_and(|names| names.contains(&name));
        let earlier = self.outstanding.range(..id).find(|(id, _)| claims(id));
        assert!(earlier.is_none(), "overtook {:?}", earlier.map(|(id, _)| id));
    }

    pub(super) fn check_result(&mut self, command: &Command, r: &AdapterResult, checkpoint: Option<u64>) {
        if self.meddled {
            return;
        }
        let Some(nic) = self.w.by_name(&r.name).cloned() else { return };
        let key = &nic.facts.key;
        let held = self.held(key);
        let known = self.model.entry(key.clone()).or_default();
        if let (Some(id), Status::Applied) = (checkpoint, r.status) {
            let after = known.after(command, &r.name, Some(r)).unwrap_or_else(|| known.clone());
            self.unconfirmed.entry(id).or_default().insert(key.clone(), after);
            assert_eq!(*known, Kept::of(&self.w.durable, key), "{key}: saved before it was confirmed");
            return;
        }
        let there = self.snapshot.as_ref().is_some_and(|s| s.adapters.contains_key(&r.id));
        if nic.id != Some(r.id) || !there {
            // Gone meanwhile: only what is durable counts.
            if let Some(after) = known.after(command, &r.name, Some(r)).filter(|_| r.error.is_none()) {
                *known = after;
            }
            assert_eq!(*known, Kept::of(&self.w.durable, key), "{key}: acknowledged, not durable");
            return;
        }
        // That a change was undone need not be durable: there is nothing to do for the next run.
        let undone = |before: &Device| r.steps.is_empty() && before.difference(&nic.device).is_none();
        let open = self.w.durable.open.iter().any(|o| o.adapter == *key && !undone(&o.before));
        if r.status == Status::Failed {
            let e = r.error.clone().expect("a failure has a reason");
            let state = &self.snapshot.as_ref().unwrap().adapters[&r.id].state;
            if !matches!(state, AdapterState::Degraded { .. }) && !held {
                assert!(!matches!(e, CommandError::Degraded { .. }), "degraded unseen");
                assert_eq!(nic.device.difference(&nic.stable), None, "{key}: failed, but not as before: {e}");
            }
        } else {
            assert!(r.error.is_none());
            // A checkpoint also goes back where there are no queues: what is answered is there when there are.
            let told = nic.powered || options_of(command).is_some();
            assert!(!told || nic.device.difference(&r.after).is_none(), "{key}: not as answered");
            let target = r.target.as_ref().expect("planned");
            assert_eq!(target.device.difference(&r.after), None, "{key}: not as planned");
            assert!(!open || !nic.is_kernel(), "{key}: acknowledged and still open");
            assert!(r.status != Status::Unchanged || r.steps.is_empty() && r.changes.is_empty());
            if let Some(after) = known.after(command, &nic.facts.name, Some(r)) {
                *known = after;
            }
        }
        assert_eq!(*known, Kept::of(&self.w.durable, key), "{key}: acknowledged, not durable");
    }

    pub(super) fn check_durable(&mut self, command: &Command) {
        let d = &self.w.durable;
        let softnic = |name: &str| d.softnics.iter().find(|s| s.name == *name);
        match command {
            Command::SetGlobal { rss } => assert_eq!(d.rss_on, *rss, "the switch is not durable"),
            Command::CreateSoftnic { name, .. } => assert!(softnic(name).is_some(), "not durable"),
            Command::DeleteSoftnic { name } => {
                assert!(softnic(name).is_none(), "still there after a restart");
                self.model.remove(&format!("softnic:{name}"));
            }
            Command::SetSource { name, source } => {
                assert_eq!(softnic(name).unwrap().options.get("source"), Some(source));
            }
            _ => {}
        }
    }

    /// What holds when nothing is under way.
    pub(super) fn check_rest(&mut self) {
        assert!(self.m.is_settled(), "waits for ever");
        let waits = |c: &Command| matches!(c, Command::Wait(g) if *g > self.generation());
        assert!(self.outstanding.values().all(|(_, c)| waits(c)), "never answered: {:?}", self.outstanding);
        let s = self.snapshot.clone().unwrap();
        assert_eq!(*self.m.saved_state(), self.w.durable_or(self.m.saved_state()), "memory and file differ");
        assert_eq!(shown(&s), self.w.shown(), "readers see something else than is durable");
        for (id, v) in &s.adapters {
            let nic = self.w.by_id(*id).expect("an adapter behind each view").clone();
            let name = &v.facts.name;
            assert_ne!(v.state, AdapterState::Applying, "{name}: busy for ever");
            let degraded = matches!(v.state, AdapterState::Degraded { .. });
            if v.state == AdapterState::Down {
                assert!(!nic.powered, "{name}: shown down and has power");
            } else if degraded {
                assert!(self.degraded.contains(id), "{name}: degraded without an event");
            } else {
                assert_eq!(nic.device.difference(&v.device), None, "{name}: half-applied unseen");
                if !self.held(&nic.facts.key) {
                    assert_eq!(nic.device.difference(&nic.stable), None, "{name}: not what is durable");
                }
                let own = v.state == AdapterState::Observed && nic.device.difference(&nic.found).is_some();
                assert!(
                    !own || s.observe.is_some() || nic.cycled,
                    "{name}: nobody's, and not as it was found"
                );
            }
            let table: Vec<Option<Processor>> =
                v.device.table.iter().map(|q| v.device.home(*q).map(Processor::from)).collect();
            if let Some(told) = self.tables.get(id) {
                assert_eq!(*told, table, "{name}: the events tell another table");
                let used: BTreeSet<Processor> = in_use(v).into_iter().map(Processor::from).collect();
                assert_eq!(
                    self.used.get(id).cloned().unwrap_or_default(),
                    used,
                    "{name}: the events tell other processors"
                );
            } else {
                assert!(v.target.is_none(), "{name}: its table was never told");
            }
            for field in Field::all() {
                if let Some(told) = self.told.get(&(*id, field.key().to_string())) {
                    assert_eq!(*told, v.settings.text(field), "{name}: the events tell another setting");
                }
            }
        }
        let late = self.m.saved_state().checkpoints.iter().find(|c| c.deadline <= self.w.now);
        assert_eq!(late, None, "its time is over");
        let there: BTreeSet<AdapterId> = self.w.nics.values().filter_map(|n| n.id).collect();
        assert_eq!(there, s.adapters.keys().copied().collect(), "adapters and views");
        for (key, known) in &self.model {
            assert_eq!(*known, Kept::of(&self.w.durable, key), "{key}: acknowledged, not durable");
        }
    }
}

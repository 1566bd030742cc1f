//! Findings.

use rssmgr_core::doctor::Finding;

use crate::types::FindingRecord;

/// A finding.
#[must_use]
pub fn finding(f: &Finding) -> FindingRecord {
    FindingRecord {
        check: f.check.name().into(),
        severity: f.severity.name().into(),
        adapter: f.adapter.clone(),
        title: f.title.clone(),
        evidence: f.evidence.clone(),
        remedy: f.remedy.clone(),
    }
}

//! Counters, and rates between two readings of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rssmgr_proto::types::{CpuStatsRecord, StatsRecord, TotalsRecord};

use super::style::{Paint, table};
use super::summary::short;

/// The queues that each CPU serves now, by kernel CPU id. Counters are cumulative, so that a CPU may have some from times
/// when it served.
pub type Serving = BTreeMap<u32, Vec<u32>>;

/// Totals with the names under which they are shown.
fn totals(t: &TotalsRecord) -> [(&'static str, u64); 11] {
    [
        ("packets", t.packets),
        ("bytes", t.bytes),
        ("drops", t.drops),
        ("unhashed", t.unhashed),
        ("unparsed", t.unparsed),
        ("reordered", t.reordered),
        ("entry moves", t.entry_moves),
        ("unicast", t.unicast_packets),
        ("multicast", t.multicast_packets),
        ("broadcast", t.broadcast_packets),
        ("misses", t.misses),
    ]
}

/// One row of a breakdown: how it is named, and its counters.
struct Row {
    names: Vec<String>,
    /// `None` where that is not counted.
    counters: Vec<Option<u64>>,
}

/// A breakdown: headings of names, headings of counters, rows.
struct Breakdown {
    names: Vec<&'static str>,
    counters: Vec<&'static str>,
    rows: Vec<Row>,
}

fn text<T: ToString>(value: Option<T>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

fn queues(list: Option<&Vec<u32>>) -> String {
    list.map(|l| l.iter().map(u32::to_string).collect::<Vec<_>>().join(",")).unwrap_or_default()
}

fn breakdown(s: &StatsRecord, serving: &Serving) -> Option<Breakdown> {
    if let Some(queues) = &s.queues {
        let rows = queues
            .iter()
            .map(|q| Row {
                names: vec![q.queue.to_string(), text(q.processor.as_ref()), text(q.node)],
                counters: [q.packets, q.bytes, q.drops, q.reordered, q.backlog].map(Some).to_vec(),
            })
            .collect();
        let counters = vec!["PACKETS", "BYTES", "DROPS", "REORDERED", "BACKLOG"];
        return Some(Breakdown { names: vec!["QUEUE", "PROCESSOR", "NODE"], counters, rows });
    }
    if let Some(cpus) = &s.cpus {
        // Those that serve now come first.
        let mut cpus: Vec<_> = cpus.iter().collect();
        cpus.sort_by_key(|c| !serving.contains_key(&c.cpu));
        let row = |c: &CpuStatsRecord| Row {
            names: vec![c.processor.clone(), c.cpu.to_string(), text(c.node), queues(serving.get(&c.cpu))],
            counters: [c.packets, c.bytes].map(Some).to_vec(),
        };
        let rows = cpus.into_iter().map(row).collect();
        return Some(Breakdown {
            names: vec!["PROCESSOR", "CPU", "NODE", "QUEUES"],
            counters: vec!["PACKETS", "BYTES"],
            rows,
        });
    }
    if let Some(vports) = &s.vports {
        let rows = vports
            .iter()
            .map(|v| Row {
                names: vec![
                    v.vport_id.to_string(),
                    v.vport_name.clone().unwrap_or_default(),
                    short(v.processors.iter().map(String::as_str)),
                ],
                counters: vec![Some(v.packets), v.bytes, v.drops, v.unhashed, v.reordered],
            })
            .collect();
        let counters = vec!["PACKETS", "BYTES", "DROPS", "UNHASHED", "REORDERED"];
        return Some(Breakdown { names: vec!["VPORTID", "VPORTNAME", "PROCESSORS"], counters, rows });
    }
    let entries = s.entries.as_ref()?;
    let rows = entries
        .iter()
        .map(|e| Row {
            names: vec![e.entry.to_string(), e.queue.to_string(), text(e.processor.as_ref())],
            counters: [e.packets, e.bytes].map(Some).to_vec(),
        })
        .collect();
    Some(Breakdown { names: vec!["ENTRY", "QUEUE", "PROCESSOR"], counters: vec!["PACKETS", "BYTES"], rows })
}

fn head(s: &StatsRecord, paint: Paint) -> String {
    match &s.pretended_topology {
        Some(machine) => {
            format!("{}  (processors of a pretended machine, {machine})\n", paint.bold(&s.name))
        }
        None => paint.bold(&s.name) + "\n",
    }
}

/// What a processor without queues is doing in the list; nothing when there is none.
fn legend(s: &StatsRecord, serving: &Serving) -> String {
    let idle = s.cpus.iter().flatten().filter(|c| !serving.contains_key(&c.cpu)).count();
    match idle {
        0 => String::new(),
        n => format!("QUEUES are those served now: {n} processors with `-` only have counts from before\n"),
    }
}

/// The counters of an adapter.
#[must_use]
pub fn stats(s: &StatsRecord, serving: &Serving, paint: Paint) -> String {
    let mut out = head(s, paint);
    let Some(b) = breakdown(s, serving) else {
        for (name, value) in totals(&s.totals) {
            let _ = writeln!(out, "  {name:<12} {value:>16}");
        }
        return out;
    };
    if b.rows.is_empty() && s.queues.is_none() {
        out += match s.vports {
            Some(_) => "not known: the driver does not count the packets of each queue\n",
            None => "hardware counts by queue only: see --per queue\n",
        };
    }
    let all: Vec<&str> = b.names.iter().chain(&b.counters).copied().collect();
    let rows: Vec<Vec<String>> = b
        .rows
        .into_iter()
        .map(|r| r.names.into_iter().chain(r.counters.into_iter().map(text)).collect())
        .collect();
    out += &table(paint, &all, &rows);
    let _ = writeln!(
        out,
        "total: {} packets, {} bytes, {} drops, {} reordered",
        s.totals.packets, s.totals.bytes, s.totals.drops, s.totals.reordered
    );
    out + &legend(s, serving)
}

/// What a counter grew by in a second; `-` when it was set back.
fn rate(before: u64, now: u64, ms: u64) -> String {
    match now.checked_sub(before) {
        Some(grown) => {
            let per_second = u128::from(grown) * 1000 / u128::from(ms.max(1));
            per_second.to_string()
        }
        None => "-".into(),
    }
}

/// What the counters of an adapter grew by in a second between two readings.
#[must_use]
pub fn rates(before: &StatsRecord, now: &StatsRecord, serving: &Serving, paint: Paint) -> String {
    let ms = now.time_ms.saturating_sub(before.time_ms);
    let mut out = head(now, paint);
    let (Some(old), Some(new)) = (breakdown(before, serving), breakdown(now, serving)) else {
        for ((name, old), (_, new)) in totals(&before.totals).into_iter().zip(totals(&now.totals)) {
            let _ = writeln!(out, "  {name:<12} {new:>16} {:>14}/s", rate(old, new, ms));
        }
        return out;
    };
    let per_second: Vec<String> = new.counters.iter().map(|c| format!("{c}/S")).collect();
    let heads: Vec<&str> = new.names.iter().copied().chain(per_second.iter().map(String::as_str)).collect();
    let rows: Vec<Vec<String>> = new
        .rows
        .into_iter()
        .map(|r| {
            let then = old.rows.iter().find(|o| o.names.first() == r.names.first());
            let counters = r.counters.iter().enumerate().map(|(i, now)| {
                let Some(now) = now else { return String::new() };
                let before = then.and_then(|o| o.counters.get(i)).copied().flatten().unwrap_or_default();
                // A backlog is a level, not a counter.
                if per_second.get(i).is_some_and(|h| h == "BACKLOG/S") {
                    now.to_string()
                } else {
                    rate(before, *now, ms)
                }
            });
            r.names.iter().cloned().chain(counters).collect()
        })
        .collect();
    let heads: Vec<&str> = heads.into_iter().map(|h| if h == "BACKLOG/S" { "BACKLOG" } else { h }).collect();
    out += &table(paint, &heads, &rows);
    let t = (&before.totals, &now.totals);
    let _ = writeln!(
        out,
        "total: {} packets/s, {} bytes/s, {} drops/s, {} reordered/s",
        rate(t.0.packets, t.1.packets, ms),
        rate(t.0.bytes, t.1.bytes, ms),
        rate(t.0.drops, t.1.drops, ms),
        rate(t.0.reordered, t.1.reordered, ms)
    );
    out + &legend(now, serving)
}

#[cfg(test)]
mod tests {
    use rssmgr_proto::types::VPortStatsRecord;

    use super::*;

    #[test]
    fn what_a_card_does_not_count_by_vport_is_no_zero() {
        let vport =
            VPortStatsRecord { vport_id: 1, packets: 7, bytes: Some(700), ..VPortStatsRecord::default() };
        let mut record = StatsRecord { vports: Some(vec![vport]), ..StatsRecord::default() };
        let shown = stats(&record, &Serving::new(), Paint::default());
        let row: Vec<&str> = shown.lines().nth(2).unwrap().split_whitespace().collect();
        assert_eq!(row, ["1", "-", "-", "7", "700", "-", "-", "-"], "{shown}");
        let mut later = record.clone();
        (later.time_ms, later.vports.as_mut().unwrap()[0].packets) = (1000, 9);
        let shown = rates(&record, &later, &Serving::new(), Paint::default());
        let row: Vec<&str> = shown.lines().nth(2).unwrap().split_whitespace().collect();
        assert_eq!(row, ["1", "-", "-", "2", "0", "-", "-", "-"], "{shown}");
        record.vports = Some(Vec::new());
        let shown = stats(&record, &Serving::new(), Paint::default());
        assert!(shown.contains("not known: the driver does not count the packets of each queue"), "{shown}");
    }

    #[test]
    fn processors_that_serve_now_come_first_and_the_others_are_explained() {
        let cpu = |cpu: u32, packets| CpuStatsRecord {
            cpu,
            processor: format!("0:{cpu}"),
            packets,
            ..CpuStatsRecord::default()
        };
        let record = StatsRecord {
            name: "nic0".into(),
            cpus: Some(vec![cpu(0, 9), cpu(2, 5), cpu(4, 7)]),
            ..StatsRecord::default()
        };
        let shown = stats(&record, &Serving::from([(4, vec![0, 1]), (2, vec![2])]), Paint::default());
        let column = |n: usize| -> Vec<&str> {
            shown.lines().skip(2).take(3).filter_map(|l| l.split_whitespace().nth(n)).collect()
        };
        assert_eq!((column(0), column(3)), (vec!["0:2", "0:4", "0:0"], vec!["2", "0,1", "-"]), "{shown}");
        assert!(shown.ends_with("1 processors with `-` only have counts from before\n"), "{shown}");
        let all =
            stats(&record, &Serving::from([(0, vec![0]), (2, vec![1]), (4, vec![2])]), Paint::default());
        assert!(!all.contains("QUEUES are"), "{all}");
    }

    #[test]
    fn rates_are_per_second_and_survive_a_reset() {
        assert_eq!(rate(1000, 3000, 500), "4000");
        assert_eq!(rate(10, 5, 1000), "-");
        assert_eq!(rate(0, u64::MAX, 1), (u128::from(u64::MAX) * 1000).to_string());
        assert_eq!(rate(0, 7, 0), "7000");
    }
}

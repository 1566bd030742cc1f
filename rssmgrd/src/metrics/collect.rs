//! The page: a hundred series at a time are built, encoded and handed on, because a series as the encoder takes it needs
//! ten times the memory of its line.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use prometheus::TextEncoder;
use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};
use rssmgr_core::manager::{AdapterState, AdapterView};
use rssmgr_core::stats::{FAMILIES, Kind, Read, Sample, Scope, VPortStats};
use rssmgr_core::{QueueId, VPortId};

use super::catalogue::{self, Family};
use crate::clock;
use crate::dbus::Context;
use crate::owner::Published;

/// Makes pages.
#[derive(Clone, Debug)]
pub struct Collector {
    context: Arc<Context>,
    /// Whether each table entry has its series on every page.
    entries: bool,
    started_seconds: f64,
}

impl Collector {
    /// A collector for what the daemon serves.
    #[must_use]
    pub fn new(context: Arc<Context>, entries: bool) -> Self {
        Self { context, entries, started_seconds: seconds(clock::unix_ms()) }
    }

    /// The page in the text format 0.0.4; with `entries`, each table entry has its series too.
    ///
    /// # Errors
    /// When the encoder refuses a family, which the catalogue's test excludes.
    pub fn page(&self, entries: bool) -> Result<String, prometheus::Error> {
        let mut text = String::new();
        self.write(entries, &mut |part| {
            text += &part;
            true
        })?;
        Ok(text)
    }

    /// As [`Collector::page`], part by part, until `take` says that nobody takes more.
    ///
    /// # Errors
    /// As [`Collector::page`].
    pub fn write(
        &self,
        entries: bool,
        take: &mut dyn FnMut(String) -> bool,
    ) -> Result<(), prometheus::Error> {
        let published = self.context.handle.published();
        let started = Instant::now();
        let sampled: Vec<(&Arc<AdapterView>, Option<Sample>)> = published
            .snapshot
            .adapters
            .iter()
            .map(|(id, view)| {
                let mut sample = published.samplers.get(id).map(|s| s.sample());
                if let Some(sample) = &mut sample {
                    sample.count_vports(&view.device);
                }
                (view, sample)
            })
            .collect();
        let took = started.elapsed().as_secs_f64();
        let mut page = Page { text: String::new(), take, taken: true };
        self.state(&published, &sampled, took, &mut page)?;
        counters(&sampled, entries || self.entries, &mut page)?;
        page.hand_on();
        Ok(())
    }

    fn state(
        &self,
        published: &Published,
        sampled: &[(&Arc<AdapterView>, Option<Sample>)],
        took: f64,
        page: &mut Page<'_>,
    ) -> Result<(), prometheus::Error> {
        let snapshot = &published.snapshot;
        page.one(&catalogue::BUILD_INFO, &[env!("CARGO_PKG_VERSION")], 1.0)?;
        page.one(&catalogue::START_TIME, &[], self.started_seconds)?;
        page.one(&catalogue::GENERATION, &[], float(snapshot.generation.0))?;
        page.one(&catalogue::SETTLED, &[], truth(published.settled))?;
        page.one(&catalogue::RSS_ENABLED, &[], truth(snapshot.rss_on))?;
        let mut states: BTreeMap<&str, u64> = AdapterState::NAMES.map(|s| (s, 0)).into();
        for view in snapshot.adapters.values() {
            *states.entry(view.state.name()).or_default() += 1;
        }
        page.family(&catalogue::ADAPTERS, states.iter().map(|(s, n)| (vec![*s], float(*n))))?;
        let each = || snapshot.adapters.values();
        let device = |v: &'_ AdapterView| v.facts.name.clone();
        page.family(
            &catalogue::ADAPTER_INFO,
            each().map(|v| {
                let words = [v.settings.profile.value.name(), v.state.name(), v.verified.name()];
                let names = [device(v), v.facts.driver.clone()];
                (names.into_iter().chain(words.map(str::to_owned)).collect(), 1.0)
            }),
        )?;
        page.family(&catalogue::ADAPTER_ENABLED, each().map(|v| (vec![device(v)], truth(v.spreads()))))?;
        page.family(
            &catalogue::ADAPTER_DEGRADED,
            each().map(|v| (vec![device(v)], truth(matches!(v.state, AdapterState::Degraded { .. })))),
        )?;
        page.family(
            &catalogue::ADAPTER_QUEUES,
            each().map(|v| (vec![device(v)], float(v.device.channels().into()))),
        )?;
        page.family(&catalogue::VPORT_QUEUES, each().flat_map(|v| vport_queues(v)))?;
        page.family(&catalogue::QUEUE_INFO, each().flat_map(|v| queues(v)))?;
        page.family(
            &catalogue::EVENTS,
            self.context.events.told().into_iter().map(|(name, n)| (vec![name], float(n))),
        )?;
        page.one(&catalogue::EVENTS_LOST, &[], float(self.context.events.lost()))?;
        page.family(
            &catalogue::DBUS_CALLS,
            self.context.calls.counts().into_iter().map(|((m, outcome), n)| (vec![m, outcome], float(n))),
        )?;
        page.family(
            &catalogue::COLLECT_SUCCESS,
            sampled.iter().map(|(v, sample)| (vec![device(v)], truth(sample.is_some()))),
        )?;
        page.one(&catalogue::COLLECT_DURATION, &[], took)
    }
}

/// The queues of each VPort, the default one included.
fn vport_queues(v: &AdapterView) -> impl Iterator<Item = (Vec<String>, f64)> {
    v.vports.iter().filter(|p| p.in_force).map(|p| {
        let labels = vec![v.facts.name.clone(), p.key.vport.to_string(), p.name.clone()];
        (labels, float(p.state.queues.into()))
    })
}

/// Which CPU serves each queue that one CPU serves.
fn queues(v: &AdapterView) -> impl Iterator<Item = (Vec<String>, f64)> {
    let served = |q: u16| Some((q, v.device.home(QueueId(q))?));
    (0..v.device.channels()).filter_map(served).map(|(q, cpu)| {
        let node = v.topology.cpu(cpu).map(|c| c.node.to_string()).unwrap_or_default();
        (vec![v.facts.name.clone(), q.to_string(), cpu.to_string(), node], 1.0)
    })
}

/// The families that count packets. Series are kept for one adapter at a time and used again for the next.
fn counters(
    sampled: &[(&Arc<AdapterView>, Option<Sample>)],
    entries: bool,
    page: &mut Page<'_>,
) -> Result<(), prometheus::Error> {
    let mut series = [Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    for family in FAMILIES.iter().filter(|f| entries || f.scope() != Scope::Entry) {
        let mut first = true;
        for (view, sample) in sampled.iter().filter_map(|(v, s)| Some((v, s.as_ref()?))) {
            let series = match family.read {
                Read::Adapter(read) => {
                    fill(&mut series[0], view, family.kind, &[read(&sample.adapter)], |_| [])
                }
                Read::Queue(read) => {
                    let values: Vec<u64> = sample.queues.iter().map(read).collect();
                    fill(&mut series[1], view, family.kind, &values, |q| [("queue", q.to_string())])
                }
                Read::Entry(read) => {
                    let values: Vec<u64> = sample.entries.iter().map(read).collect();
                    fill(&mut series[2], view, family.kind, &values, |e| [("entry", e.to_string())])
                }
                Read::Cpu(read) => {
                    let values: Vec<u64> = sample.cpus.iter().map(read).collect();
                    // A place is another CPU in every adapter.
                    series[3].clear();
                    fill(&mut series[3], view, family.kind, &values, |i| cpu(view, sample, i))
                }
                Read::VPort(read) => {
                    let counted = |v: &VPortStats| Some((v.id, read(v)?));
                    let (ids, values): (Vec<VPortId>, Vec<u64>) =
                        sample.vports.iter().flatten().filter_map(counted).unzip();
                    // So is the number of a VPort.
                    series[4].clear();
                    fill(&mut series[4], view, family.kind, &values, |i| vport(view, &ids, i))
                }
            };
            first &= !page.encode(family.name, family.help, family.kind, series, first)?;
        }
    }
    Ok(())
}

/// The labels of the CPU at a place of a sample.
fn cpu(view: &AdapterView, sample: &Sample, i: usize) -> [(&'static str, String); 2] {
    let cpu = sample.cpus.get(i).map(|c| c.cpu).unwrap_or_default();
    let node = view.topology.cpu(cpu).map(|c| c.node.to_string()).unwrap_or_default();
    [("cpu", cpu.to_string()), ("node", node)]
}

/// The labels of the VPort at a place.
fn vport(view: &AdapterView, ids: &[VPortId], i: usize) -> [(&'static str, String); 2] {
    let id = ids.get(i).copied().unwrap_or_default();
    let name = view.vports.iter().find(|v| v.key.vport == id).map(|v| v.name.clone()).unwrap_or_default();
    [("vport", id.to_string()), ("name", name)]
}

/// Makes series say the values of one adapter. New ones get `labels` besides the device's.
fn fill<'a, const N: usize>(
    series: &'a mut Vec<Metric>,
    view: &AdapterView,
    kind: Kind,
    values: &[u64],
    labels: impl Fn(usize) -> [(&'static str, String); N],
) -> &'a mut Vec<Metric> {
    let device = &view.facts.name;
    series.truncate(values.len());
    for i in series.len()..values.len() {
        let mut pairs = vec![label("device", device.clone())];
        pairs.extend(labels(i).into_iter().map(|(name, value)| label(name, value)));
        series.push(Metric::from_label(pairs));
    }
    for (metric, value) in series.iter_mut().zip(values) {
        if let Some(pair) = metric.mut_label().first_mut().filter(|p| p.value() != device.as_str()) {
            pair.set_value(device.clone());
        }
        set(metric, kind, float(*value));
    }
    series
}

/// Series that are in memory at the same time.
const SERIES: usize = 128;

/// Bytes of text after which it is handed on.
const PART: usize = 32 << 10;

/// A page that grows, and what of it is not handed on yet.
struct Page<'a> {
    text: String,
    take: &'a mut dyn FnMut(String) -> bool,
    /// Whether somebody still takes it.
    taken: bool,
}

impl Page<'_> {
    fn hand_on(&mut self) {
        if !self.text.is_empty() && self.taken {
            self.taken = (self.take)(std::mem::take(&mut self.text));
        }
    }

    /// A family of one series.
    fn one(&mut self, family: &Family, values: &[&str], value: f64) -> Result<(), prometheus::Error> {
        self.family(family, [(values.to_vec(), value)].into_iter())
    }

    /// A family, by the values of its labels.
    fn family<T: Into<String>>(
        &mut self,
        family: &Family,
        series: impl Iterator<Item = (Vec<T>, f64)>,
    ) -> Result<(), prometheus::Error> {
        let mut series = series.map(|(values, value)| {
            let labels = family.labels.iter().zip(values).map(|(name, v)| label(name, v.into())).collect();
            let mut metric = Metric::from_label(labels);
            set(&mut metric, family.kind, value);
            metric
        });
        let mut first = true;
        loop {
            let mut some: Vec<Metric> = series.by_ref().take(SERIES).collect();
            if !self.encode(family.name, family.help, family.kind, &mut some, first)? {
                return Ok(());
            }
            first = false;
        }
    }

    /// Encodes series of a family, with its head when they are the first. A family without series is left out, as the
    /// format wants it; answers whether there were any.
    fn encode(
        &mut self,
        name: &str,
        help: &str,
        kind: Kind,
        series: &mut Vec<Metric>,
        first: bool,
    ) -> Result<bool, prometheus::Error> {
        if series.is_empty() || !self.taken {
            return Ok(false);
        }
        let mut family = MetricFamily::default();
        family.set_name(name.to_owned());
        family.set_help(help.to_owned());
        family.set_field_type(match kind {
            Kind::Counter => MetricType::COUNTER,
            Kind::Gauge => MetricType::GAUGE,
        });
        family.set_metric(std::mem::take(series));
        let family = [family];
        let start = self.text.len();
        TextEncoder::new().encode_utf8(&family, &mut self.text)?;
        if !first {
            // The encoder writes the head, two lines, each time.
            let head = self.text[start..].split_inclusive('\n').take(2).map(str::len).sum::<usize>();
            self.text.replace_range(start..start + head, "");
        }
        if self.text.len() >= PART {
            self.hand_on();
        }
        let [mut family] = family;
        *series = std::mem::take(family.mut_metric());
        Ok(true)
    }
}

fn label(name: &str, value: String) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(name.to_owned());
    pair.set_value(value);
    pair
}

fn set(metric: &mut Metric, kind: Kind, value: f64) {
    match kind {
        Kind::Counter => {
            let mut counter = Counter::default();
            counter.set_value(value);
            metric.set_counter(counter);
        }
        Kind::Gauge => {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            metric.set_gauge(gauge);
        }
    }
}

/// Prometheus knows floating point only: a counter is exact up to 2^53.
#[allow(clippy::cast_precision_loss, reason = "the format has no integers")]
fn float(n: u64) -> f64 {
    n as f64
}

fn seconds(ms: u64) -> f64 {
    float(ms) / 1000.0
}

fn truth(b: bool) -> f64 {
    f64::from(u8::from(b))
}

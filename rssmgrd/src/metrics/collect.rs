//! The page: one family at a time is built and encoded, so that a page of 40,000 series needs the memory of 4,000.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use prometheus::TextEncoder;
use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};
use rssmgr_core::QueueId;
use rssmgr_core::manager::{AdapterState, AdapterView};
use rssmgr_core::stats::{FAMILIES, Kind, Read, Sample, Scope};

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
        let published = self.context.handle.published();
        let started = Instant::now();
        let sampled: Vec<(&Arc<AdapterView>, Option<Sample>)> = published
            .snapshot
            .adapters
            .iter()
            .map(|(id, view)| (view, published.samplers.get(id).map(|s| s.sample())))
            .collect();
        let took = started.elapsed().as_secs_f64();
        let mut page = Page::default();
        self.state(&published, &sampled, took, &mut page)?;
        counters(&sampled, entries || self.entries, &mut page)?;
        Ok(page.text)
    }

    fn state(
        &self,
        published: &Published,
        sampled: &[(&Arc<AdapterView>, Option<Sample>)],
        took: f64,
        page: &mut Page,
    ) -> Result<(), prometheus::Error> {
        let snapshot = &published.snapshot;
        page.one(&catalogue::BUILD_INFO, &[env!("CARGO_PKG_VERSION")], 1.0)?;
        page.one(&catalogue::START_TIME, &[], self.started_seconds)?;
        page.one(&catalogue::GENERATION, &[], float(snapshot.generation.0))?;
        page.one(&catalogue::SETTLED, &[], truth(published.settled))?;
        page.one(&catalogue::RSS_ENABLED, &[], truth(snapshot.rss_on))?;
        let mut states: BTreeMap<&str, u64> =
            ["observed", "managed", "applying", "degraded"].map(|s| (s, 0)).into();
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
        page.family(&catalogue::ADAPTER_ENABLED, each().map(|v| (vec![device(v)], truth(v.device.enabled))))?;
        page.family(
            &catalogue::ADAPTER_DEGRADED,
            each().map(|v| (vec![device(v)], truth(matches!(v.state, AdapterState::Degraded { .. })))),
        )?;
        page.family(
            &catalogue::ADAPTER_QUEUES,
            each().map(|v| (vec![device(v)], float(v.device.channels().into()))),
        )?;
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

/// Which CPU serves each queue that one CPU serves.
fn queues(v: &AdapterView) -> impl Iterator<Item = (Vec<String>, f64)> {
    let served = |q: u16| Some((q, v.device.home(QueueId(q))?));
    (0..v.device.channels()).filter_map(served).map(|(q, cpu)| {
        let node = v.topology.cpu(cpu).map(|c| c.node.to_string()).unwrap_or_default();
        (vec![v.facts.name.clone(), q.to_string(), cpu.to_string(), node], 1.0)
    })
}

/// The families that count packets: the labels of a scope are built once, and the values replaced for each family.
fn counters(
    sampled: &[(&Arc<AdapterView>, Option<Sample>)],
    entries: bool,
    page: &mut Page,
) -> Result<(), prometheus::Error> {
    let sampled: Vec<(&AdapterView, &Sample)> =
        sampled.iter().filter_map(|(v, s)| Some((v.as_ref(), s.as_ref()?))).collect();
    for scope in [Scope::Adapter, Scope::Queue, Scope::Cpu, Scope::Entry] {
        if scope == Scope::Entry && !entries {
            continue;
        }
        let mut series = Vec::new();
        for (view, sample) in &sampled {
            labels(scope, view, sample, &mut series);
        }
        for family in FAMILIES.iter().filter(|f| f.scope() == scope) {
            let mut series_left = series.iter_mut();
            let mut put = |value: u64| {
                if let Some(metric) = series_left.next() {
                    set(metric, family.kind, float(value));
                }
            };
            for (_, s) in &sampled {
                match family.read {
                    Read::Adapter(read) => put(read(&s.adapter)),
                    Read::Queue(read) => s.queues.iter().for_each(|q| put(read(q))),
                    Read::Cpu(read) => s.cpus.iter().for_each(|c| put(read(c))),
                    Read::Entry(read) => s.entries.iter().for_each(|e| put(read(e))),
                }
            }
            series = page.encode(family.name, family.help, family.kind, series)?;
        }
    }
    Ok(())
}

/// The series of one adapter in a scope, in the order in which its sample has them.
fn labels(scope: Scope, view: &AdapterView, sample: &Sample, series: &mut Vec<Metric>) {
    let device = || label("device", view.facts.name.clone());
    let mut add = |labels| series.push(Metric::from_label(labels));
    match scope {
        Scope::Daemon => {}
        Scope::Adapter => add(vec![device()]),
        Scope::Queue => {
            (0..sample.queues.len()).for_each(|q| add(vec![device(), label("queue", q.to_string())]));
        }
        Scope::Entry => {
            (0..sample.entries.len()).for_each(|e| add(vec![device(), label("entry", e.to_string())]));
        }
        Scope::Cpu => {
            for c in &sample.cpus {
                let node = view.topology.cpu(c.cpu).map(|c| c.node.to_string()).unwrap_or_default();
                add(vec![device(), label("cpu", c.cpu.to_string()), label("node", node)]);
            }
        }
    }
}

/// A page that grows.
#[derive(Debug, Default)]
struct Page {
    text: String,
}

impl Page {
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
        let series = series
            .map(|(values, value)| {
                let labels =
                    family.labels.iter().zip(values).map(|(name, v)| label(name, v.into())).collect();
                let mut metric = Metric::from_label(labels);
                set(&mut metric, family.kind, value);
                metric
            })
            .collect();
        self.encode(family.name, family.help, family.kind, series).map(drop)
    }

    /// Encodes a family and gives its series back. A family without series is left out, as the format wants it.
    fn encode(
        &mut self,
        name: &str,
        help: &str,
        kind: Kind,
        series: Vec<Metric>,
    ) -> Result<Vec<Metric>, prometheus::Error> {
        if series.is_empty() {
            return Ok(series);
        }
        let mut family = MetricFamily::default();
        family.set_name(name.to_owned());
        family.set_help(help.to_owned());
        family.set_field_type(match kind {
            Kind::Counter => MetricType::COUNTER,
            Kind::Gauge => MetricType::GAUGE,
        });
        family.set_metric(series);
        let family = [family];
        TextEncoder::new().encode_utf8(&family, &mut self.text)?;
        let [mut family] = family;
        Ok(std::mem::take(family.mut_metric()))
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

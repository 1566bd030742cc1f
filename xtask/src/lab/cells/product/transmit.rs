//! Transmit steering against the rule as it is documented, not as it is computed: every processor sends through exactly
//! one queue, as near as any is, and queues that are as near share their processors evenly.

use super::card::node_of;
use super::kernel::{Cpus, Kernel};
use super::subject::Subject;
use anyhow::Result;

/// In some numbers of queues and homes of them.
pub(super) fn nearest_queue(s: &mut Subject<'_>) -> Result<()> {
    let mut cases =
        vec!["--profile NUMAStatic", "--profile ClosestStatic --max-processors 3", "--base-processor 4"];
    if s.card.channels.is_some() {
        cases.extend(["--base-processor auto --max-processors auto --queues 3", "--queues 5"]);
    }
    let online = s.online()?;
    for arguments in cases {
        s.settled(&format!("{arguments} --xps cpus"))?;
        let kernel = s.kernel()?;
        s.checks.that(!kernel.xps.is_empty(), || format!("{arguments}: no transmit queue"));
        let faults = faults(&kernel, &online);
        s.checks.that(faults.is_empty(), || format!("{arguments}: {}", faults.join("; ")));
    }
    Ok(())
}

/// How far a processor is from the home of a queue: it is the same, it is on the same node, it is elsewhere.
fn distance(cpu: u32, home: Option<u32>) -> u32 {
    match home {
        Some(home) if home == cpu => 0,
        Some(home) if node_of(home) == node_of(cpu) => 1,
        _ => 2,
    }
}

fn faults(kernel: &Kernel, online: &Cpus) -> Vec<String> {
    let home = |queue: usize| {
        let vector = kernel.vector(u32::try_from(queue).ok()?)?;
        vector.cpus.first().copied().filter(|_| vector.cpus.len() == 1)
    };
    let mut faults = Vec::new();
    for cpu in online {
        let through: Vec<usize> =
            (0..kernel.xps.len()).filter(|queue| kernel.xps[*queue].contains(cpu)).collect();
        let [queue] = through[..] else {
            faults.push(format!("CPU {cpu} sends through queues {through:?}"));
            continue;
        };
        let nearest = (0..kernel.xps.len()).map(|queue| distance(*cpu, home(queue))).min();
        if Some(distance(*cpu, home(queue))) != nearest {
            faults.push(format!("CPU {cpu} sends through queue {queue}, and another one is nearer"));
        }
        let as_near = (0..kernel.xps.len()).filter(|other| Some(distance(*cpu, home(*other))) == nearest);
        for other in as_near.filter(|other| kernel.xps[*other].len() + 1 < kernel.xps[queue].len()) {
            faults.push(format!(
                "queue {queue} has more CPUs than queue {other}, which is as near to CPU {cpu}"
            ));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::super::kernel::Vector;
    use super::*;

    #[test]
    fn only_the_nearest_and_evenly_is_right() {
        let vector =
            |queue: u32, cpu| Vector { number: queue, name: format!("x-rx-{queue}"), cpus: [cpu].into() };
        let online: Cpus = (0..8).collect();
        let of = |xps: [&[u32]; 2]| {
            let xps = xps.map(|cpus| cpus.iter().copied().collect()).to_vec();
            faults(&Kernel { vectors: vec![vector(0, 0), vector(1, 2)], xps, ..Kernel::default() }, &online)
        };
        assert_eq!(of([&[0, 1, 4, 6], &[2, 3, 5, 7]]), [""; 0]);
        assert_eq!(of([&[0, 1, 4], &[2, 3, 5, 7]]).len(), 1, "one without a queue");
        assert_eq!(of([&[0, 1, 2, 4], &[3, 5, 6, 7]]).len(), 1, "one sends through a farther queue");
        assert!(!of([&[0, 1, 4, 5, 6, 7], &[2, 3]]).is_empty(), "uneven");
    }
}

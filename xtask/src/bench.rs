//! Running the benches.

use crate::metadata::{Metadata, Package, Target};
use crate::run::Project;
use anyhow::Result;

/// Runs every bench of the workspace, and says which file each figure comes from.
pub(crate) fn bench(project: &Project) -> Result<bool> {
    let metadata = Metadata::read(project)?;
    let benches: Vec<(&Package, &Target)> = metadata
        .members()
        .flat_map(|package| package.targets.iter().map(move |target| (package, target)))
        .filter(|(_, target)| target.kind == "bench")
        .collect();
    if benches.is_empty() {
        println!("the workspace has no benches");
        return Ok(true);
    }
    let mut arguments = vec!["bench", "--locked", "--workspace"];
    for (_, target) in &benches {
        arguments.extend(["--bench", target.name.as_str()]);
    }
    if !project.cargo(&arguments).status()? {
        return Ok(false);
    }
    println!("\nThe README's figures are the medians above. One bench alone:");
    for (package, target) in benches {
        println!(
            "  cargo bench -p {} --bench {}    # {}",
            package.name,
            target.name,
            target.source.display()
        );
    }
    Ok(true)
}

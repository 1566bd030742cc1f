//! The kernel lab: real multi-queue drivers of three kernels in emulated machines, without hardware virtualisation.

mod apt;
mod cpio;
mod guest;
mod initramfs;
mod kernel;
mod machine;
mod outside;
mod pins;
mod qmp;
mod store;

use crate::run::Project;
use anyhow::{Context as _, Result, bail};
use guest::Guest;
use machine::{Model, Nic};
use pins::Pins;
use std::fs;
use std::path::PathBuf;
use store::Store;

/// `cargo xtask lab ...`
pub(crate) fn lab(project: &Project, arguments: &[&str]) -> Result<bool> {
    match arguments {
        ["update"] => update(project),
        ["run", kernel, script @ ..] => run(project, kernel, &script.join(" ")),
        _ => bail!("do not know `lab {}`", arguments.join(" ")),
    }
}

fn pins_file(project: &Project) -> PathBuf {
    project.root.join("xtask/lab.toml")
}

fn folder(project: &Project) -> PathBuf {
    project.root.join("target/lab")
}

fn update(project: &Project) -> Result<bool> {
    let file = pins_file(project);
    let mut pins = Pins::read(&file)?;
    let moved = pins.update(&folder(project).join("apt"))?;
    fs::write(&file, pins.text()).with_context(|| format!("cannot write {}", file.display()))?;
    for pin in &moved {
        println!("{pin}");
    }
    println!("{} pins moved", moved.len());
    Ok(true)
}

fn open(project: &Project) -> Result<Store> {
    Store::open(&folder(project), &Pins::read(&pins_file(project))?)
}

fn run(project: &Project, kernel: &str, script: &str) -> Result<bool> {
    let store = open(project)?;
    let mut guest = Guest::boot(&store, kernel, &machine::SMALL, &nics(), &[])?;
    println!("up after {:.1} s", guest.booted_in.as_secs_f64());
    let output = guest.run(script)?;
    print!("{}", output.stdout);
    eprint!("{}", output.stderr);
    print!("{}", guest.last_words());
    Ok(output.code == 0)
}

fn nics() -> Vec<Nic> {
    vec![
        Nic::new("virtio0", Model::VirtioNet),
        Nic::new("igb0", Model::Igb).on_node(1),
        Nic::new("e1000e0", Model::E1000e),
        Nic::new("vmxnet0", Model::Vmxnet3).on_node(2),
    ]
}

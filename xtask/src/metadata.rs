//! What cargo knows about the workspace, as plain data.

use crate::run::Project;
use anyhow::{Context as _, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The packages of the resolved dependency graph by package id.
pub(crate) struct Metadata {
    pub(crate) packages: BTreeMap<String, Package>,
    pub(crate) target_directory: PathBuf,
}

/// One package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// As SPDX writes it; empty where the package does not say.
    pub(crate) license: String,
    /// Where its sources are.
    pub(crate) folder: PathBuf,
    /// Whether it is one of ours.
    pub(crate) member: bool,
    /// Ids of the packages that it needs to be built or to run; those for tests alone are left out.
    pub(crate) needs: Vec<String>,
    pub(crate) targets: Vec<Target>,
}

/// Something that cargo builds from a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) name: String,
    /// `lib`, `bin`, `test`, `bench`, `example`, `custom-build` or `proc-macro`.
    pub(crate) kind: String,
    /// The root source file, relative to the workspace where it is one of ours.
    pub(crate) source: PathBuf,
}

impl Metadata {
    /// Asks cargo, for Linux with all features of ours.
    pub(crate) fn read(project: &Project) -> Result<Self> {
        let text = project
            .cargo(&[
                "metadata",
                "--format-version=1",
                "--locked",
                "--all-features",
                "--filter-platform=x86_64-unknown-linux-gnu",
            ])
            .output()?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self> {
        let json: Value = serde_json::from_str(text).context("cargo metadata wrote no JSON")?;
        let root = Path::new(string(&json["workspace_root"])?);
        let members = strings(&json["workspace_members"])?;
        let mut packages = BTreeMap::new();
        for package in list(&json["packages"])? {
            let id = string(&package["id"])?;
            let targets = list(&package["targets"])?
                .iter()
                .map(|target| {
                    let source = Path::new(string(&target["src_path"])?);
                    Ok(Target {
                        name: string(&target["name"])?.to_owned(),
                        kind: string(&target["kind"][0])?.to_owned(),
                        source: source.strip_prefix(root).unwrap_or(source).to_owned(),
                    })
                })
                .collect::<Result<_>>()?;
            let name = string(&package["name"])?.to_owned();
            let member = members.contains(&id);
            let version = string(&package["version"])?.to_owned();
            let license = package["license"].as_str().unwrap_or_default().to_owned();
            let manifest = Path::new(string(&package["manifest_path"])?);
            let folder = manifest.parent().unwrap_or(manifest).to_owned();
            let package = Package { name, version, license, folder, member, needs: Vec::new(), targets };
            packages.insert(id.to_owned(), package);
        }
        for node in list(&json["resolve"]["nodes"])? {
            let package = packages.get_mut(string(&node["id"])?).context("a node without a package")?;
            for dependency in list(&node["deps"])? {
                let kinds = list(&dependency["dep_kinds"])?;
                if kinds.iter().any(|kind| kind["kind"].as_str() != Some("dev")) {
                    package.needs.push(string(&dependency["pkg"])?.to_owned());
                }
            }
        }
        Ok(Self { packages, target_directory: string(&json["target_directory"])?.into() })
    }

    /// Our own packages.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.values().filter(|p| p.member)
    }
}

fn list(value: &Value) -> Result<&Vec<Value>> {
    value.as_array().context("cargo metadata: a list is missing")
}

fn string(value: &Value) -> Result<&str> {
    value.as_str().context("cargo metadata: a text is missing")
}

fn strings(value: &Value) -> Result<Vec<&str>> {
    list(value)?.iter().map(string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_normal_and_build_dependencies_and_drops_those_of_tests() {
        let metadata = Metadata::parse(
            r#"{
            "workspace_root": "/w", "target_directory": "/w/target", "workspace_members": ["a"],
            "packages": [
                {"id": "a", "name": "A", "version": "1.0.0", "license": "MIT", "manifest_path": "/w/a/Cargo.toml",
                    "targets": [{"name": "a", "kind": ["bench"], "src_path": "/w/a/b.rs"}]},
                {"id": "b", "name": "B", "version": "1.0.0", "license": null, "manifest_path": "/b/Cargo.toml", "targets": []}, {"id": "c", "name": "C", "version": "1.0.0", "license": null, "manifest_path": "/c/Cargo.toml", "targets": []},
                {"id": "d", "name": "D", "version": "1.0.0", "license": null, "manifest_path": "/d/Cargo.toml", "targets": []}],
            "resolve": {"nodes": [
                {"id": "a", "deps": [
                    {"pkg": "b", "dep_kinds": [{"kind": null}]},
                    {"pkg": "c", "dep_kinds": [{"kind": "dev"}]},
                    {"pkg": "d", "dep_kinds": [{"kind": "dev"}, {"kind": "build"}]}]}]}}"#,
        )
        .unwrap();
        let members: Vec<_> = metadata.members().collect();
        let target = Target { name: "a".into(), kind: "bench".into(), source: "a/b.rs".into() };
        let needs = vec!["b".into(), "d".into()];
        let ours = Package {
            name: "A".into(),
            version: "1.0.0".into(),
            license: "MIT".into(),
            folder: "/w/a".into(),
            member: true,
            needs,
            targets: vec![target],
        };
        assert_eq!(members, [&ours]);
        assert!(Metadata::parse("{}").is_err());
    }
}

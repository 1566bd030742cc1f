//! What `rssctl generate` writes: pages, completions that shells load, schemas that real output fits.

mod common;
#[path = "common/schema.rs"]
mod schema;

use common::{Folder, bash, rssctl};
use schema::fits;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;

fn names(folder: &Folder, dir: &str) -> BTreeSet<String> {
    fs::read_dir(folder.0.join(dir)).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn every_visible_command_has_a_page_with_its_examples() {
    let folder = Folder::new("man");
    let dir = folder.0.join("man");
    let said = rssctl(&["generate", "man", "--dir", dir.to_str().unwrap()]);
    assert_eq!(said.code, 0, "{said:?}");
    let pages = names(&folder, "man");
    for page in ["rssctl.1", "rssctl-get.1", "rssctl-set.1", "rssctl-softnic-create.1", "rssctl-table-move.1"]
    {
        assert!(pages.contains(page), "{page} in {pages:?}");
    }
    assert!(!pages.contains("rssctl-generate.1"), "hidden commands have no page");
    let set = fs::read_to_string(dir.join("rssctl-set.1")).unwrap();
    for part in
        ["base\\-processor", "NUMAStatic \\-\\-queues 8", "Allowed: 1 to 1024", "PowerShell: \\-NumaNode"]
    {
        assert!(set.contains(part), "{part} in {set}");
    }
    assert!(set.contains(".SH \"EXAMPLES\"\n.nf\n  rssctl set nic0"), "{set}");
    let all = fs::read_to_string(dir.join("rssctl.1")).unwrap();
    assert!(all.contains(".SH \"EXIT STATUS\"") && all.contains("  10  no such adapter\n"), "{all}");
}

#[test]
fn bash_loads_the_completions_and_completes() {
    let folder = Folder::new("completions");
    let said = rssctl(&["generate", "completions", "--dir", folder.0.to_str().unwrap()]);
    assert_eq!(said.code, 0, "{said:?}");
    let files = names(&folder, ".");
    for file in ["rssctl.bash", "_rssctl", "rssctl.fish"] {
        assert!(files.contains(file), "{file} in {files:?}");
    }
    let line = "source ./rssctl.bash; COMP_WORDS=(rssctl set --base); COMP_CWORD=2; _rssctl rssctl --base set; \
                echo \"${COMPREPLY[@]}\"";
    assert_eq!(bash(line, &folder.0).out.trim(), "--base-processor");
}

#[test]
fn output_fits_its_schema_and_the_schema_can_be_missed() {
    let folder = Folder::new("schema");
    let said = rssctl(&["generate", "schema", "--dir", folder.0.to_str().unwrap()]);
    assert_eq!(said.code, 0, "{said:?}");
    let schema = |name: &str| -> Value {
        let path = folder.0.join(format!("{name}.schema.json"));
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    };
    let hash = rssctl(&["hash", "192.0.2.1", "192.0.2.2", "-o", "json"]).out;
    let plan = rssctl(&["plan", "--topology", "2x2x1", "--adapter", "queues=2", "-o", "json"]).out;
    for (name, text) in [("hash", hash), ("plan", plan)] {
        let (schema, document) = (schema(name), serde_json::from_str::<Value>(&text).unwrap());
        fits(&document, &schema, &schema, name).unwrap();
        for key in document.as_object().unwrap().keys() {
            let mut wrong = document.clone();
            wrong[key] = serde_json::json!({ "what": 1 });
            assert!(fits(&wrong, &schema, &schema, name).is_err(), "{name}: a wrong {key} must not fit");
        }
    }
}

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::format;
use std::string::ToString;

fn set(cpus: &BTreeSet<u32>) -> CpuSet {
    cpus.iter().copied().map(CpuId).collect()
}

fn members(set: &CpuSet) -> BTreeSet<u32> {
    set.iter().map(|cpu| cpu.0).collect()
}

/// The kernel's list, by its definition: maximal runs.
fn naive_list(cpus: &BTreeSet<u32>) -> String {
    let mut parts = Vec::new();
    for first in cpus.iter().filter(|cpu| **cpu == 0 || !cpus.contains(&(**cpu - 1))) {
        let last = (*first..).find(|cpu| !cpus.contains(&(cpu + 1))).unwrap();
        parts.push(if last == *first { first.to_string() } else { format!("{first}-{last}") });
    }
    parts.join(",")
}

/// The kernel's mask, digit by digit from the right.
fn naive_mask(cpus: &BTreeSet<u32>, width: u32) -> String {
    let mut reversed = String::new();
    for digit in 0..width.div_ceil(4) {
        if digit > 0 && digit % 8 == 0 {
            reversed.push(',');
        }
        let value = (0..4).filter(|bit| cpus.contains(&(digit * 4 + bit))).map(|bit| 1 << bit).sum();
        reversed.push(char::from_digit(value, 16).unwrap());
    }
    reversed.chars().rev().collect()
}

fn some_cpus() -> impl Strategy<Value = BTreeSet<u32>> {
    let dense = prop::collection::btree_set(0..80_u32, 0..60);
    let sparse = prop::collection::btree_set(0..=MAX_CPU, 0..40);
    let run = (0..=MAX_CPU, 0..300_u32).prop_map(|(a, n)| (a..=(a + n).min(MAX_CPU)).collect());
    prop_oneof![dense, sparse, run]
}

proptest! {
    #[test]
    fn lists_and_masks_round_trip(cpus in some_cpus(), slack in 0..100_u32) {
        let s = set(&cpus);
        prop_assert_eq!(members(&s), cpus.clone());
        let list = naive_list(&cpus);
        prop_assert_eq!(s.to_string(), list.clone());
        let printed = format!("{list}\n");
        prop_assert_eq!(CpuSet::parse_list(&printed), Ok(s.clone()));
        let needed = cpus.last().map_or(1, |c| c + 1);
        let width = (needed + slack).min(MAX_CPU + 1);
        let mask = naive_mask(&cpus, width);
        prop_assert_eq!(s.to_mask(width), mask.clone());
        prop_assert_eq!(s.to_mask(0), naive_mask(&cpus, needed));
        prop_assert_eq!(CpuSet::parse_mask(&format!("{mask}\n")), Ok(s.clone()));
        let bare = mask.trim_start_matches(['0', ',']);
        prop_assert_eq!(CpuSet::parse_mask(bare), Ok(s));
    }

    #[test]
    fn operations_agree_with_the_standard_set(a in some_cpus(), b in some_cpus(), cpu in 0..=MAX_CPU) {
        let (sa, sb) = (set(&a), set(&b));
        prop_assert_eq!(members(&sa.union(&sb)), &a | &b);
        prop_assert_eq!(members(&sa.intersection(&sb)), &a & &b);
        prop_assert_eq!(members(&sa.difference(&sb)), &a - &b);
        prop_assert_eq!(sa.is_subset(&sb), a.is_subset(&b));
        prop_assert!(sa.intersection(&sb).is_subset(&sa));
        prop_assert_eq!(sa == sb, a == b);
        prop_assert_eq!(sa.len(), a.len());
        prop_assert_eq!(sa.is_empty(), a.is_empty());
        prop_assert_eq!(sa.first().map(|c| c.0), a.first().copied());
        prop_assert_eq!(sa.last().map(|c| c.0), a.last().copied());
        let (mut changed, mut model) = (sa.clone(), a.clone());
        prop_assert_eq!(changed.contains(CpuId(cpu)), model.contains(&cpu));
        prop_assert_eq!(changed.insert(CpuId(cpu)), model.insert(cpu));
        prop_assert_eq!(&changed, &set(&model));
        prop_assert_eq!(changed.remove(CpuId(cpu)), model.remove(&cpu));
        prop_assert_eq!(&changed, &set(&model), "equal sets are equal, whatever was in them before");
    }

    #[test]
    fn strides_take_the_first_of_each_group(
        first in 0..2000_u32, length in 0..300_u32, group in 1..50_u32, used in 1..50_u32,
    ) {
        let used = used.min(group);
        let last = first + length;
        let wanted = (0..=length).filter(|i| i % group < used).map(|i| first + i).collect();
        let parsed = CpuSet::parse_list(&format!("{first}-{last}:{used}/{group}"));
        prop_assert_eq!(members(&parsed.unwrap()), wanted);
    }

    #[test]
    fn no_text_panics(
        text in prop_oneof![any::<String>(), "[-0-9,:/ \n]{0,24}", "[0-9a-fA-Fx,]{0,300}"],
    ) {
        for parsed in [CpuSet::parse_list(&text), CpuSet::parse_mask(&text)] {
            match parsed {
                Ok(set) => prop_assert!(set.last().is_none_or(|cpu| cpu.0 <= MAX_CPU)),
                Err(e) => prop_assert!(e.to_string().len() < 1000),
            }
        }
    }
}

#[test]
fn what_the_kernel_takes_is_taken() {
    for (text, wanted) in [
        ("", ""),
        ("\n", ""),
        ("0-3,8-15:2/4", "0-3,8-9,12-13"),
        (" 5 , 3,,4\t7 ", "3-5,7"),
        ("007", "7"),
        ("8191", "8191"),
        ("3-3", "3"),
    ] {
        assert_eq!(text.parse::<CpuSet>().map(|s| s.to_string()).as_deref(), Ok(wanted), "{text:?}");
    }
    for (text, wanted) in
        [("ff,00000000", "32-39"), ("1,1", "0,32"), ("0000,00000000,00000003\n", "0-1"), ("F", "0-3")]
    {
        assert_eq!(CpuSet::parse_mask(text).map(|s| s.to_string()).as_deref(), Ok(wanted), "{text:?}");
    }
}

#[test]
fn errors_name_text_position_and_remedy() {
    let list = |text| CpuSet::parse_list(text).unwrap_err().to_string();
    assert_eq!(
        list("0,x"),
        "CPU list `0,x`: unexpected `x` at character 3; write numbers and ranges such as `0-3,8,16-31:2/4`"
    );
    assert!(list("é").contains("unexpected `é` at character 1"));
    assert!(list("é,1-").contains("at character 1"));
    assert!(list("1-").contains("unexpected end at character 3"));
    assert!(list("1-2:3").contains("unexpected end at character 6"));
    assert!(list("0x10").contains("unexpected `x` at character 2"));
    assert!(
        list("1:1/2").contains("unexpected `:` at character 2"),
        "a stride needs a range, as in the kernel"
    );
    assert!(list("2,7-4").contains("range 7-4 at character 3 runs backwards; write 4-7"));
    assert!(list("0-7:0/4").contains("stride 0/4 at character 5"));
    assert!(list("0-7:5/4").contains("with used from 1 to group"));
    assert!(
        list("0-4294967295")
            .contains("at character 3 is too high; the highest CPU a kernel can have is 8191")
    );
    assert!(list("3,99999999999999999999").contains("at character 3 is too high"));
    assert!(list("8192").contains("8191"));
    assert!(list(&"0,".repeat(20_000)).contains("40000 bytes"));

    let mask = |text| CpuSet::parse_mask(text).unwrap_err().to_string();
    assert!(
        mask("ff,g").starts_with("CPU mask `ff,g`: unexpected `g` at character 4; write groups of 1 to 8")
    );
    assert!(mask("0x1").contains("unexpected `x` at character 2"));
    assert!(mask("1,").contains("unexpected end at character 3"));
    assert!(mask(",1").contains("unexpected `,` at character 1"));
    assert!(mask("123456789").contains("unexpected `9` at character 9"));
    let too_high = format!("1{}", ",00000000".repeat(256));
    assert!(mask(&too_high).contains("at character 1 is too high"));
    assert_eq!(CpuSet::parse_mask(&too_high.replace('1', "0")), Ok(CpuSet::new()), "zeros are no CPU");
}

#[test]
fn cpus_that_no_kernel_has_are_not_kept() {
    let mut set = CpuSet::new();
    assert!(!set.insert(CpuId(MAX_CPU + 1)));
    assert!(!set.insert(CpuId(u32::MAX)));
    assert!(!set.contains(CpuId(u32::MAX)) && !set.remove(CpuId(u32::MAX)));
    assert_eq!(set, CpuSet::new());
    assert_eq!(format!("{:?}", CpuSet::from_iter([CpuId(1), CpuId(2)])), "CpuSet(1-2)");
}

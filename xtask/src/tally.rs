//! Counting what the test programs report.

/// Tests counted over all test programs of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
    /// Reasons of tests that found the machine lacking and returned early.
    pub(crate) skipped: Vec<String>,
}

/// What a test that cannot run here writes, followed by its name, a colon and the reason.
const SKIPPED: &str = "SKIPPED ";

impl Tally {
    /// Takes one line of output into account.
    pub(crate) fn see(&mut self, line: &str) {
        if let Some(at) = line.find(SKIPPED) {
            self.skipped.push(line[at + SKIPPED.len()..].to_owned());
        }
        // "test result: ok. 9 passed; 0 failed; 0 ignored; ..."
        let Some(result) = line.strip_prefix("test result: ") else { return };
        let Some((_, counts)) = result.split_once(". ") else { return };
        for count in counts.split("; ") {
            let Some((number, what)) = count.split_once(' ') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_over_test_programs() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests",
            "test a ... SKIPPED a: needs root",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 5 filtered out; finished in 0.00s",
            "test b ... ok",
            "test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.16s",
            "my test result: ok. 100 passed",
        ] {
            tally.see(line);
        }
        let skipped = vec!["a: needs root".to_owned()];
        assert_eq!(tally, Tally { passed: 7, failed: 2, ignored: 1, skipped });
    }
}

//! Tables of cases in which every pair of values of two factors occurs.

/// Rows of value indices: one index below `sizes[f]` for each factor `f`. Greedy, and the same in every run.
pub(super) fn table(sizes: &[usize]) -> Vec<Vec<usize>> {
    let mut missing = pairs(sizes);
    let mut rows = Vec::new();
    while let Some(&((f, a), (g, b))) = missing.first() {
        let mut row: Vec<Option<usize>> = vec![None; sizes.len()];
        (row[f], row[g]) = (Some(a), Some(b));
        for factor in 0..sizes.len() {
            if row[factor].is_some() {
                continue;
            }
            // The value that covers the most pairs with what stands in the row; the first of equals.
            let gain = |value: usize| {
                let covered = |((f, a), (g, b)): &Pair| {
                    let is = |at: usize, v: usize| if at == factor { v == value } else { row[at] == Some(v) };
                    (*f == factor || *g == factor) && is(*f, *a) && is(*g, *b)
                };
                missing.iter().filter(|pair| covered(pair)).count()
            };
            let best = (0..sizes[factor]).max_by_key(|value| (gain(*value), usize::MAX - value));
            row[factor] = Some(best.unwrap_or_default());
        }
        let row: Vec<usize> = row.into_iter().flatten().collect();
        missing.retain(|((f, a), (g, b))| row[*f] != *a || row[*g] != *b);
        rows.push(row);
    }
    rows
}

/// Two factors with a value each.
type Pair = ((usize, usize), (usize, usize));

fn pairs(sizes: &[usize]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for f in 0..sizes.len() {
        for g in f + 1..sizes.len() {
            for a in 0..sizes[f] {
                pairs.extend((0..sizes[g]).map(|b| ((f, a), (g, b))));
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_occurs_in_few_rows() {
        let sizes = [5, 3, 3, 8, 4, 3];
        let rows = table(&sizes);
        for ((f, a), (g, b)) in pairs(&sizes) {
            assert!(rows.iter().any(|row| row[f] == a && row[g] == b), "{f}={a} with {g}={b}");
        }
        assert!(rows.len() < 56, "{} rows; 40 are the least", rows.len());
        assert!(rows.iter().all(|row| row.iter().zip(sizes).all(|(value, size)| *value < size)));
    }
}

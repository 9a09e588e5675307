//! Two lists of lines, side by side.

/// The lines of both in order: `-` before one that only `expected` has, `+` before one that only `actual` has.
pub(super) fn diff(expected: &[String], actual: &[String]) -> Vec<String> {
    let common = common(expected, actual);
    let (mut left, mut right) = (0, 0);
    let mut lines = Vec::new();
    while left < expected.len() || right < actual.len() {
        match (expected.get(left), actual.get(right)) {
            (Some(line), Some(other)) if line == other => {
                lines.push(format!("  {line}"));
                left += 1;
                right += 1;
            }
            (Some(line), other)
                if other.is_none() || common[left + 1][right] >= common[left][right + 1] =>
            {
                lines.push(format!("- {line}"));
                left += 1;
            }
            (_, Some(line)) => {
                lines.push(format!("+ {line}"));
                right += 1;
            }
            (_, None) => break,
        }
    }
    lines
}

/// How many lines the ends of both have in common, from each pair of positions on.
fn common(expected: &[String], actual: &[String]) -> Vec<Vec<usize>> {
    let mut common = vec![vec![0; actual.len() + 1]; expected.len() + 1];
    for left in (0..expected.len()).rev() {
        for right in (0..actual.len()).rev() {
            common[left][right] = if expected[left] == actual[right] {
                common[left + 1][right + 1] + 1
            } else {
                common[left + 1][right].max(common[left][right + 1])
            };
        }
    }
    common
}

#[cfg(test)]
mod tests {
    fn diff(expected: &str, actual: &str) -> String {
        let lines = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        super::diff(&lines(expected), &lines(actual)).join(",")
    }

    #[test]
    fn what_both_have_stands_once() {
        assert_eq!(diff("a b c", "a b c"), "  a,  b,  c");
        assert_eq!(diff("a b c", "a c"), "  a,- b,  c");
        assert_eq!(diff("a c", "a b c"), "  a,+ b,  c");
        assert_eq!(diff("a b c", "a x c d"), "  a,- b,+ x,  c,+ d");
        assert_eq!(diff("a", "b"), "- a,+ b");
    }
}

//! The difference of two texts, line by line, as people know it from version control.

/// Lines that are shown around a change.
const CONTEXT: usize = 3;
/// 4,000,000 pairs of lines are compared; where more differ, all of them are shown as changed.
const PAIRS_MAX: usize = 4_000_000;

/// A line of the difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line<'a> {
    Same(&'a str),
    Gone(&'a str),
    New(&'a str),
}

/// What differs, with the lines around it; empty where nothing does. `-` was expected, `+` happened.
pub(super) fn difference(expected: &str, happened: &str) -> String {
    let expected: Vec<&str> = expected.lines().collect();
    let happened: Vec<&str> = happened.lines().collect();
    let lines = compare(&expected, &happened);
    let is_near = |at: usize| {
        let around = at.saturating_sub(CONTEXT)..(at + CONTEXT + 1).min(lines.len());
        lines[around].iter().any(|line| !matches!(line, Line::Same(_)))
    };
    let mut text = String::new();
    let mut number = 1;
    let mut is_shown = false;
    for (at, line) in lines.iter().enumerate() {
        let was_shown = std::mem::replace(&mut is_shown, is_near(at));
        if is_shown && !was_shown {
            text.push_str(&format!("@@ line {number} @@\n"));
        }
        let (sign, words) = match line {
            Line::Same(words) => (' ', words),
            Line::Gone(words) => ('-', words),
            Line::New(words) => ('+', words),
        };
        if is_shown {
            text.push_str(format!("{sign}{words}").trim_end());
            text.push('\n');
        }
        number += usize::from(sign != '+');
    }
    text
}

fn compare<'a>(expected: &[&'a str], happened: &[&'a str]) -> Vec<Line<'a>> {
    let equal = |(one, other): &(&&str, &&str)| one == other;
    let head = expected.iter().zip(happened).take_while(equal).count();
    let (old, new) = (&expected[head..], &happened[head..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(equal).count();
    let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
    let mut lines: Vec<Line<'_>> = expected[..head].iter().map(|line| Line::Same(line)).collect();
    if old.len().saturating_mul(new.len()) > PAIRS_MAX {
        lines.extend(old.iter().map(|line| Line::Gone(line)));
        lines.extend(new.iter().map(|line| Line::New(line)));
    } else {
        lines.extend(middle(old, new));
    }
    let rest = &expected[expected.len() - tail..];
    lines.extend(rest.iter().map(|line| Line::Same(line)));
    lines
}

/// By the longest list of lines that both have in one order.
fn middle<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    let width = new.len() + 1;
    // How many lines `old[i..]` and `new[j..]` have in common.
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = match old[i] == new[j] {
                true => common[(i + 1) * width + j + 1] + 1,
                false => common[(i + 1) * width + j].max(common[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(Line::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || i < old.len() && common[(i + 1) * width + j] >= common[i * width + j + 1]
        {
            lines.push(Line::Gone(old[i]));
            i += 1;
        } else {
            lines.push(Line::New(new[j]));
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_no_difference() {
        assert_eq!(difference("a\nb\n", "a\nb"), "");
        assert_eq!(difference("", ""), "");
    }

    #[test]
    fn changes_stand_between_the_lines_around_them() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n";
        let new = "1\n2\n3\n4\n5\n6\nseven\n8\n9\n10\n11\n12\n13\n14\nend\n";
        let expected =
            "@@ line 4 @@\n 4\n 5\n 6\n-7\n+seven\n 8\n 9\n 10\n@@ line 12 @@\n 12\n 13\n 14\n+end\n";
        assert_eq!(difference(old, new), expected);
        assert_eq!(difference("", "a\n"), "@@ line 1 @@\n+a\n");
        assert_eq!(difference("a\n", ""), "@@ line 1 @@\n-a\n");
    }

    #[test]
    fn lines_that_moved_are_one_gone_and_one_new() {
        assert_eq!(
            difference("a\nb\nc\n", "b\nc\na\n"),
            "@@ line 1 @@\n-a\n b\n c\n+a\n"
        );
    }

    #[test]
    fn texts_that_are_too_long_to_compare_are_shown_as_changed() {
        let old: String = (0..2_100).map(|n| format!("old {n}\n")).collect();
        let new: String = (0..2_100).map(|n| format!("new {n}\n")).collect();
        assert_eq!(difference(&old, &new).lines().count(), 4_201);
    }
}

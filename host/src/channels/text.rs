//! Text from outside, made fit for storing and showing.

/// The longest problem text of a parser that is passed on, in characters.
const PROBLEM_CHARS_MAX: usize = 200;

/// A text of several lines: NUL and other control characters are removed (PostgreSQL stores no NUL), line ends are
/// `\n`, and it is cut to `chars_max`.
pub(super) fn lines(text: &str, chars_max: usize) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let kept = text
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'));
    kept.take(chars_max).collect()
}

/// A text of one line, such as a name: control characters are removed, white space is single and only inside.
pub(super) fn line(text: &str, chars_max: usize) -> String {
    let words: Vec<String> = text
        .split_whitespace()
        .map(|word| lines(word, chars_max))
        .collect();
    let kept: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|word| !word.is_empty())
        .collect();
    kept.join(" ").chars().take(chars_max).collect()
}

/// The problem that a parser states, cut.
pub(super) fn problem(error: &dyn std::fmt::Display) -> String {
    line(&error.to_string(), PROBLEM_CHARS_MAX)
}

/// How deeply brackets outside strings are nested, whether they match or not.
pub(super) fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut is_escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_keeps_lines_emoji_and_direction_and_loses_controls() {
        assert_eq!(lines("a\u{0}b\r\nc\rd\te\u{1b}[0m", 100), "ab\nc\nd\te[0m");
        let mixed = "\u{1f468}\u{200d}\u{1f469} \u{200f}\u{5e9}\u{5dc}\u{5d5}\u{5dd}";
        assert_eq!(lines(mixed, 100), mixed);
        assert_eq!(lines("\u{1f600}\u{1f600}\u{1f600}", 2), "\u{1f600}\u{1f600}");
    }

    #[test]
    fn name_is_one_line() {
        assert_eq!(line("  Anna\u{0}\n\t Berg \u{7} ", 100), "Anna Berg");
        assert_eq!(line("Anna Berg", 6), "Anna B");
    }

    #[test]
    fn depth_counts_brackets_outside_strings() {
        for (json, expected) in [
            ("", 0),
            ("{}", 1),
            (r#"{"a":[{}]}"#, 3),
            (r#"{"a":"[[[\"[["}"#, 1),
            ("[][][]", 1),
            ("]]][", 1),
        ] {
            assert_eq!(depth(json), expected, "{json}");
        }
    }
}

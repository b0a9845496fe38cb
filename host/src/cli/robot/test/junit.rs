//! The report that build servers read.

use std::fmt::Write;

use quick_xml::escape::escape;

use super::result::{Ending, TestResult};

/// One suite with a case for each scenario.
pub(super) fn report(robot: &str, results: &[TestResult]) -> String {
    let failed = results.iter().filter(|result| result.is_failed()).count();
    let seconds = |ms: u64| format!("{}.{:03}", ms / 1000, ms % 1000);
    let total: u64 = results.iter().map(|result| result.duration_ms).sum();
    let counts = format!(
        "tests=\"{}\" failures=\"{failed}\" errors=\"0\" time=\"{}\"",
        results.len(),
        seconds(total)
    );
    let robot = clean(robot);
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n  <testsuite name=\"{robot}\" {counts}>\n"
    );
    for result in results {
        let (name, time) = (clean(&result.name), seconds(result.duration_ms));
        let head = format!("    <testcase classname=\"{robot}\" name=\"{name}\" time=\"{time}\"");
        let _ = match &result.ending {
            Ending::Same | Ending::Written => writeln!(xml, "{head}/>"),
            ending => {
                let (words, details) = (clean(&ending.words()), clean(ending.details()));
                writeln!(
                    xml,
                    "{head}>\n      <failure message=\"{words}\">{details}</failure>\n    </testcase>"
                )
            }
        };
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

/// Without what XML cannot hold.
fn clean(text: &str) -> String {
    let is_allowed = |letter: char| !letter.is_control() || matches!(letter, '\n' | '\t');
    let text: String = text
        .chars()
        .map(|letter| if is_allowed(letter) { letter } else { '\u{fffd}' })
        .collect();
    escape(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_is_xml_whatever_happened() {
        let results = [
            TestResult {
                name: "good".to_owned(),
                ending: Ending::Same,
                duration_ms: 1_234,
                cost: Default::default(),
            },
            TestResult {
                name: "bad & \"odd\"".to_owned(),
                ending: Ending::Differs("-<a>\u{1}\n+]]>\n".to_owned()),
                duration_ms: 5,
                cost: Default::default(),
            },
        ];
        let expected = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="2" failures="1" errors="0" time="1.239">
  <testsuite name="r@1" tests="2" failures="1" errors="0" time="1.239">
    <testcase classname="r@1" name="good" time="1.234"/>
    <testcase classname="r@1" name="bad &amp; &quot;odd&quot;" time="0.005">
      <failure message="what happened is not what expected.txt says">-&lt;a&gt;?
+]]&gt;
</failure>
    </testcase>
  </testsuite>
</testsuites>
"#;
        assert_eq!(report("r@1", &results), expected.replace("&gt;?", "&gt;\u{fffd}"));
    }
}

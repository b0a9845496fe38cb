//! Each check: a small log as text, and what the reader says of it.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Attribute, Case, Reader, Value, XesError, limits};

const GOOD: &str = r#"<?xml version="1.0" encoding="UTF-8" ?>
<!-- A log with everything that is skipped. -->
<log xes.version="1.0" xmlns="http://www.xes-standard.org/">
	<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
	<global scope="event">
		<date key="time:timestamp" value="1970-01-01T00:00:00.000+01:00"/>
	</global>
	<classifier name="Activity classifier" keys="concept:name lifecycle:transition"/>
	<float key="statistics" value="19.9"><float key="10609" value="not a number, but skipped"/></float>
	<trace>
		<string key="concept:name" value="Заявка &amp; 1"/>
		<int key="amount" value="20000"/>
		<event>
			<string key="org:resource" value="112"/>
			<string key="lifecycle:transition" value="SCHEDULE"/>
			<string key="concept:name" value="W_Call"/>
			<date key="time:timestamp" value="2011-10-01T00:38:44.546+02:00"/>
		</event>
		<event>
			<id key="concept:name" value="W_Mail"/>
			<boolean key="urgent" value="true"/>
			<float key="score" value="0.5"><string key="unit" value="percent"/></float>
			<list key="tags"><values><string key="tag" value="a"/><string key="tag" value="b"/></values></list>
			<date key="time:timestamp" value="2011-10-01T10:00:00Z"/>
		</event>
	</trace>
	<trace><string key="concept:name" value="2"/></trace>
</log>"#;

fn read_bytes(bytes: Vec<u8>) -> Result<Vec<Case>, XesError> {
    let bytes_total = bytes.len() as u64;
    Reader::from_read("small.xes", Cursor::new(bytes), bytes_total)?.collect()
}

fn read(text: &str) -> Result<Vec<Case>, XesError> {
    read_bytes(text.as_bytes().to_vec())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The error of a log, which is the same in gzip.
fn refused(text: &str) -> String {
    let plain = read(text).unwrap_err().to_string();
    let zipped = read_bytes(gzip(text.as_bytes())).unwrap_err().to_string();
    assert_eq!(plain, zipped);
    plain
}

/// The error of a log with one event whose attributes begin on line 5.
fn refused_event(attributes: &str) -> String {
    let head = "<log>\n<trace>\n<string key='concept:name' value='1'/>\n<event>\n";
    refused(&format!("{head}{attributes}</event></trace></log>"))
}

#[test]
fn log_is_read_with_types_and_lines() {
    let cases = read(GOOD).unwrap();
    assert_eq!(cases.len(), 2);
    let case = &cases[0];
    assert_eq!((case.id.as_str(), case.line), ("Заявка & 1", 10));
    assert_eq!(
        Attribute::find(&case.attributes, "amount"),
        Some(&Value::Int(20000))
    );
    let [call, mail] = case.events.as_slice() else {
        panic!("two events: {:?}", case.events)
    };
    assert_eq!(
        (call.activity.as_str(), call.lifecycle.as_str(), call.line),
        ("W_Call", "schedule", 13)
    );
    assert_eq!(call.resource.as_deref(), Some("112"));
    assert_eq!(call.at, "2011-09-30T22:38:44.546Z".parse().unwrap());
    assert_eq!(
        (mail.activity.as_str(), mail.lifecycle.as_str(), mail.line),
        ("W_Mail", "complete", 19)
    );
    assert_eq!(mail.resource, None);
    assert_eq!(
        Attribute::find(&mail.attributes, "urgent"),
        Some(&Value::Bool(true))
    );
    let score = mail
        .attributes
        .iter()
        .find(|attribute| attribute.key == "score")
        .unwrap();
    assert_eq!(score.value, Value::Float(0.5));
    assert_eq!(score.nested[0].value, Value::Text("percent".to_owned()));
    let Some(Value::List(tags)) = Attribute::find(&mail.attributes, "tags") else {
        panic!("tags is a list")
    };
    assert_eq!(tags.len(), 2);
    assert!(cases[1].events.is_empty());
}

#[test]
fn gzip_is_recognized_by_its_bytes_and_reads_the_same() {
    assert_eq!(read_bytes(gzip(GOOD.as_bytes())).unwrap(), read(GOOD).unwrap());
    let (head, tail) = GOOD.as_bytes().split_at(700);
    let two_members = [gzip(head), gzip(tail)].concat();
    assert_eq!(read_bytes(two_members).unwrap(), read(GOOD).unwrap());
}

#[test]
fn byte_order_mark_is_no_text() {
    assert_eq!(read(&format!("\u{feff}{GOOD}")).unwrap(), read(GOOD).unwrap());
}

#[test]
fn progress_counts_bytes_of_the_stored_file() {
    let bytes = gzip(GOOD.as_bytes());
    let bytes_total = bytes.len() as u64;
    let mut reader = Reader::from_read("small.xes.gz", Cursor::new(bytes), bytes_total).unwrap();
    let progress = reader.progress();
    assert_eq!(reader.by_ref().filter(Result::is_ok).count(), 2);
    assert_eq!(
        (progress.bytes_read(), progress.bytes_total()),
        (bytes_total, bytes_total)
    );
}

#[test]
fn every_truncation_is_an_error_with_a_line() {
    let lines = GOOD.lines().count() as u64;
    let zipped = gzip(GOOD.as_bytes());
    for whole in [GOOD.as_bytes(), &zipped] {
        for end in 0..whole.len() {
            let error = read_bytes(whole[..end].to_vec()).expect_err("a truncated log is no log");
            assert!((1..=lines).contains(&error.line), "cut at {end}: {error}");
        }
    }
}

#[test]
fn truncation_is_named() {
    let cut = GOOD.find("\t\t<event>\n\t\t\t<id").unwrap();
    let error = read(&GOOD[..cut]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "small.xes, line 19: the file ends inside <trace>: it is not complete"
    );
    let zipped = gzip(GOOD.as_bytes());
    let error = read_bytes(zipped[..zipped.len() - 8].to_vec())
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("the gzip data ends too early: the file is not complete"),
        "{error}"
    );
}

#[test]
fn flipped_gzip_bytes_never_give_a_wrong_log() {
    let zipped = gzip(GOOD.as_bytes());
    let good = read(GOOD).unwrap();
    for index in 10..zipped.len() {
        let mut broken = zipped.clone();
        broken[index] ^= 0x55;
        match read_bytes(broken) {
            Ok(cases) => assert_eq!(cases, good, "byte {index}"),
            Err(error) => assert!(error.line >= 1, "byte {index}: {error}"),
        }
    }
    let mut broken = zipped;
    let checksum = broken.len() - 8;
    broken[checksum] ^= 0xff;
    let error = read_bytes(broken).unwrap_err().to_string();
    assert!(error.contains("the gzip data is broken"), "{error}");
}

#[test]
fn error_comes_after_the_good_cases_and_ends_the_reading() {
    let text = GOOD.replace(
        "<trace><string key=\"concept:name\" value=\"2\"/></trace>",
        "<trace/>",
    );
    let mut reader = Reader::from_read("small.xes", Cursor::new(text), 0).unwrap();
    assert_eq!(reader.next().unwrap().unwrap().events.len(), 2);
    let error = reader.next().unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "small.xes, line 27: the case has no name (`concept:name`)"
    );
    assert!(reader.next().is_none());
}

#[test]
fn missing_file_is_named_without_a_line() {
    let error = Reader::open(std::path::Path::new("/nowhere/log.xes"))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("/nowhere/log.xes: the file cannot be read: "),
        "{error}"
    );
}

#[test]
fn other_files_are_not_logs() {
    assert_eq!(
        refused(""),
        "small.xes, line 1: not an XES log: the file holds no element"
    );
    assert_eq!(
        refused("<?xml version='1.0'?>\n<html></html>"),
        "small.xes, line 2: not an XES log: the root element is <html>, not <log>"
    );
    assert_eq!(
        refused("\nid;name"),
        "small.xes, line 2: text `id;name` between elements: XES keeps everything in attributes"
    );
    assert_eq!(
        refused("<log>\n</log>\n<log/>"),
        "small.xes, line 3: malformed XML: <log> follows the end of the root element"
    );
    assert_eq!(
        refused("<log>\n<event/></log>"),
        "small.xes, line 2: <event> is not allowed here"
    );
    assert_eq!(
        refused("<log><trace>\n<trace/></trace></log>"),
        "small.xes, line 2: <trace> is not allowed here"
    );
}

#[test]
fn malformed_xml_is_named_with_its_line() {
    let error = refused("<log>\n<trace>\n</log>");
    assert!(error.starts_with("small.xes, line 3: malformed XML: "), "{error}");
    let error = refused_event("<string key='a' key='b' value='c'/>");
    assert!(error.starts_with("small.xes, line 5: malformed XML: "), "{error}");
    assert_eq!(
        refused_event("\nstray"),
        "small.xes, line 6: text `stray` between elements: XES keeps everything in attributes"
    );
}

#[test]
fn entities_cannot_grow() {
    let bomb = "<?xml version='1.0'?>\n<!DOCTYPE log [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]>\n<log/>";
    assert_eq!(
        refused(bomb),
        "small.xes, line 2: a document type (<!DOCTYPE>) is refused: an XES log has none"
    );
    let error = refused_event("<string key='a' value='&b;'/>");
    assert!(error.starts_with("small.xes, line 5: malformed XML: "), "{error}");
    assert!(error.contains('b'), "{error}");
}

#[test]
fn other_encodings_are_refused() {
    let declared = "<?xml version='1.0' encoding='windows-1251'?>\n<log/>";
    assert_eq!(
        refused(declared),
        "small.xes, line 1: encoding `windows-1251` is not supported, only UTF-8"
    );
    let mut bytes = b"<log>\n<string key='a' value='".to_vec();
    bytes.extend([0xcf, 0xf0, 0xe8]);
    bytes.extend(b"'/></log>");
    let error = read_bytes(bytes).unwrap_err().to_string();
    assert!(
        error.starts_with("small.xes, line 2: the text is not UTF-8: "),
        "{error}"
    );
    let utf16: Vec<u8> = "\u{feff}<log/>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let error = read_bytes(utf16).unwrap_err().to_string();
    assert!(
        error.starts_with("small.xes, line 1: the text is not UTF-8: "),
        "{error}"
    );
}

#[test]
fn events_need_activity_and_time() {
    let name = "<string key='concept:name' value='A'/>";
    let time = "<date key='time:timestamp' value='2011-10-01T00:00:00Z'/>";
    assert_eq!(
        refused_event(name),
        "small.xes, line 4: the event has no time (`time:timestamp`)"
    );
    assert_eq!(
        refused_event(time),
        "small.xes, line 4: the event has no activity (`concept:name`)"
    );
    assert_eq!(
        refused_event(&format!(
            "{name}<string key='time:timestamp' value='2011-10-01T00:00:00Z'/>"
        )),
        "small.xes, line 4: attribute `time:timestamp` is a string, not a date"
    );
    assert_eq!(
        refused_event(&format!("<int key='concept:name' value='1'/>{time}")),
        "small.xes, line 4: attribute `concept:name` is a int, not a string"
    );
}

#[test]
fn values_must_be_of_their_type() {
    let bad_value = |kind: &str, value: &str| {
        let error = refused_event(&format!("\n<{kind} key='k' value='{value}'/>"));
        let head = format!("small.xes, line 6: attribute `k`: `{value}` is not a value of type {kind}: ");
        assert!(error.starts_with(&head), "{error}");
    };
    bad_value("date", "01.10.2011");
    bad_value("date", "2011-10-01T00:00:00");
    bad_value("date", "2011-13-01T00:00:00Z");
    bad_value("int", "1.5");
    bad_value("int", "99999999999999999999");
    bad_value("float", "much");
    bad_value("boolean", "yes");
    assert_eq!(
        refused_event("<string value='x'/>"),
        "small.xes, line 5: <string key=\"\"> has no `key`"
    );
    assert_eq!(
        refused_event("<int key='x'/>"),
        "small.xes, line 5: <int key=\"x\"> has no `value`"
    );
}

#[test]
fn limits_hold() {
    let long = "x".repeat(limits::ATTRIBUTE_BYTES_MAX + 1);
    assert_eq!(
        refused_event(&format!("<string key='a' value='{long}'/>")),
        "small.xes, line 5: too much: more than 65536 bytes in an attribute"
    );
    let blank = " ".repeat(3 * limits::MARKUP_BYTES_MAX as usize);
    assert_eq!(
        refused(&format!("<log>\n<!--{blank}--></log>")),
        "small.xes, line 2: too much: more than 1048576 bytes in one tag or text"
    );
    let many = "<int key='a' value='1'/>".repeat(limits::ATTRIBUTES_PER_ELEMENT_MAX + 1);
    assert_eq!(
        refused_event(&many),
        "small.xes, line 5: too much: more than 256 attributes in an event or case"
    );
    let nested = format!("<string key='a' value='b'>{many}</string>");
    assert_eq!(
        refused_event(&nested),
        "small.xes, line 5: too much: more than 256 attributes in an event or case"
    );
    let deep = "<list key='a'>".repeat(limits::ELEMENT_DEPTH_MAX);
    assert_eq!(
        refused_event(&deep),
        "small.xes, line 5: too much: more than 32 elements inside each other"
    );
    assert_eq!(
        refused(&format!(
            "<log>\n<global>{}",
            "<x>".repeat(limits::ELEMENT_DEPTH_MAX)
        )),
        "small.xes, line 2: too much: more than 32 elements inside each other"
    );
}

#[test]
fn cases_have_a_size() {
    let event = "<event><id key='concept:name' value='A'/><date key='time:timestamp' value='2011-10-01T00:00:00Z'/></event>";
    let many = event.repeat(limits::EVENTS_PER_CASE_MAX + 1);
    let error = read(&format!("<log>\n<trace>{many}</trace></log>"))
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "small.xes, line 2: too much: more than 100000 events in a case"
    );

    let value = "x".repeat(limits::ATTRIBUTE_BYTES_MAX);
    let mut big = String::from("<log>\n<trace>");
    for _ in 0..=limits::CASE_BYTES_MAX / value.len() as u64 / 8 {
        big.push_str("<event><id key='concept:name' value='A'/>");
        for key in 0..8 {
            write!(big, "<string key='{key}' value='{value}'/>").unwrap();
        }
        big.push_str("<date key='time:timestamp' value='2011-10-01T00:00:00Z'/></event>");
    }
    let error = read(&big).unwrap_err().to_string();
    assert_eq!(
        error,
        "small.xes, line 2: too much: more than 67108864 bytes in a case"
    );
}

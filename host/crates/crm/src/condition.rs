//! Conditions of attachments: groups of tests over an item's fields.

use serde::{Deserialize, Serialize};

use crate::item::Item;
use crate::value::{FieldValue, Money};

/// True when any group is true; a group is true when all its tests are. No group at all: always true.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The groups.
    #[serde(default)]
    pub any: Vec<Vec<Test>>,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// A core or custom field.
    pub field: String,
    /// How to compare.
    pub op: Op,
    /// What to compare with; not for `empty` and `filled`. `in` takes the choices separated by commas.
    #[serde(default)]
    pub value: String,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Op {
    /// Equal.
    Eq,
    /// Not equal; an empty field is not equal to anything.
    Ne,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// One of the choices.
    In,
    /// Holds the text, whatever the case of the letters.
    Contains,
    /// Has no value.
    Empty,
    /// Has a value.
    Filled,
}

impl Op {
    /// The word used in files and in sentences.
    pub fn as_str(self) -> &'static str {
        match self {
            Op::Eq => "eq",
            Op::Ne => "ne",
            Op::Gt => "gt",
            Op::Ge => "ge",
            Op::Lt => "lt",
            Op::Le => "le",
            Op::In => "in",
            Op::Contains => "contains",
            Op::Empty => "empty",
            Op::Filled => "filled",
        }
    }
}

impl Condition {
    /// Whether the condition holds.
    ///
    /// # Errors
    /// The first false test of each group, in words, for the run's record.
    pub fn check(&self, item: &Item) -> Result<(), String> {
        if self.any.is_empty() {
            return Ok(());
        }
        let mut refused = Vec::new();
        for group in &self.any {
            match group.iter().find(|test| !test.holds(item)) {
                None => return Ok(()),
                Some(test) => refused.push(test.explain(item)),
            }
        }
        Err(refused.join("; "))
    }
}

/// What one comparison came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult<'a> {
    /// The number of its group, from 1.
    pub group: usize,
    /// The field.
    pub field: &'a str,
    /// The comparison.
    pub op: Op,
    /// What it was compared with.
    pub wanted: &'a str,
    /// The value of the field; none when it is empty.
    pub found: Option<String>,
    /// Whether it is true.
    pub holds: bool,
    /// The comparison and the value, in words.
    pub text: String,
}

impl Condition {
    /// What every comparison comes to, also those that decide nothing because another one is false.
    pub fn results(&self, item: &Item) -> Vec<TestResult<'_>> {
        let groups = self.any.iter().zip(1..);
        let tests = groups.flat_map(|(group, number)| group.iter().map(move |test| (number, test)));
        tests
            .map(|(group, test)| TestResult {
                group,
                field: &test.field,
                op: test.op,
                wanted: &test.value,
                found: test.found(item).map(|value| value.to_string()),
                holds: test.holds(item),
                text: test.explain(item),
            })
            .collect()
    }
}

impl Test {
    fn found(&self, item: &Item) -> Option<FieldValue> {
        item.field(&self.field).filter(FieldValue::is_filled)
    }

    fn holds(&self, item: &Item) -> bool {
        let Some(value) = self.found(item) else {
            return matches!(self.op, Op::Empty | Op::Ne);
        };
        match self.op {
            Op::Empty => false,
            Op::Filled => true,
            Op::Eq => same(&value, &self.value),
            Op::Ne => !same(&value, &self.value),
            Op::In => self.value.split(',').any(|choice| same(&value, choice.trim())),
            Op::Contains => value
                .to_string()
                .to_lowercase()
                .contains(&self.value.to_lowercase()),
            Op::Gt => order(&value, &self.value).is_some_and(|o| o.is_gt()),
            Op::Ge => order(&value, &self.value).is_some_and(|o| o.is_ge()),
            Op::Lt => order(&value, &self.value).is_some_and(|o| o.is_lt()),
            Op::Le => order(&value, &self.value).is_some_and(|o| o.is_le()),
        }
    }

    fn explain(&self, item: &Item) -> String {
        let seen = self
            .found(item)
            .map_or_else(|| "empty".to_owned(), |v| format!("`{v}`"));
        let op = self.op.as_str();
        match self.op {
            Op::Empty | Op::Filled => format!("{} is {seen}, wanted {op}", self.field),
            Op::Eq | Op::Ne | Op::Gt | Op::Ge | Op::Lt | Op::Le | Op::In | Op::Contains => {
                format!("{} is {seen}, wanted {op} `{}`", self.field, self.value)
            }
        }
    }
}

fn same(value: &FieldValue, text: &str) -> bool {
    match value {
        FieldValue::Many(many) => many.iter().any(|one| one == text),
        other => order(other, text).is_some_and(|o| o.is_eq()),
    }
}

/// Compares by the field's type; `None` when the text is not of that type, or an amount in another currency.
fn order(value: &FieldValue, text: &str) -> Option<std::cmp::Ordering> {
    match value {
        FieldValue::Text(own) => Some(own.as_str().cmp(text)),
        FieldValue::Number(own) => own.partial_cmp(&text.parse::<f64>().ok()?),
        FieldValue::Flag(own) => Some(own.cmp(&text.parse::<bool>().ok()?)),
        FieldValue::Instant(own) => Some(own.cmp(&text.parse().ok()?)),
        FieldValue::Money(own) => {
            let (amount, currency) = text.split_once(' ').unwrap_or((text, &own.currency));
            let other = Money::new(amount, currency).ok()?;
            (own.currency == other.currency).then(|| own.hundredths.cmp(&other.hundredths))
        }
        FieldValue::Many(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::fixture::{at, deal};

    fn item() -> Item {
        let mut item = deal();
        item.amount = Some(Money::new("1500", "RUB").expect("money"));
        let many = vec!["roof".to_owned(), "wall".to_owned()];
        for (key, value) in [
            ("score", FieldValue::Number(7.5)),
            ("vip", FieldValue::Flag(true)),
            ("meeting-at", FieldValue::Instant(at("2026-03-09T10:00:00Z"))),
            ("tags", FieldValue::Many(many)),
            ("note", FieldValue::Text("  ".to_owned())),
        ] {
            item.fields.insert(key.to_owned(), value);
        }
        item
    }

    fn test(field: &str, op: Op, value: &str) -> Test {
        Test {
            field: field.to_owned(),
            op,
            value: value.to_owned(),
        }
    }

    #[test]
    fn comparisons_follow_the_type_of_the_field() {
        for (field, op, value, holds) in [
            ("title", Op::Eq, "Фасад", true),
            ("title", Op::Contains, "фАС", true),
            ("title", Op::In, "Крыша, Фасад", true),
            ("title", Op::Ne, "Фасад", false),
            ("amount", Op::Gt, "999.99", true),
            ("amount", Op::Eq, "1500", true),
            ("amount", Op::Eq, "1500.00 RUB", true),
            ("amount", Op::Ge, "1000 USD", false),
            ("amount", Op::Lt, "10 000", false),
            ("score", Op::Ge, "7.5", true),
            ("score", Op::Lt, "10", true),
            ("score", Op::Lt, "ten", false),
            ("vip", Op::Eq, "true", true),
            ("meeting-at", Op::Le, "2026-03-09T13:00:00+03:00", true),
            ("meeting-at", Op::Gt, "2026-03-09T10:00:00Z", false),
            ("tags", Op::Eq, "wall", true),
            ("tags", Op::Ne, "wall", false),
            ("tags", Op::Contains, "OO", true),
            ("note", Op::Empty, "", true),
            ("note", Op::Filled, "", false),
            ("source", Op::Ne, "site", true),
            ("source", Op::Eq, "", false),
            ("source", Op::In, "", false),
            ("colour", Op::Empty, "", true),
            ("stage", Op::Eq, "stage:1", true),
        ] {
            assert_eq!(
                test(field, op, value).holds(&item()),
                holds,
                "{field} {op:?} {value}"
            );
        }
    }

    fn check(groups: &[&[Test]], expected: Expect) {
        let any = groups.iter().map(|group| group.to_vec()).collect();
        let answer = Condition { any }.check(&item());
        expected.assert_eq(&answer.err().unwrap_or_else(|| "true".to_owned()));
    }

    #[test]
    fn one_true_group_is_enough_and_a_false_condition_says_why() {
        let (yes, no) = (test("vip", Op::Eq, "true"), test("amount", Op::Gt, "2000"));
        let empty = test("source", Op::Filled, "");
        check(&[], expect!["true"]);
        check(&[&[yes.clone(), yes.clone()]], expect!["true"]);
        check(
            &[std::slice::from_ref(&no), std::slice::from_ref(&yes)],
            expect!["true"],
        );
        check(
            &[&[yes.clone(), no.clone()]],
            expect!["amount is `1500.00 RUB`, wanted gt `2000`"],
        );
        check(
            &[&[no], &[yes, empty]],
            expect!["amount is `1500.00 RUB`, wanted gt `2000`; source is empty, wanted filled"],
        );
        check(
            &[&[test("note", Op::Eq, "x")]],
            expect!["note is empty, wanted eq `x`"],
        );
    }

    #[test]
    fn every_operator_is_written_as_in_files() {
        for op in [
            Op::Eq,
            Op::Ne,
            Op::Gt,
            Op::Ge,
            Op::Lt,
            Op::Le,
            Op::In,
            Op::Contains,
            Op::Empty,
            Op::Filled,
        ] {
            assert_eq!(serde_json::to_value(op).expect("a word"), op.as_str());
        }
    }
}

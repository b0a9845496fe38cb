//! WHERE clauses of pages: each condition that the caller gave, and no other, so that indexes serve it.

use crate::dialect::Arg;

/// Builds the text of a page from this crate's own parts; values are always arguments.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    conditions: String,
    args: Vec<Arg>,
}

impl Filter {
    /// Adds a condition; each `?` in it takes the next of `values`.
    pub(crate) fn and<const N: usize>(&mut self, condition: &'static str, values: [Arg; N]) -> &mut Self {
        self.conditions.push_str(if self.conditions.is_empty() {
            "\nWHERE "
        } else {
            "\nAND "
        });
        let mut values = values.into_iter();
        for (place, part) in condition.split('?').enumerate() {
            if place > 0 {
                let value = values
                    .next()
                    .expect("a condition has as many values as question marks");
                self.args.push(value);
                self.conditions.push_str(&format!("${}", self.args.len()));
            }
            self.conditions.push_str(part);
        }
        self
    }

    /// Adds the condition if there is a value.
    pub(crate) fn maybe<T: Into<Arg>>(&mut self, condition: &'static str, value: Option<T>) -> &mut Self {
        match value {
            Some(value) => self.and(condition, [value.into()]),
            None => self,
        }
    }

    /// The whole text and its arguments, without a limit: for groups, of which there are few.
    pub(crate) fn all(self, select: &str, rest: &str) -> (String, Vec<Arg>) {
        (format!("{select}{}\n{rest}", self.conditions), self.args)
    }

    /// The whole text and its arguments.
    pub(crate) fn page(mut self, select: &str, order: &str, limit: u32) -> (String, Vec<Arg>) {
        self.args.push(limit.into());
        let text = format!("{select}{}\n{order}\nLIMIT ${}", self.conditions, self.args.len());
        (text, self.args)
    }
}

/// A LIKE pattern that finds `text` anywhere; the backslash escapes (both databases: `ESCAPE '\'`).
pub(crate) fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

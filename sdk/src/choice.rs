//! The contract's enums as parameters.

use crate::params::{FromParam, wrong_choice};
use crate::{Failure, ParamValue, activities::ActivityKind, assignment::Distribution};

/// `todo`, `call`, `meeting` or `mail`.
impl FromParam for ActivityKind {
    fn from_param(key: &str, value: ParamValue) -> Result<ActivityKind, Failure> {
        match String::from_param(key, value)?.as_str() {
            "todo" => Ok(ActivityKind::Todo),
            "call" => Ok(ActivityKind::Call),
            "meeting" => Ok(ActivityKind::Meeting),
            "mail" => Ok(ActivityKind::Mail),
            other => Err(wrong_choice(key, other)),
        }
    }
}

/// `strict` or `even`.
impl FromParam for Distribution {
    fn from_param(key: &str, value: ParamValue) -> Result<Distribution, Failure> {
        match String::from_param(key, value)?.as_str() {
            "strict" => Ok(Distribution::Strict),
            "even" => Ok(Distribution::Even),
            other => Err(wrong_choice(key, other)),
        }
    }
}

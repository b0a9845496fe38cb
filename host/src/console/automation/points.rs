//! Why a robot would start, wait or not start, in the person's language.

use fluent_bundle::FluentValue;
use signalbox_crm::explaining::{Point, PointCode};
use signalbox_crm::time::Timestamp;

use super::wording::{at_text, reference_text};
use crate::console::item_fields::label;
use crate::console::visitor::Visitor;

/// What can be said before a run: each has a text of its own. The others are told as the rules say them.
const TOLD: [PointCode; 27] = [
    PointCode::AttachmentOn,
    PointCode::AttachmentOff,
    PointCode::InStage,
    PointCode::EntersStage,
    PointCode::EventAssumed,
    PointCode::MomentDoesNotFit,
    PointCode::ScheduleFits,
    PointCode::ScheduleDoesNotFit,
    PointCode::ByHand,
    PointCode::AtOnce,
    PointCode::Delayed,
    PointCode::WaitsForField,
    PointCode::AfterPrevious,
    PointCode::WindowOpen,
    PointCode::WindowClosed,
    PointCode::Unconditional,
    PointCode::TestTrue,
    PointCode::TestFalse,
    PointCode::ConditionTrue,
    PointCode::ConditionFalse,
    PointCode::FirstForItem,
    PointCode::AlreadyRan,
    PointCode::RateFree,
    PointCode::RateLimited,
    PointCode::RobotPauses,
    PointCode::RobotMissing,
    PointCode::CannotEnterStage,
];

/// The point as a sentence.
pub(super) fn text(visitor: &Visitor, point: &Point) -> String {
    if !TOLD.contains(&point.code) {
        return point.text.clone();
    }
    let args = point.values.iter();
    let mut args: Vec<(&'static str, FluentValue<'_>)> = args
        .map(|(name, value)| (*name, shown(visitor, name, value).into()))
        .collect();
    if !point.values.contains_key("found") {
        args.push(("found", visitor.words.t("field-empty").into_owned().into()));
    }
    visitor
        .words
        .f(&format!("try-point-{}", point.code.as_str()), &args)
        .into_owned()
}

fn shown(visitor: &Visitor, name: &str, value: &str) -> String {
    match name {
        "field" => label(visitor, value),
        "op" => visitor.words.t(&format!("op-{value}")).into_owned(),
        "wanted" if value.is_empty() => String::new(),
        "wanted" | "found" => format!("\u{ab}{}\u{bb}", reference_text(visitor, value)),
        _ => match Timestamp::parse(value) {
            Ok(at) => at_text(visitor, at),
            Err(_) => reference_text(visitor, value),
        },
    }
}

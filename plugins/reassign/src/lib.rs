//! Puts a person in charge: a named one, or one of a list.

use signalbox_sdk::prelude::*;

params! {
    struct Params {
        employee: Option<String>,
        employees: Option<Vec<String>>,
        distribution: assignment::Distribution,
        skip_absent: bool,
    }
}

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    let Params {
        employee,
        employees,
        distribution,
        skip_absent,
    } = Params::read()?;
    let item = invocation.require_item()?;
    match (employee, employees.unwrap_or_default()) {
        (Some(employee), list) if list.is_empty() => {
            assignment::assign(item, &employee)?;
            done(format!("put {employee} in charge of {item}"))
        }
        (None, list) if !list.is_empty() => {
            assignment::assign_from_list(item, &list, distribution, skip_absent)?;
            done(format!("{item} goes to one of {} employees", list.len()))
        }
        _ => Err(Failure::new(
            "invalid-param",
            "fill in either `employee` or `employees`",
        )),
    }
}

signalbox_sdk::robot!(run);

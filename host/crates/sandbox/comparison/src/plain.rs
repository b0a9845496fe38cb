//! A Rust function of the host: no sandbox, no limits.

use crate::Way;
use crate::job::{Activity, DEAL, Done, Money, Move, Notification, Office};

pub(crate) struct Plain;

impl Way for Plain {
    fn name(&self) -> &'static str {
        "a Rust function of the host"
    }

    fn work(&mut self, times: u32) -> Done {
        for _ in 1..times {
            std::hint::black_box(large_deal(std::hint::black_box(DEAL)));
        }
        large_deal(DEAL)
    }
}

fn large_deal(id: &str) -> Done {
    let mut office = Office::default();
    let threshold = office.param("threshold").expect("it is set");
    let item = office.item(id).expect("it is there");
    let amount = item.amount.expect("it has one");
    assert!(hundredths(&amount) > hundredths(&threshold));
    office.notify(Notification {
        to: vec!["role:assignee".to_owned()],
        title: format!("Large deal: {}", item.title),
        text: format!("{} {}", amount.amount, amount.currency),
    });
    let planned = office.plan(Activity {
        item: item.id.clone(),
        kind: "call".to_owned(),
        title: format!("Call about {}", item.title),
        deadline: "+3d".to_owned(),
    });
    let said = format!("{} moved on, {planned} planned", item.id);
    office.move_on(Move {
        item: item.id,
        stage: "stage:3".to_owned(),
    });
    Done {
        said,
        changes: office.changes,
    }
}

fn hundredths(money: &Money) -> i64 {
    let digits = money.amount.replace('.', "");
    digits.parse().expect("an amount with two decimals")
}

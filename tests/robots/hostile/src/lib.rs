//! A robot that misbehaves as its parameter says.

use std::hint::black_box;

use signalbox_sdk::prelude::*;

params! {
    struct Params {
        act: String,
    }
}

/// An item that the session of the tests knows.
const ITEM: &str = "deal:17";
/// An item for which the host fails.
const BROKEN_ITEM: &str = "deal:500";
/// An item for which the host never answers.
const SILENT_ITEM: &str = "deal:504";

fn run(invocation: Invocation) -> Result<Outcome, Failure> {
    match Params::read()?.act.as_str() {
        "behave" => behave(invocation),
        "loop-for-ever" => loop {
            black_box(());
        },
        "take-memory" => take_memory(),
        "shuffle-memory" => shuffle_memory(),
        "recurse" => done(format!("{}", recurse(black_box(1)))),
        "panic" => panic!("the answer is {}", black_box(42)),
        "index" => done(format!("{}", [1, 2, 3][black_box(7)])),
        "send-much" => send("x".repeat(3 << 20)),
        "return-much" => done("x".repeat(100 << 10)),
        "log-much" => log_much(),
        "ask-too-often" => loop {
            items::get(ITEM)?;
        },
        "ask-for-ever" => loop {
            let _ = items::get(ITEM);
        },
        "send-for-ever" => loop {
            let _ = send("again".to_owned());
        },
        "tell-time-for-ever" => loop {
            clock::now();
        },
        "fill-the-journal" => loop {
            send("x".repeat(500 << 10))?;
        },
        "break-the-host" => done(items::get(BROKEN_ITEM)?.title),
        "wait-for-the-host" => done(items::get(SILENT_ITEM)?.title),
        "ask-nonsense" => done(items::get(&"nonsense".repeat(10_000))?.title),
        "read-often" => read_often(&invocation, 500),
        "read-too-often" => read_often(&invocation, 5_000),
        "fail" => Err(Failure::retryable("no-luck", "not today")),
        other => Err(Failure::new("unknown-act", other)),
    }
}

fn behave(invocation: Invocation) -> Result<Outcome, Failure> {
    let item = items::get(invocation.require_item()?)?;
    info!("looking at {}", item.title);
    send(format!("{} at {}", item.title, clock::now()))?;
    done("behaved")
}

/// Reads one item for a while; what it has read differs only when the host shows it two states of the world.
fn read_often(invocation: &Invocation, count: u32) -> Result<Outcome, Failure> {
    let id = invocation.require_item()?;
    let first = items::get(id)?;
    for _ in 0..count {
        items::get(id)?;
    }
    done(first.title)
}

fn send(text: String) -> Result<Outcome, Failure> {
    let sent = notifications::send(&notifications::NewNotification {
        to: vec!["role:assignee".to_owned()],
        title: "Hello".to_owned(),
        text,
        tag: None,
    })?;
    done(format!("sent {}", sent.len()))
}

/// Blocks that grow in turn, and others that come and go between them: all keep what is in them.
fn shuffle_memory() -> Result<Outcome, Failure> {
    let mut blocks: Vec<Vec<u8>> = (0..50).map(|n| vec![n; 16]).collect();
    for round in 1..=40 {
        for (n, block) in (0..).zip(&mut blocks) {
            block.extend(std::iter::repeat_n(n, round));
        }
        drop(black_box(vec![0xff_u8; round * 100]));
    }
    let is_whole =
        |(n, block): (u8, &Vec<u8>)| block.len() == 16 + 820 && block.iter().all(|byte| *byte == n);
    done(format!("whole: {}", (0..).zip(&blocks).all(is_whole)))
}

fn take_memory() -> ! {
    let mut taken = Vec::new();
    loop {
        taken.push(black_box(vec![1_u8; 1 << 20]));
    }
}

#[expect(unconditional_recursion, reason = "it must run out of stack or fuel")]
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    recurse(depth + 1) + frame[7]
}

fn log_much() -> Result<Outcome, Failure> {
    for number in 0..10_000 {
        info!("line {number}");
    }
    done("logged")
}

signalbox_sdk::robot!(run);

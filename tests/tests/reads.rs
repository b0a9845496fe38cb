//! What a draft has looked for must still be so when it commits: on one host, and where another host changes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use signalbox::app::{App, AppOptions};
use signalbox::clock::Clock;
use signalbox::engine::below::Below;
use signalbox::engine::committer::CommitError;
use signalbox::engine::core::SharedCore;
use signalbox::engine::draft::{Draft, DraftError};
use signalbox::setup::{Names, Setup};
use signalbox_crm::contact::PointKind;
use signalbox_crm::contacting::{NewContact, create_contact};
use signalbox_crm::editing::{ItemPatch, edit_item};
use signalbox_crm::finding::ItemQuery;
use signalbox_crm::ids::{ContactId, ItemId, RunId};
use signalbox_crm::item::Item;
use signalbox_crm::moving::{NewItem, Reach, create_item, move_item};
use signalbox_crm::people::Actor;
use signalbox_crm::remembering::{Extent, StateOwner, forget, remember};
use signalbox_crm::{assigning, talking};
use signalbox_db::OpenOptions;
use signalbox_tests::postgres;

/// A company on one host or two: one reads, the other changes meanwhile.
struct Company {
    reader: SharedCore,
    writer: SharedCore,
    names: Names,
    item: ItemId,
    contact: ContactId,
    run: AtomicI64,
}

/// What is read.
#[derive(Debug, Clone)]
enum Read {
    Find(ItemQuery),
    Phone(&'static str),
    State(&'static str),
    Conversations,
}

/// What happens before the reader commits.
#[derive(Debug, Clone)]
enum Change {
    Create(NewItem),
    Title,
    Move(&'static str),
    Assign(&'static str),
    NewContact(&'static str),
    Set(&'static str),
    Forget(&'static str),
    Message,
}

impl Company {
    async fn new(reader: SharedCore, writer: SharedCore) -> Company {
        let setup = Setup::parse(signalbox::scenario::COMPANY).unwrap();
        let names = setup.apply(&reader).await.unwrap();
        let mut company = Company {
            reader,
            writer,
            names,
            item: ItemId {
                kind: signalbox_crm::ids::ItemKind::Deal,
                number: 0,
            },
            contact: ContactId(0),
            run: AtomicI64::new(1),
        };
        let mut draft = company.draft(&company.reader);
        let client = NewContact {
            name: "Иван".to_owned(),
            phones: vec!["+79876543210".to_owned()],
            ..NewContact::default()
        };
        let client = draft
            .rule(|rules, changes| create_contact(rules, changes, client))
            .unwrap();
        let deal = NewItem {
            assignee: Some(company.names.employee("anna").unwrap()),
            contact: Some(client.id),
            ..company.deal("sales/new")
        };
        let deal = draft
            .rule(|rules, changes| create_item(rules, changes, deal))
            .unwrap();
        draft.commit().await.unwrap();
        (company.item, company.contact) = (deal.id, client.id);
        company
    }

    fn deal(&self, stage: &str) -> NewItem {
        NewItem {
            pipeline: self.names.pipeline("sales").unwrap(),
            stage: Some(self.names.stage(stage).unwrap()),
            title: "Deal".to_owned(),
            assignee: None,
            contact: None,
            amount: None,
            source: None,
            fields: Default::default(),
        }
    }

    /// Of a robot, in a run of its own.
    fn draft(&self, core: &SharedCore) -> Draft {
        let run = RunId(self.run.fetch_add(1, Ordering::Relaxed));
        let robot = "robot@1.0.0".to_owned();
        Draft::new(core, Actor::Robot { robot, run })
    }

    async fn read(&self, draft: &mut Draft, read: &Read) -> Result<usize, DraftError> {
        Ok(match read {
            Read::Find(query) => draft.find_items(query, None, 10).await?.len(),
            Read::Phone(phone) => draft.contacts_at(PointKind::Phone, phone, 10).await?.len(),
            Read::State(key) => usize::from(draft.state(&owner(), key).await?.is_some()),
            Read::Conversations => draft.conversations_of(self.item, 10).await?.len(),
        })
    }

    async fn change(&self, change: &Change) {
        let mut draft = self.draft(&self.writer);
        let item = draft.item(self.item).await.unwrap();
        draft
            .rule(|rules, changes| self.apply(rules, changes, item, change))
            .unwrap();
        draft.commit().await.unwrap();
    }

    fn apply(
        &self,
        rules: &signalbox_crm::rules::Rules<'_>,
        changes: &mut signalbox_crm::changes::ChangeSet,
        item: Item,
        change: &Change,
    ) -> Result<(), signalbox_crm::rejection::Rejection> {
        match change {
            Change::Create(new) => create_item(rules, changes, new.clone()).map(drop),
            Change::Title => {
                let title = Some(format!("{}!", item.title));
                let patch = ItemPatch {
                    title,
                    ..ItemPatch::default()
                };
                edit_item(rules, changes, item, patch).map(drop)
            }
            Change::Move(stage) => {
                let (stage, reach) = (
                    self.names.stage(stage).unwrap(),
                    Reach {
                        back: true,
                        across: true,
                    },
                );
                move_item(rules, changes, item, stage, reach).map(drop)
            }
            Change::Assign(person) => {
                assigning::assign(rules, changes, item, self.names.employee(person).unwrap()).map(drop)
            }
            Change::NewContact(phone) => {
                let new = NewContact {
                    name: "Пётр".to_owned(),
                    phones: vec![(*phone).to_owned()],
                    ..NewContact::default()
                };
                create_contact(rules, changes, new).map(drop)
            }
            Change::Set(key) => {
                let entry = ((*key).to_owned(), "1".to_owned());
                remember(rules, changes, owner(), entry, Extent::default(), None).map(drop)
            }
            Change::Forget(key) => forget(rules, changes, owner(), (*key).to_owned()),
            Change::Message => {
                let channel = rules
                    .directory
                    .channel(self.names.channel("tg").unwrap())?
                    .clone();
                let incoming = talking::Incoming {
                    chat: "100".to_owned(),
                    external_id: "1".to_owned(),
                    sender_name: "Иван".to_owned(),
                    points: Vec::new(),
                    text: "Ау?".to_owned(),
                    media: None,
                    album: None,
                    sent_at: rules.now,
                    is_edit: false,
                };
                let known = talking::Known {
                    item: Some(item),
                    ..talking::Known::default()
                };
                talking::receive(rules, changes, &channel, incoming, known)
            }
        }
    }

    /// Reads, lets the change happen, and commits what follows from the read.
    async fn meets(&self, read: &Read, change: &Change) -> Result<(), DraftError> {
        let mut draft = self.draft(&self.reader);
        self.read(&mut draft, read).await?;
        self.change(change).await;
        let of = self.item;
        draft.rule(|rules, changes| {
            rules.note(changes, of, "looked", None, None);
            Ok(())
        })?;
        draft.commit().await.map(drop)
    }
}

fn owner() -> StateOwner {
    StateOwner::Robot("robot".to_owned())
}

/// Every read with changes that it must not miss, and some that do not concern it.
async fn check(company: &Company) {
    let stage = |stage: &str| ItemQuery {
        stage: Some(company.names.stage(stage).unwrap()),
        ..ItemQuery::default()
    };
    let by = |person: &str| ItemQuery {
        assignee: Some(company.names.employee(person).unwrap()),
        ..ItemQuery::default()
    };
    let sales = ItemQuery {
        pipeline: Some(company.names.pipeline("sales").unwrap()),
        ..ItemQuery::default()
    };
    let closed = ItemQuery {
        is_open: Some(false),
        ..sales.clone()
    };
    let client = ItemQuery {
        contact: Some(company.contact),
        ..ItemQuery::default()
    };
    let of_client = NewItem {
        contact: Some(company.contact),
        ..company.deal("sales/new")
    };
    let of_gleb = NewItem {
        assignee: Some(company.names.employee("gleb").unwrap()),
        ..company.deal("sales/new")
    };
    let new = || Change::Create(company.deal("sales/new"));
    let cases = [
        (Read::Find(stage("sales/new")), new(), true),
        (Read::Find(stage("sales/new")), Change::Title, true),
        (Read::Find(stage("sales/offer")), new(), false),
        (Read::Find(stage("sales/new")), Change::Move("sales/work"), true),
        (Read::Find(stage("sales/new")), Change::Title, false),
        (
            Read::Find(stage("sales/offer")),
            Change::Move("sales/offer"),
            true,
        ),
        (Read::Find(sales.clone()), new(), true),
        (Read::Find(closed.clone()), Change::Move("sales/won"), true),
        (Read::Find(closed), Change::Move("sales/new"), true),
        (Read::Find(by("vera")), Change::Assign("vera"), true),
        (Read::Find(by("vera")), Change::Assign("boris"), true),
        (Read::Find(by("gleb")), Change::Title, false),
        (Read::Find(by("gleb")), Change::Create(of_gleb), true),
        (Read::Find(client.clone()), Change::Create(of_client), true),
        (Read::Find(client), new(), false),
        (
            Read::Phone("+79876543210"),
            Change::NewContact("8 987 654-32-10"),
            true,
        ),
        (
            Read::Phone("+79876543210"),
            Change::NewContact("8 987 654-32-11"),
            false,
        ),
        (Read::State("a"), Change::Set("a"), true),
        (Read::State("a"), Change::Set("a"), true),
        (Read::State("a"), Change::Set("b"), false),
        (Read::State("a"), Change::Forget("a"), true),
        (Read::State("a"), Change::Forget("b"), false),
        (Read::Conversations, Change::Message, true),
    ];
    for (number, (read, change, is_stale)) in cases.iter().enumerate() {
        let met = company.meets(read, change).await;
        match (&met, is_stale) {
            (Ok(()), false) | (Err(DraftError::Commit(CommitError::Stale(_))), true) => {}
            _ => panic!("case {number}: {read:?}, then {change:?}: {met:?}"),
        }
    }
}

#[tokio::test]
async fn search_sees_what_lies_below_and_is_not_stored_yet() {
    let app = App::start(AppOptions::for_test(Clock::System)).await.unwrap();
    let company = Company::new(SharedCore::clone(&app.core), SharedCore::clone(&app.core)).await;
    let by = |person: &str| ItemQuery {
        assignee: Some(company.names.employee(person).unwrap()),
        ..ItemQuery::default()
    };
    let mut lower = company.draft(&company.reader);
    let item = lower.item(company.item).await.unwrap();
    lower
        .rule(|rules, changes| company.apply(rules, changes, item, &Change::Assign("vera")))
        .unwrap();
    let mut below = Below::default();
    assert!(below.add(&lower.changes));
    let robot = "robot@1.0.0".to_owned();
    let actor = Actor::Robot {
        robot,
        run: RunId(99),
    };
    let mut upper = Draft::on_top(&company.reader, actor, Arc::new(below));
    let found = upper.find_items(&by("vera"), None, 1).await.unwrap();
    assert_eq!(
        found.iter().map(|item| item.id).collect::<Vec<_>>(),
        [company.item]
    );
    assert_eq!(upper.find_items(&by("anna"), None, 1).await.unwrap(), []);
    drop((upper, lower, company));
    app.stop().await;
}

#[tokio::test]
async fn search_is_still_so_at_commit_on_one_host() {
    let app = App::start(AppOptions::for_test(Clock::System)).await.unwrap();
    let company = Company::new(SharedCore::clone(&app.core), SharedCore::clone(&app.core)).await;
    check(&company).await;
    drop(company);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn search_is_still_so_at_commit_whichever_host_changes_it() {
    let Some(cluster) = postgres::cluster() else {
        return;
    };
    let database = cluster.database("reads_of_two_hosts");
    let host = async |name: &str| {
        let options = AppOptions {
            database: Some(database.clone()),
            open: OpenOptions {
                is_alone: false,
                name: name.to_owned(),
                ..OpenOptions::default()
            },
            ..AppOptions::for_test(Clock::System)
        };
        App::start(options).await.unwrap()
    };
    let (first, second) = (host("first").await, host("second").await);
    let company = Company::new(SharedCore::clone(&first.core), SharedCore::clone(&second.core)).await;
    let directory = first.core.records.directory().version;
    while second.core.records.directory().version < directory {
        tokio::task::yield_now().await;
    }
    check(&company).await;
    drop(company);
    first.stop().await;
    second.stop().await;
}

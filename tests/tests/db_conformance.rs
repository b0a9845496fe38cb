//! What the database promises, on SQLite and on PostgreSQL: one body for both.

use std::collections::BTreeMap;

use signalbox_crm::ids::{ItemId, ItemKind, PipelineId, StageId};
use signalbox_crm::item::Item;
use signalbox_crm::time::Timestamp;
use signalbox_db::{Batch, Db};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_780_000_000_000_000 + seconds * 1_000_000)
}

fn item(number: i64) -> Item {
    Item {
        id: ItemId {
            kind: ItemKind::Deal,
            number,
        },
        pipeline: PipelineId(1),
        stage: StageId(1),
        stage_entry: 1,
        stage_entered_at: at(0),
        title: format!("Deal {number}"),
        assignee: None,
        contact: None,
        amount: None,
        source: None,
        fields: BTreeMap::new(),
        raised_at: at(number),
        last_contact_at: None,
        closed_at: None,
        lost_reason: None,
        created_at: at(0),
        updated_at: at(0),
        version: 1,
    }
}

#[tokio::test]
async fn item_reads_back_as_it_was_committed() {
    let db = Db::open_in_memory().await.unwrap();
    let mut batch = Batch::new(at(0));
    batch.items_new = vec![item(1), item(2)];
    db.commit(&batch).await.unwrap();
    assert_eq!(db.item(2).await.unwrap(), Some(item(2)));
}

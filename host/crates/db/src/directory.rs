//! The set-up: small tables, read as a whole when the host starts, written one row at a time.

use signalbox_crm::directory::{Directory, DirectoryChange};

use crate::automation;
use crate::batch::Batch;
use crate::commit::Step;
use crate::dialect::{Arg, Columns, Fields, Sql, on_both};
use crate::error::DbError;
use crate::host_rows::{self, DIRECTORY_VERSION, INSTALLATION};
use crate::open::Db;

/// Writes an upsert that refuses a row which is not the next version of the stored one.
macro_rules! put {
    ($table:literal, $key:literal, $columns:literal, $values:literal, $set:literal) => {
        Sql::same(concat!(
            "INSERT INTO ",
            $table,
            " (",
            $columns,
            ", version, body)\nVALUES (",
            $values,
            ")\nON CONFLICT (",
            $key,
            ") DO UPDATE SET ",
            $set,
            "version = excluded.version, body = excluded.body\nWHERE ",
            $table,
            ".version = excluded.version - 1"
        ))
    };
}

const PUT_EMPLOYEE: Sql = put!(
    "employee",
    "id",
    "id, email",
    "$1, $2, $3, $4",
    "email = excluded.email, "
);
const PUT_PIPELINE: Sql = put!(
    "pipeline",
    "id",
    "id, key",
    "$1, $2, $3, $4",
    "key = excluded.key, "
);
const PUT_STAGE: Sql = put!(
    "stage",
    "id",
    "id, pipeline, key",
    "$1, $2, $3, $4, $5",
    "pipeline = excluded.pipeline, key = excluded.key, "
);
const PUT_FIELD: Sql = put!("field", "key", "key", "$1, $2, $3", "");
const PUT_CALENDAR: Sql = put!(
    "calendar",
    "id",
    "id, key",
    "$1, $2, $3, $4",
    "key = excluded.key, "
);
const PUT_CHANNEL: Sql = put!(
    "channel",
    "id",
    "id, key",
    "$1, $2, $3, $4",
    "key = excluded.key, "
);
const PUT_ATTACHMENT: Sql = put!(
    "attachment",
    "id",
    "id, robot, digest",
    "$1, $2, $3, $4, $5",
    "robot = excluded.robot, digest = excluded.digest, "
);

/// A digest names one component for ever, so only what is said about it may change.
const ADD_ROBOT: Sql = Sql::same(
    "INSERT INTO robot (digest, robot, body, component)
VALUES ($1, $2, $3, $4)
ON CONFLICT (digest) DO UPDATE SET body = excluded.body",
);

const CHANGE_ROBOT: Sql = Sql::same(
    "UPDATE robot
SET body = $2
WHERE digest = $1",
);

const PUT_TOKEN: Sql = Sql::same(
    "INSERT INTO token (id, digest, body)
VALUES ($1, $2, $3)
ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, body = excluded.body",
);

const PUT_SECRET: Sql = put!("secret", "name", "name", "$1, $2, $3", "");

const DELETE_SECRET: Sql = Sql::same(
    "DELETE FROM secret
WHERE name = $1",
);

const PUT_ACCOUNT: Sql = put!("account", "employee", "employee", "$1, $2, $3", "");

const PUT_SESSION: Sql = put!("session", "digest", "digest, employee", "$1, $2, $3, $4", "");

const DELETE_SESSION: Sql = Sql::same(
    "DELETE FROM session
WHERE digest = $1",
);

const DELETE_ATTACHMENT: Sql = Sql::same(
    "DELETE FROM attachment
WHERE id = $1",
);

const SELECT_COMPONENT: &str = "SELECT robot.component
FROM robot
WHERE robot.digest = $1";

pub(crate) fn steps(batch: &Batch, steps: &mut Vec<Step>) {
    if batch.directory.is_empty() {
        return;
    }
    for change in &batch.directory {
        match change {
            DirectoryChange::AutomationVersion(new) => automation::version_steps(new, steps),
            DirectoryChange::Draft(new) => steps.push(automation::draft_step(new)),
            DirectoryChange::DraftRemoved(id) => steps.push(automation::draft_removed_step(*id)),
            other => steps.extend(step(other)),
        }
    }
    steps.push(host_rows::put_meta([(
        DIRECTORY_VERSION,
        batch.directory_version.to_string().as_str(),
    )]));
}

fn step(change: &DirectoryChange) -> Option<Step> {
    let (table, sql, args) = match change {
        DirectoryChange::Employee(new) => {
            let email = Arg::MaybeText(new.email.clone());
            (
                "employee",
                PUT_EMPLOYEE,
                vec![new.id.0.into(), email, new.version.into(), body(new)],
            )
        }
        DirectoryChange::Pipeline(new) => {
            let key = new.key.as_str().into();
            (
                "pipeline",
                PUT_PIPELINE,
                vec![new.id.0.into(), key, new.version.into(), body(new)],
            )
        }
        DirectoryChange::Stage(new) => {
            let key = new.key.as_str().into();
            let pipeline = new.pipeline.0.into();
            (
                "stage",
                PUT_STAGE,
                vec![new.id.0.into(), pipeline, key, new.version.into(), body(new)],
            )
        }
        DirectoryChange::Field(new) => (
            "field",
            PUT_FIELD,
            vec![new.key.as_str().into(), new.version.into(), body(new)],
        ),
        DirectoryChange::Calendar(new) => {
            let key = new.key.as_str().into();
            (
                "calendar",
                PUT_CALENDAR,
                vec![new.id.0.into(), key, new.version.into(), body(new)],
            )
        }
        DirectoryChange::Channel(new) => {
            let key = new.key.as_str().into();
            (
                "channel",
                PUT_CHANNEL,
                vec![new.id.0.into(), key, new.version.into(), body(new)],
            )
        }
        DirectoryChange::Robot(new, Some(component)) => {
            let component = Arg::Bytes(component.clone());
            let robot = new.manifest.id.as_str().into();
            (
                "robot",
                ADD_ROBOT,
                vec![new.digest.as_str().into(), robot, body(new), component],
            )
        }
        DirectoryChange::Robot(new, None) => {
            ("robot", CHANGE_ROBOT, vec![new.digest.as_str().into(), body(new)])
        }
        DirectoryChange::Attachment(new) => {
            let (robot, digest) = (new.robot.as_str().into(), new.digest.as_str().into());
            (
                "attachment",
                PUT_ATTACHMENT,
                vec![new.id.0.into(), robot, digest, new.version.into(), body(new)],
            )
        }
        DirectoryChange::AttachmentRemoved(id) => ("attachment", DELETE_ATTACHMENT, vec![id.0.into()]),
        DirectoryChange::Token(new) => (
            "token",
            PUT_TOKEN,
            vec![new.id.0.into(), new.digest.as_str().into(), body(new)],
        ),
        DirectoryChange::Secret(new) => (
            "secret",
            PUT_SECRET,
            vec![new.name.as_str().into(), new.version.into(), body(new)],
        ),
        DirectoryChange::SecretRemoved(name) => ("secret", DELETE_SECRET, vec![name.as_str().into()]),
        DirectoryChange::Account(new) => (
            "account",
            PUT_ACCOUNT,
            vec![new.employee.0.into(), new.version.into(), body(new)],
        ),
        DirectoryChange::Session(new) => (
            "session",
            PUT_SESSION,
            vec![
                new.digest.as_str().into(),
                new.employee.0.into(),
                new.version.into(),
                body(new),
            ],
        ),
        DirectoryChange::SessionRemoved(digest) => ("session", DELETE_SESSION, vec![digest.as_str().into()]),
        DirectoryChange::AutomationVersion(_)
        | DirectoryChange::Draft(_)
        | DirectoryChange::DraftRemoved(_) => return None,
    };
    Some(Step {
        expected: Some((1, table)),
        ..Step::new(sql, args)
    })
}

pub(crate) fn body<T: serde::Serialize>(entry: &T) -> Arg {
    let text = serde_json::to_string(entry).expect("our entities have string keys and finite shapes");
    Arg::Text(text)
}

impl Db {
    /// Everything that admins set up.
    ///
    /// # Errors
    /// `Unavailable`, `BadRow`.
    pub async fn load_directory(&self) -> Result<Directory, DbError> {
        loop {
            let version = self.directory_version().await?;
            let loaded = self.load_entries(version).await;
            // Another host may change it meanwhile: then some entries are old and some new.
            if self.directory_version().await? == version {
                return loaded;
            }
        }
    }

    async fn directory_version(&self) -> Result<i64, DbError> {
        let version = self.meta(DIRECTORY_VERSION).await?;
        Ok(version.and_then(|text| text.parse().ok()).unwrap_or(0))
    }

    async fn load_entries(&self, version: i64) -> Result<Directory, DbError> {
        let mut directory = Directory::default();
        directory.version = version;
        directory.installation = self.meta(INSTALLATION).await?.unwrap_or_default().into();
        let mut changes = Vec::new();
        changes.extend(
            self.bodies("SELECT body FROM calendar")
                .await?
                .into_iter()
                .map(DirectoryChange::Calendar),
        );
        changes.extend(
            self.bodies("SELECT body FROM employee")
                .await?
                .into_iter()
                .map(DirectoryChange::Employee),
        );
        changes.extend(
            self.bodies("SELECT body FROM pipeline")
                .await?
                .into_iter()
                .map(DirectoryChange::Pipeline),
        );
        changes.extend(
            self.bodies("SELECT body FROM stage")
                .await?
                .into_iter()
                .map(DirectoryChange::Stage),
        );
        changes.extend(
            self.bodies("SELECT body FROM field")
                .await?
                .into_iter()
                .map(DirectoryChange::Field),
        );
        changes.extend(
            self.bodies("SELECT body FROM channel")
                .await?
                .into_iter()
                .map(DirectoryChange::Channel),
        );
        changes.extend(
            self.bodies("SELECT body FROM secret")
                .await?
                .into_iter()
                .map(DirectoryChange::Secret),
        );
        changes.extend(
            self.bodies("SELECT body FROM account")
                .await?
                .into_iter()
                .map(DirectoryChange::Account),
        );
        changes.extend(
            self.bodies("SELECT body FROM session")
                .await?
                .into_iter()
                .map(DirectoryChange::Session),
        );
        let robots = self.bodies("SELECT body FROM robot").await?;
        changes.extend(
            robots
                .into_iter()
                .map(|robot| DirectoryChange::Robot(robot, None)),
        );
        directory.automation_heads = self.automation_heads().await?;
        changes.extend(
            self.bodies("SELECT body FROM automation_draft")
                .await?
                .into_iter()
                .map(|draft| DirectoryChange::Draft(Box::new(draft))),
        );
        let attachments = self.bodies("SELECT body FROM attachment").await?;
        changes.extend(attachments.into_iter().map(DirectoryChange::Attachment));
        changes.extend(
            self.bodies("SELECT body FROM token")
                .await?
                .into_iter()
                .map(DirectoryChange::Token),
        );
        for change in changes {
            directory
                .apply(change)
                .map_err(|rejection| DbError::bad_row("directory entry", &rejection.to_string()))?;
        }
        Ok(directory)
    }

    async fn bodies<T>(&self, sql: &'static str) -> Result<Vec<T>, DbError>
    where
        T: for<'de> serde::Deserialize<'de>,
    {
        self.rows(sql, vec![], |fields: &mut Fields<'_>| {
            fields.json("directory entry")
        })
        .await
    }

    /// The component of a robot's version.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn robot_component(&self, digest: &str) -> Result<Option<Vec<u8>>, DbError> {
        if let Some(gate) = &self.gate {
            gate.before_read(SELECT_COMPONENT).await?;
        }
        let found = on_both!(self, |pool| {
            let row = sqlx::query(SELECT_COMPONENT)
                .bind(digest)
                .fetch_optional(pool)
                .await?;
            row.map(|row| row.bytes_at(0)).transpose()?
        });
        if let Some(gate) = &self.gate {
            gate.after_read(SELECT_COMPONENT).await?;
        }
        Ok(found)
    }
}

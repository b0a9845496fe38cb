-- The same tables and columns as ../postgres/0001_initial.sql; a test compares them.
-- Instants are microseconds since 1970 in UTC, flags are 0 or 1, JSON is text.
-- An item is two columns: `item` (its number, unique for leads and deals together) and `item_kind`.
--
-- There are no foreign keys between the tables that every run writes: the committer is the only writer, it has
-- read what it refers to, and nothing of these tables is ever deleted; a key would cost one index lookup a row to
-- prove what holds anyway. The set-up, which people edit, has them.

-- The set-up: one row an entry, the entry itself as JSON in `body`, and columns for what must be unique or looked up.

CREATE TABLE employee (
    id INTEGER PRIMARY KEY,
    email TEXT UNIQUE,
    version INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE TABLE calendar (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE TABLE pipeline (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE TABLE stage (
    id INTEGER PRIMARY KEY,
    pipeline INTEGER NOT NULL REFERENCES pipeline (id),
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (pipeline, key)
) STRICT;

CREATE TABLE field (
    key TEXT PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE TABLE channel (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE TABLE robot (
    digest TEXT PRIMARY KEY NOT NULL,
    robot TEXT NOT NULL,
    body TEXT NOT NULL,
    component BLOB NOT NULL
) STRICT;

CREATE TABLE attachment (
    id INTEGER PRIMARY KEY,
    robot TEXT NOT NULL,
    digest TEXT NOT NULL REFERENCES robot (digest),
    version INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX attachment_robot ON attachment (robot);

-- What shall become of the attachments of a pipeline; 0: of those that belong to none.
CREATE TABLE automation_draft (
    automation INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

-- Every content that was in force: one row for each commit that changes attachments of the pipeline.
CREATE TABLE automation_version (
    automation INTEGER NOT NULL,
    number INTEGER NOT NULL CHECK (number >= 1),
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('published', 'direct')),
    comment TEXT NOT NULL,
    added_count INTEGER NOT NULL,
    changed_count INTEGER NOT NULL,
    removed_count INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (automation, number)
) STRICT;

CREATE TABLE token (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL
) STRICT;

CREATE TABLE secret (
    name TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE TABLE account (
    employee INTEGER PRIMARY KEY REFERENCES employee (id),
    version INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE TABLE session (
    digest TEXT PRIMARY KEY NOT NULL,
    employee INTEGER NOT NULL REFERENCES employee (id),
    version INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

-- Small tables of the host itself.

CREATE TABLE meta (
    key TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE id_mark (
    kind TEXT PRIMARY KEY NOT NULL,
    high INTEGER NOT NULL
) STRICT;

CREATE TABLE turn (
    attachment INTEGER NOT NULL,
    employee INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (attachment, employee)
) STRICT;

-- What robots remember. `owner` is `robot:<id>`, `attachment:<n>` or `attachment:<n> deal:<n>`; `bytes` are those of
-- key and value, which come last so that they need not be read to be counted; `run` has changed it.
CREATE TABLE state (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    run INTEGER,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT;

CREATE TABLE schedule (
    attachment INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    next_at INTEGER NOT NULL
) STRICT;

CREATE TABLE bulk (
    id INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'cancelled')),
    body TEXT NOT NULL
) STRICT;
CREATE INDEX bulk_open ON bulk (id) WHERE state = 'open';

CREATE TABLE idempotency (
    key TEXT PRIMARY KEY NOT NULL,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX idempotency_at ON idempotency (at);

-- Hosts that work with this database. On SQLite there is one, number 1, and these tables stay empty.
-- `lease_until` is by the database's clock. A commit writes the mark of its host; whoever takes a host's place makes
-- the mark void first, so that no commit of that host comes after.

CREATE TABLE host (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    release TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    is_alone INTEGER NOT NULL CHECK (is_alone IN (0, 1))
) STRICT;

CREATE TABLE host_mark (
    host INTEGER PRIMARY KEY,
    last_commit INTEGER NOT NULL,
    is_void INTEGER NOT NULL CHECK (is_void IN (0, 1))
) STRICT;

-- Who works on which part of the items, chats, schedules and channels.
CREATE TABLE shard (
    id INTEGER PRIMARY KEY CHECK (id BETWEEN 0 AND 255),
    host INTEGER REFERENCES host (id)
) STRICT;

-- Clients.

CREATE TABLE contact (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    name_search TEXT NOT NULL,
    assignee INTEGER,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1)
) STRICT;

-- `national` holds what search compares of a phone, `reversed` the same backwards: a search by the beginning or
-- by the end of a number is a range of one of them.
CREATE TABLE contact_point (
    contact INTEGER NOT NULL REFERENCES contact (id),
    place INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('phone', 'email', 'handle')),
    key TEXT NOT NULL,
    raw TEXT NOT NULL,
    national TEXT,
    reversed TEXT,
    PRIMARY KEY (contact, place),
    CHECK ((national IS NULL) = (reversed IS NULL)),
    CHECK (kind = 'phone' OR national IS NULL)
) STRICT;
CREATE INDEX contact_point_key ON contact_point (kind, key);
CREATE INDEX contact_point_national ON contact_point (national) WHERE national IS NOT NULL;
CREATE INDEX contact_point_reversed ON contact_point (reversed) WHERE reversed IS NOT NULL;

-- Leads and deals.

CREATE TABLE item (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('lead', 'deal')),
    pipeline INTEGER NOT NULL,
    stage INTEGER NOT NULL,
    stage_entry INTEGER NOT NULL CHECK (stage_entry >= 1),
    stage_entered_at INTEGER NOT NULL,
    title TEXT NOT NULL,
    title_search TEXT NOT NULL,
    assignee INTEGER,
    contact INTEGER,
    amount_hundredths INTEGER,
    currency TEXT,
    source TEXT,
    fields TEXT NOT NULL,
    raised_at INTEGER NOT NULL,
    last_contact_at INTEGER,
    closed_at INTEGER,
    lost_reason TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL CHECK (version >= 1),
    CHECK ((amount_hundredths IS NULL) = (currency IS NULL))
) STRICT;
CREATE INDEX item_stage ON item (stage, raised_at, id);
CREATE INDEX item_raised ON item (raised_at, id);
CREATE INDEX item_assignee ON item (assignee, raised_at, id) WHERE assignee IS NOT NULL;
CREATE INDEX item_contact ON item (contact) WHERE contact IS NOT NULL;

CREATE TABLE activity (
    id INTEGER PRIMARY KEY,
    item INTEGER NOT NULL,
    item_kind TEXT NOT NULL CHECK (item_kind IN ('lead', 'deal')),
    kind TEXT NOT NULL CHECK (kind IN ('todo', 'call', 'meeting', 'mail')),
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    deadline_at INTEGER NOT NULL,
    duration_s INTEGER,
    assignee INTEGER,
    reminders_min TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'completed', 'cancelled')),
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    version INTEGER NOT NULL CHECK (version >= 1),
    CHECK ((state = 'open') = (finished_at IS NULL))
) STRICT;
CREATE INDEX activity_item ON activity (item, id);
CREATE INDEX activity_open ON activity (deadline_at, id) WHERE state = 'open';
CREATE INDEX activity_assignee ON activity (assignee, deadline_at, id) WHERE assignee IS NOT NULL;

-- Conversations.

CREATE TABLE conversation (
    id INTEGER PRIMARY KEY,
    channel INTEGER NOT NULL,
    external_chat TEXT NOT NULL,
    contact INTEGER,
    item INTEGER,
    item_kind TEXT CHECK (item_kind IN ('lead', 'deal')),
    operator INTEGER,
    opened_at INTEGER NOT NULL,
    closed_at INTEGER,
    last_inbound_at INTEGER,
    last_outbound_at INTEGER,
    message_count INTEGER NOT NULL CHECK (message_count >= 0),
    version INTEGER NOT NULL CHECK (version >= 1),
    CHECK ((item IS NULL) = (item_kind IS NULL))
) STRICT;
CREATE UNIQUE INDEX conversation_open ON conversation (channel, external_chat) WHERE closed_at IS NULL;
CREATE INDEX conversation_chat ON conversation (channel, external_chat);
CREATE INDEX conversation_item ON conversation (item, id) WHERE item IS NOT NULL;
CREATE INDEX conversation_contact ON conversation (contact, id) WHERE contact IS NOT NULL;

CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL,
    seq INTEGER NOT NULL CHECK (seq >= 1),
    direction TEXT NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    text TEXT NOT NULL,
    media TEXT,
    external_id TEXT,
    album TEXT,
    author INTEGER,
    run INTEGER,
    sent_at INTEGER NOT NULL,
    edited_at INTEGER,
    version INTEGER NOT NULL CHECK (version >= 1),
    UNIQUE (conversation, seq),
    CHECK (direction = 'outbound' OR (author IS NULL AND run IS NULL))
) STRICT;
CREATE UNIQUE INDEX message_external ON message (conversation, external_id)
    WHERE direction = 'inbound' AND external_id IS NOT NULL;

-- What people are told, and who did what.

CREATE TABLE notification (
    id INTEGER PRIMARY KEY,
    employee INTEGER NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    item INTEGER,
    item_kind TEXT CHECK (item_kind IN ('lead', 'deal')),
    tag TEXT,
    run INTEGER,
    created_at INTEGER NOT NULL,
    read_at INTEGER,
    CHECK ((item IS NULL) = (item_kind IS NULL))
) STRICT;
CREATE INDEX notification_employee ON notification (employee, id);
CREATE INDEX notification_unread ON notification (employee, id) WHERE read_at IS NULL;
CREATE UNIQUE INDEX notification_tag ON notification (employee, tag) WHERE read_at IS NULL AND tag IS NOT NULL;

CREATE TABLE timeline (
    id INTEGER PRIMARY KEY,
    item INTEGER NOT NULL,
    item_kind TEXT NOT NULL CHECK (item_kind IN ('lead', 'deal')),
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    actor TEXT NOT NULL,
    run INTEGER
) STRICT;
CREATE INDEX timeline_item ON timeline (item, id);

CREATE TABLE history (
    id INTEGER PRIMARY KEY,
    subject TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    run INTEGER,
    what TEXT NOT NULL,
    before TEXT,
    after TEXT
) STRICT;
CREATE INDEX history_subject ON history (subject, id);

-- Timers of the core, what leaves the house, what came in.

CREATE TABLE timer (
    id INTEGER PRIMARY KEY,
    due_at INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('reminder', 'overdue')),
    minutes INTEGER,
    activity INTEGER NOT NULL,
    item INTEGER NOT NULL,
    item_kind TEXT NOT NULL CHECK (item_kind IN ('lead', 'deal')),
    deadline_at INTEGER NOT NULL,
    CHECK ((kind = 'reminder') = (minutes IS NOT NULL))
) STRICT;
CREATE INDEX timer_due ON timer (due_at, id);
CREATE INDEX timer_activity ON timer (activity);

CREATE TABLE delivery (
    id INTEGER PRIMARY KEY,
    channel INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    message INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    item INTEGER,
    item_kind TEXT CHECK (item_kind IN ('lead', 'deal')),
    run INTEGER,
    external_chat TEXT NOT NULL,
    text TEXT NOT NULL,
    idempotency_key TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    attempt_count INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    started_at INTEGER,
    last_error TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    CHECK ((item IS NULL) = (item_kind IS NULL)),
    CHECK ((state = 'pending') = (finished_at IS NULL))
) STRICT;
CREATE INDEX delivery_due ON delivery (due_at, id) WHERE state = 'pending';
CREATE INDEX delivery_conversation ON delivery (conversation, seq) WHERE state = 'pending';
CREATE INDEX delivery_message ON delivery (message);
CREATE INDEX delivery_run ON delivery (run) WHERE run IS NOT NULL;
CREATE INDEX delivery_dead ON delivery (finished_at) WHERE state = 'dead';
CREATE INDEX delivery_finished ON delivery (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE http_request (
    id INTEGER PRIMARY KEY,
    attachment INTEGER NOT NULL,
    run INTEGER,
    root INTEGER,
    depth INTEGER NOT NULL CHECK (depth >= 0),
    item INTEGER,
    item_kind TEXT CHECK (item_kind IN ('lead', 'deal')),
    stage_entry INTEGER,
    origin TEXT NOT NULL,
    shard INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
    asked TEXT NOT NULL,
    idempotency_key TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('pending', 'answered', 'dead')),
    attempt_count INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    last_error TEXT,
    response TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    CHECK ((item IS NULL) = (item_kind IS NULL)),
    CHECK ((state = 'pending') = (finished_at IS NULL)),
    CHECK ((state = 'answered') = (response IS NOT NULL))
) STRICT;
CREATE INDEX http_request_due ON http_request (due_at, id) WHERE state = 'pending';
CREATE INDEX http_request_run ON http_request (run);
CREATE INDEX http_request_item ON http_request (item) WHERE item IS NOT NULL;
CREATE INDEX http_request_dead ON http_request (finished_at) WHERE state = 'dead';
CREATE INDEX http_request_finished ON http_request (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE inbound (
    id INTEGER PRIMARY KEY,
    channel INTEGER NOT NULL,
    dedup_key TEXT NOT NULL,
    chat TEXT,
    body TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('received', 'processed', 'ignored', 'failed')),
    note TEXT,
    shard INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
    host INTEGER,
    UNIQUE (channel, dedup_key)
) STRICT;
CREATE INDEX inbound_pending ON inbound (host, id) WHERE state = 'received';
CREATE INDEX inbound_done ON inbound (received_at) WHERE state <> 'received';
CREATE INDEX inbound_failed ON inbound (id) WHERE state = 'failed';

-- Events, the runs that they start, and what each attempt did.

CREATE TABLE event (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    fact TEXT NOT NULL,
    item INTEGER,
    item_kind TEXT CHECK (item_kind IN ('lead', 'deal')),
    root INTEGER NOT NULL,
    depth INTEGER NOT NULL CHECK (depth >= 0),
    caused_by INTEGER,
    at INTEGER NOT NULL,
    CHECK ((item IS NULL) = (item_kind IS NULL))
) STRICT;
CREATE INDEX event_item ON event (item, id) WHERE item IS NOT NULL;
CREATE INDEX event_root ON event (root) WHERE depth > 0;

CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    event INTEGER NOT NULL,
    attachment INTEGER NOT NULL,
    item INTEGER,
    item_kind TEXT CHECK (item_kind IN ('lead', 'deal')),
    stage_entry INTEGER,
    cancel_on TEXT NOT NULL CHECK (cancel_on IN ('leave-stage', 'leave-pipeline', 'closed', 'never')),
    state TEXT NOT NULL
        CHECK (state IN ('scheduled', 'available', 'retryable', 'completed', 'discarded', 'cancelled')),
    reason TEXT,
    detail TEXT,
    due_at INTEGER,
    after INTEGER,
    timer_key TEXT,
    attempt_count INTEGER NOT NULL CHECK (attempt_count >= 0),
    forgiven_count INTEGER NOT NULL DEFAULT 0,
    fail_digest TEXT,
    equal_count INTEGER NOT NULL DEFAULT 0 CHECK (equal_count >= 0),
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    shard INTEGER NOT NULL CHECK (shard BETWEEN 0 AND 255),
    host INTEGER,
    CHECK (forgiven_count BETWEEN 0 AND attempt_count),
    CHECK ((fail_digest IS NULL) = (equal_count = 0)),
    CHECK ((item IS NULL) = (item_kind IS NULL)),
    CHECK ((state IN ('completed', 'discarded', 'cancelled')) = (finished_at IS NOT NULL)),
    CHECK (state <> 'retryable' OR due_at IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX run_event_attachment ON run (event, attachment);
CREATE INDEX run_due ON run (due_at, id) WHERE state IN ('scheduled', 'retryable') AND due_at IS NOT NULL;
CREATE INDEX run_available ON run (host, id) WHERE state = 'available';
CREATE INDEX run_discarded ON run (id) WHERE state = 'discarded';
CREATE INDEX run_discarded_at ON run (finished_at) WHERE state = 'discarded';
CREATE INDEX run_retryable ON run (due_at) WHERE state = 'retryable';
CREATE INDEX run_open ON run (item) WHERE state IN ('scheduled', 'available', 'retryable') AND item IS NOT NULL;
CREATE INDEX run_wake_up ON run (attachment, timer_key) WHERE state = 'scheduled' AND timer_key IS NOT NULL;
CREATE INDEX run_slot ON run (attachment, due_at) WHERE state = 'scheduled' AND reason = 'rate-limited';
CREATE INDEX run_after ON run (after) WHERE after IS NOT NULL AND state = 'scheduled';
CREATE INDEX run_paused ON run (attachment) WHERE state = 'scheduled' AND reason = 'robot-paused';
CREATE INDEX run_item ON run (item, id) WHERE item IS NOT NULL;
CREATE INDEX run_attachment ON run (attachment, id);
CREATE INDEX run_ended ON run (attachment, state, finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX run_waiting ON run (attachment, state) WHERE state IN ('scheduled', 'retryable');

CREATE TABLE attempt (
    run INTEGER NOT NULL,
    number INTEGER NOT NULL CHECK (number >= 1),
    robot TEXT NOT NULL,
    digest TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('done', 'skipped', 'failed')),
    message TEXT NOT NULL,
    code TEXT,
    retryable INTEGER,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    duration_us INTEGER NOT NULL,
    fuel INTEGER NOT NULL,
    memory_bytes INTEGER NOT NULL,
    calls TEXT NOT NULL,
    effects TEXT NOT NULL,
    logs TEXT NOT NULL,
    PRIMARY KEY (run, number),
    CHECK ((verdict = 'failed') = (code IS NOT NULL)),
    CHECK ((verdict = 'failed') = (retryable IS NOT NULL))
) STRICT;

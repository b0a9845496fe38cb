-- The same tables and columns as ../sqlite/0001_initial.sql; a test compares them.
-- Instants are microseconds since 1970 in UTC, flags are 0 or 1, JSON is text.
-- An item is two columns: `item` (its number, unique for leads and deals together) and `item_kind`.
--
-- There are no foreign keys between the tables that every run writes: the committer is the only writer, it has
-- read what it refers to, and nothing of these tables is ever deleted; a key would cost one index lookup a row to
-- prove what holds anyway. The set-up, which people edit, has them.

-- The set-up: one row an entry, the entry itself as JSON in `body`, and columns for what must be unique or looked up.

CREATE TABLE employee (
    id BIGINT PRIMARY KEY,
    email TEXT UNIQUE,
    version BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE calendar (
    id BIGINT PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    version BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE pipeline (
    id BIGINT PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    version BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE stage (
    id BIGINT PRIMARY KEY,
    pipeline BIGINT NOT NULL REFERENCES pipeline (id),
    key TEXT NOT NULL,
    version BIGINT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (pipeline, key)
);

CREATE TABLE field (
    key TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE channel (
    id BIGINT PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    version BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE robot (
    digest TEXT PRIMARY KEY,
    robot TEXT NOT NULL,
    body TEXT NOT NULL,
    component BYTEA NOT NULL
);

CREATE TABLE attachment (
    id BIGINT PRIMARY KEY,
    robot TEXT NOT NULL,
    digest TEXT NOT NULL REFERENCES robot (digest),
    version BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX attachment_robot ON attachment (robot);

CREATE TABLE token (
    id BIGINT PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL
);

-- Small tables of the host itself.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE id_mark (
    kind TEXT PRIMARY KEY,
    high BIGINT NOT NULL
);

CREATE TABLE turn (
    attachment BIGINT NOT NULL,
    employee BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (attachment, employee)
);

CREATE TABLE schedule (
    attachment BIGINT PRIMARY KEY,
    version BIGINT NOT NULL,
    next_at BIGINT NOT NULL
);

CREATE TABLE bulk (
    id BIGINT PRIMARY KEY,
    version BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'cancelled')),
    body TEXT NOT NULL
);
CREATE INDEX bulk_open ON bulk (id) WHERE state = 'open';

CREATE TABLE idempotency (
    key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    status BIGINT NOT NULL,
    body TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX idempotency_at ON idempotency (at);

-- Clients.

CREATE TABLE contact (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    name_search TEXT NOT NULL,
    assignee BIGINT,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1)
);

-- `national` holds what search compares of a phone, `reversed` the same backwards: a search by the beginning or
-- by the end of a number is a range of one of them.
CREATE TABLE contact_point (
    contact BIGINT NOT NULL REFERENCES contact (id),
    place BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('phone', 'email', 'handle')),
    key TEXT NOT NULL,
    raw TEXT NOT NULL,
    national TEXT COLLATE "C",
    reversed TEXT COLLATE "C",
    PRIMARY KEY (contact, place),
    CHECK ((national IS NULL) = (reversed IS NULL)),
    CHECK (kind = 'phone' OR national IS NULL)
);
CREATE INDEX contact_point_key ON contact_point (kind, key);
CREATE INDEX contact_point_national ON contact_point (national) WHERE national IS NOT NULL;
CREATE INDEX contact_point_reversed ON contact_point (reversed) WHERE reversed IS NOT NULL;

-- Leads and deals.

CREATE TABLE item (
    id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('lead', 'deal')),
    pipeline BIGINT NOT NULL,
    stage BIGINT NOT NULL,
    stage_entry BIGINT NOT NULL CHECK (stage_entry >= 1),
    stage_entered_at BIGINT NOT NULL,
    title TEXT NOT NULL,
    title_search TEXT NOT NULL,
    assignee BIGINT,
    contact BIGINT,
    amount_hundredths BIGINT,
    currency TEXT,
    source TEXT,
    fields TEXT NOT NULL,
    raised_at BIGINT NOT NULL,
    last_contact_at BIGINT,
    closed_at BIGINT,
    lost_reason TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL CHECK (version >= 1),
    CHECK ((amount_hundredths IS NULL) = (currency IS NULL))
);
CREATE INDEX item_stage ON item (stage, raised_at, id);
CREATE INDEX item_raised ON item (raised_at, id);
CREATE INDEX item_assignee ON item (assignee, raised_at, id) WHERE assignee IS NOT NULL;
CREATE INDEX item_contact ON item (contact) WHERE contact IS NOT NULL;

CREATE TABLE activity (
    id BIGINT PRIMARY KEY,
    item BIGINT NOT NULL,
    item_kind TEXT NOT NULL CHECK (item_kind IN ('lead', 'deal')),
    kind TEXT NOT NULL CHECK (kind IN ('todo', 'call', 'meeting', 'mail')),
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    deadline_at BIGINT NOT NULL,
    duration_s BIGINT,
    assignee BIGINT,
    reminders_min TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'completed', 'cancelled')),
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    version BIGINT NOT NULL CHECK (version >= 1),
    CHECK ((state = 'open') = (finished_at IS NULL))
);
CREATE INDEX activity_item ON activity (item, id);
CREATE INDEX activity_open ON activity (deadline_at, id) WHERE state = 'open';
CREATE INDEX activity_assignee ON activity (assignee, deadline_at, id) WHERE assignee IS NOT NULL;

-- Conversations.

CREATE TABLE conversation (
    id BIGINT PRIMARY KEY,
    channel BIGINT NOT NULL,
    external_chat TEXT NOT NULL,
    contact BIGINT,
    item BIGINT,
    item_kind TEXT CHECK (item_kind IN ('lead', 'deal')),
    operator BIGINT,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    last_inbound_at BIGINT,
    last_outbound_at BIGINT,
    message_count BIGINT NOT NULL CHECK (message_count >= 0),
    version BIGINT NOT NULL CHECK (version >= 1),
    CHECK ((item IS NULL) = (item_kind IS NULL))
);
CREATE UNIQUE INDEX conversation_open ON conversation (channel, external_chat) WHERE closed_at IS NULL;
CREATE INDEX conversation_chat ON conversation (channel, external_chat);
CREATE INDEX conversation_item ON conversation (item, id) WHERE item IS NOT NULL;
CREATE INDEX conversation_contact ON conversation (contact, id) WHERE contact IS NOT NULL;

CREATE TABLE message (
    id BIGINT PRIMARY KEY,
    conversation BIGINT NOT NULL,
    seq BIGINT NOT NULL CHECK (seq >= 1),
    direction TEXT NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    text TEXT NOT NULL,
    media TEXT,
    external_id TEXT,
    album TEXT,
    author BIGINT,
    run BIGINT,
    sent_at BIGINT NOT NULL,
    edited_at BIGINT,
    version BIGINT NOT NULL CHECK (version >= 1),
    UNIQUE (conversation, seq),
    CHECK (direction = 'outbound' OR (author IS NULL AND run IS NULL))
);
CREATE UNIQUE INDEX message_external ON message (conversation, external_id)
    WHERE direction = 'inbound' AND external_id IS NOT NULL;

-- What people are told, and who did what.

CREATE TABLE notification (
    id BIGINT PRIMARY KEY,
    employee BIGINT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    item BIGINT,
    item_kind TEXT CHECK (item_kind IN ('lead', 'deal')),
    tag TEXT,
    run BIGINT,
    created_at BIGINT NOT NULL,
    read_at BIGINT,
    CHECK ((item IS NULL) = (item_kind IS NULL))
);
CREATE INDEX notification_employee ON notification (employee, id);
CREATE INDEX notification_unread ON notification (employee, id) WHERE read_at IS NULL;
CREATE UNIQUE INDEX notification_tag ON notification (employee, tag) WHERE read_at IS NULL AND tag IS NOT NULL;

CREATE TABLE timeline (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    item BIGINT NOT NULL,
    item_kind TEXT NOT NULL CHECK (item_kind IN ('lead', 'deal')),
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    actor TEXT NOT NULL,
    run BIGINT
);
CREATE INDEX timeline_item ON timeline (item, id);

CREATE TABLE history (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject TEXT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    run BIGINT,
    what TEXT NOT NULL,
    before TEXT,
    after TEXT
);
CREATE INDEX history_subject ON history (subject, id);

-- Timers of the core, what leaves the house, what came in.

CREATE TABLE timer (
    id BIGINT PRIMARY KEY,
    due_at BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('reminder', 'overdue')),
    minutes BIGINT,
    activity BIGINT NOT NULL,
    item BIGINT NOT NULL,
    item_kind TEXT NOT NULL CHECK (item_kind IN ('lead', 'deal')),
    deadline_at BIGINT NOT NULL,
    CHECK ((kind = 'reminder') = (minutes IS NOT NULL))
);
CREATE INDEX timer_due ON timer (due_at, id);
CREATE INDEX timer_activity ON timer (activity);

CREATE TABLE delivery (
    id BIGINT PRIMARY KEY,
    channel BIGINT NOT NULL,
    conversation BIGINT NOT NULL,
    message BIGINT NOT NULL,
    item BIGINT,
    item_kind TEXT CHECK (item_kind IN ('lead', 'deal')),
    run BIGINT,
    external_chat TEXT NOT NULL,
    text TEXT NOT NULL,
    idempotency_key TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    attempt_count BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    started_at BIGINT,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    CHECK ((item IS NULL) = (item_kind IS NULL)),
    CHECK ((state = 'pending') = (finished_at IS NULL))
);
CREATE INDEX delivery_due ON delivery (due_at, id) WHERE state = 'pending';
CREATE INDEX delivery_conversation ON delivery (conversation, id) WHERE state = 'pending';
CREATE INDEX delivery_message ON delivery (message);
CREATE INDEX delivery_dead ON delivery (finished_at) WHERE state = 'dead';
CREATE INDEX delivery_finished ON delivery (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE inbound (
    id BIGINT PRIMARY KEY,
    channel BIGINT NOT NULL,
    dedup_key TEXT NOT NULL,
    chat TEXT,
    body TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('received', 'processed', 'ignored', 'failed')),
    note TEXT,
    UNIQUE (channel, dedup_key)
);
CREATE INDEX inbound_pending ON inbound (id) WHERE state = 'received';
CREATE INDEX inbound_done ON inbound (received_at) WHERE state <> 'received';
CREATE INDEX inbound_failed ON inbound (id) WHERE state = 'failed';

-- Events, the runs that they start, and what each attempt did.

CREATE TABLE event (
    id BIGINT PRIMARY KEY,
    kind TEXT NOT NULL,
    fact TEXT NOT NULL,
    item BIGINT,
    item_kind TEXT CHECK (item_kind IN ('lead', 'deal')),
    root BIGINT NOT NULL,
    depth BIGINT NOT NULL CHECK (depth >= 0),
    caused_by BIGINT,
    at BIGINT NOT NULL,
    CHECK ((item IS NULL) = (item_kind IS NULL))
);
CREATE INDEX event_item ON event (item, id) WHERE item IS NOT NULL;
CREATE INDEX event_root ON event (root) WHERE depth > 0;

CREATE TABLE run (
    id BIGINT PRIMARY KEY,
    event BIGINT NOT NULL,
    attachment BIGINT NOT NULL,
    item BIGINT,
    item_kind TEXT CHECK (item_kind IN ('lead', 'deal')),
    stage_entry BIGINT,
    cancel_on TEXT NOT NULL CHECK (cancel_on IN ('leave-stage', 'leave-pipeline', 'closed', 'never')),
    state TEXT NOT NULL
        CHECK (state IN ('scheduled', 'available', 'retryable', 'completed', 'discarded', 'cancelled')),
    reason TEXT,
    detail TEXT,
    due_at BIGINT,
    after BIGINT,
    timer_key TEXT,
    attempt_count BIGINT NOT NULL CHECK (attempt_count >= 0),
    forgiven_count BIGINT NOT NULL DEFAULT 0,
    fail_digest TEXT,
    equal_count BIGINT NOT NULL DEFAULT 0 CHECK (equal_count >= 0),
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    CHECK (forgiven_count BETWEEN 0 AND attempt_count),
    CHECK ((fail_digest IS NULL) = (equal_count = 0)),
    CHECK ((item IS NULL) = (item_kind IS NULL)),
    CHECK ((state IN ('completed', 'discarded', 'cancelled')) = (finished_at IS NOT NULL)),
    CHECK (state <> 'retryable' OR due_at IS NOT NULL)
);
CREATE UNIQUE INDEX run_event_attachment ON run (event, attachment);
CREATE INDEX run_due ON run (due_at, id) WHERE state IN ('scheduled', 'retryable') AND due_at IS NOT NULL;
CREATE INDEX run_available ON run (id) WHERE state = 'available';
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

CREATE TABLE attempt (
    run BIGINT NOT NULL,
    number BIGINT NOT NULL CHECK (number >= 1),
    robot TEXT NOT NULL,
    digest TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('done', 'skipped', 'failed')),
    message TEXT NOT NULL,
    code TEXT,
    retryable BIGINT,
    started_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    duration_us BIGINT NOT NULL,
    fuel BIGINT NOT NULL,
    memory_bytes BIGINT NOT NULL,
    calls TEXT NOT NULL,
    effects TEXT NOT NULL,
    logs TEXT NOT NULL,
    PRIMARY KEY (run, number),
    CHECK ((verdict = 'failed') = (code IS NOT NULL)),
    CHECK ((verdict = 'failed') = (retryable IS NOT NULL))
);

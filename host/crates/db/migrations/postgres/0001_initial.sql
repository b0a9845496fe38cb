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

-- What shall become of the attachments of a pipeline; 0: of those that belong to none.
CREATE TABLE automation_draft (
    automation BIGINT PRIMARY KEY,
    version BIGINT NOT NULL,
    body TEXT NOT NULL
);

-- Every content that was in force: one row for each commit that changes attachments of the pipeline.
CREATE TABLE automation_version (
    automation BIGINT NOT NULL,
    number BIGINT NOT NULL CHECK (number >= 1),
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('published', 'direct')),
    comment TEXT NOT NULL,
    added_count BIGINT NOT NULL,
    changed_count BIGINT NOT NULL,
    removed_count BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (automation, number)
);

CREATE TABLE token (
    id BIGINT PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL
);

CREATE TABLE secret (
    name TEXT PRIMARY KEY,
    version BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE account (
    employee BIGINT PRIMARY KEY REFERENCES employee (id),
    version BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE session (
    digest TEXT PRIMARY KEY,
    employee BIGINT NOT NULL REFERENCES employee (id),
    version BIGINT NOT NULL,
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

-- What robots remember. `owner` is `robot:<id>`, `attachment:<n>` or `attachment:<n> deal:<n>`; `bytes` are those of
-- key and value, which come last so that they need not be read to be counted; `run` has changed it.
CREATE TABLE state (
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    run BIGINT,
    value TEXT NOT NULL,
    PRIMARY KEY (owner, key)
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

-- Hosts that work with this database. On SQLite there is one, number 1, and these tables stay empty.
-- `lease_until` is by the database's clock. A commit writes the mark of its host; whoever takes a host's place makes
-- the mark void first, so that no commit of that host comes after.

CREATE TABLE host (
    id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    release TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    is_alone BIGINT NOT NULL CHECK (is_alone IN (0, 1))
);

CREATE TABLE host_mark (
    host BIGINT PRIMARY KEY,
    last_commit BIGINT NOT NULL,
    is_void BIGINT NOT NULL CHECK (is_void IN (0, 1))
);

-- Who works on which part of the items, chats, schedules and channels.
CREATE TABLE shard (
    id BIGINT PRIMARY KEY CHECK (id BETWEEN 0 AND 255),
    host BIGINT REFERENCES host (id)
);
INSERT INTO shard (id) SELECT generate_series(0, 255);

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
    seq BIGINT NOT NULL,
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
CREATE INDEX delivery_conversation ON delivery (conversation, seq) WHERE state = 'pending';
CREATE INDEX delivery_message ON delivery (message);
CREATE INDEX delivery_run ON delivery (run) WHERE run IS NOT NULL;
CREATE INDEX delivery_dead ON delivery (finished_at) WHERE state = 'dead';
CREATE INDEX delivery_finished ON delivery (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE http_request (
    id BIGINT PRIMARY KEY,
    attachment BIGINT NOT NULL,
    run BIGINT,
    root BIGINT,
    depth BIGINT NOT NULL CHECK (depth >= 0),
    item BIGINT,
    item_kind TEXT CHECK (item_kind IN ('lead', 'deal')),
    stage_entry BIGINT,
    origin TEXT NOT NULL,
    shard BIGINT NOT NULL CHECK (shard BETWEEN 0 AND 255),
    asked TEXT NOT NULL,
    idempotency_key TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('pending', 'answered', 'dead')),
    attempt_count BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    last_error TEXT,
    response TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    CHECK ((item IS NULL) = (item_kind IS NULL)),
    CHECK ((state = 'pending') = (finished_at IS NULL)),
    CHECK ((state = 'answered') = (response IS NOT NULL))
);
CREATE INDEX http_request_due ON http_request (due_at, id) WHERE state = 'pending';
CREATE INDEX http_request_run ON http_request (run);
CREATE INDEX http_request_item ON http_request (item) WHERE item IS NOT NULL;
CREATE INDEX http_request_dead ON http_request (finished_at) WHERE state = 'dead';
CREATE INDEX http_request_finished ON http_request (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE inbound (
    id BIGINT PRIMARY KEY,
    channel BIGINT NOT NULL,
    dedup_key TEXT NOT NULL,
    chat TEXT,
    body TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('received', 'processed', 'ignored', 'failed')),
    note TEXT,
    shard BIGINT NOT NULL CHECK (shard BETWEEN 0 AND 255),
    host BIGINT,
    UNIQUE (channel, dedup_key)
);
CREATE INDEX inbound_pending ON inbound (host, id) WHERE state = 'received';
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
    shard BIGINT NOT NULL CHECK (shard BETWEEN 0 AND 255),
    host BIGINT,
    CHECK (forgiven_count BETWEEN 0 AND attempt_count),
    CHECK ((fail_digest IS NULL) = (equal_count = 0)),
    CHECK ((item IS NULL) = (item_kind IS NULL)),
    CHECK ((state IN ('completed', 'discarded', 'cancelled')) = (finished_at IS NOT NULL)),
    CHECK (state <> 'retryable' OR due_at IS NOT NULL)
);
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

-- The database's clock, by which leases are counted: microseconds since 1970 in UTC.
CREATE FUNCTION signalbox_now_1() RETURNS BIGINT LANGUAGE sql AS $now$
SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)
$now$;

-- The first statement of each commit: that the host is still in its place, and that what was read is still so.
-- Its name has a number, so that hosts of two releases can have two of them.
--
-- Locks are taken in one order by everybody, which is why no commits wait for each other in a ring: the host's mark,
-- the set-up, lists and queues by number, rows by table and id. All are held until the transaction ends.
--
-- `checks` is an object of arrays: "lock": [number, exclusive], "item", "contact", "activity", "conversation",
-- "message": [id, version or null, place], "turn": [attachment, last turn, place], "items_of", "activities_of":
-- [id, digest, place], "contacts_at": [kind, key, digest, place], "items_found": [query, digest, place], "state":
-- [owner, key, run or 0, place]. What is not as it was read is an error of the state
-- SB002 with the places as its message, -1 for the set-up; SB003 says that the host has lost its place.
CREATE FUNCTION signalbox_guard_1(me BIGINT, mark BIGINT, directory TEXT, changes_directory BIGINT, checks TEXT)
RETURNS SETOF BIGINT LANGUAGE plpgsql AS $guard$
DECLARE
    given JSONB := CAST(checks AS JSONB);
    lock_row RECORD;
    bad TEXT;
    stale TEXT := '';
BEGIN
    UPDATE host_mark SET last_commit = mark WHERE host = me AND is_void = 0;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'SB003', MESSAGE = 'another host has taken the place of this one';
    END IF;
    IF given IS NULL THEN
        RETURN;
    END IF;
    IF changes_directory = 1 THEN
        PERFORM pg_advisory_xact_lock(1396851778, 0);
    ELSE
        PERFORM pg_advisory_xact_lock_shared(1396851778, 0);
    END IF;
    IF directory IS NOT NULL THEN
        SELECT meta.value INTO bad FROM meta WHERE meta.key = 'directory-version';
        IF COALESCE(bad, '0') <> directory THEN
            stale := ' -1';
        END IF;
    END IF;
    FOR lock_row IN
        SELECT CAST(r.value ->> 0 AS BIGINT) AS number, MAX(CAST(r.value ->> 1 AS BIGINT)) AS exclusive
        FROM jsonb_array_elements(given -> 'lock') AS r
        GROUP BY 1 ORDER BY 1
    LOOP
        IF lock_row.exclusive = 1 THEN
            PERFORM pg_advisory_xact_lock(lock_row.number);
        ELSE
            PERFORM pg_advisory_xact_lock_shared(lock_row.number);
        END IF;
    END LOOP;
    IF given ? 'item' THEN
        SELECT string_agg(' ' || locked.place, '') INTO bad FROM (
            SELECT r.value ->> 2 AS place, CAST(r.value ->> 1 AS BIGINT) AS wanted, item.version
            FROM (
                SELECT value FROM jsonb_array_elements(given -> 'item') WHERE jsonb_typeof(value) = 'array'
            ) AS r
            JOIN item ON item.id = CAST(r.value ->> 0 AS BIGINT)
            ORDER BY item.id
            FOR NO KEY UPDATE OF item
        ) AS locked
        WHERE locked.version <> locked.wanted;
        stale := stale || COALESCE(bad, '');
    END IF;
    IF given ? 'contact' THEN
        SELECT string_agg(' ' || locked.place, '') INTO bad FROM (
            SELECT r.value ->> 2 AS place, CAST(r.value ->> 1 AS BIGINT) AS wanted, contact.version
            FROM (
                SELECT value FROM jsonb_array_elements(given -> 'contact') WHERE jsonb_typeof(value) = 'array'
            ) AS r
            JOIN contact ON contact.id = CAST(r.value ->> 0 AS BIGINT)
            ORDER BY contact.id
            FOR NO KEY UPDATE OF contact
        ) AS locked
        WHERE locked.version <> locked.wanted;
        stale := stale || COALESCE(bad, '');
    END IF;
    IF given ? 'activity' THEN
        SELECT string_agg(' ' || locked.place, '') INTO bad FROM (
            SELECT r.value ->> 2 AS place, CAST(r.value ->> 1 AS BIGINT) AS wanted, activity.version
            FROM (
                SELECT value FROM jsonb_array_elements(given -> 'activity') WHERE jsonb_typeof(value) = 'array'
            ) AS r
            JOIN activity ON activity.id = CAST(r.value ->> 0 AS BIGINT)
            ORDER BY activity.id
            FOR NO KEY UPDATE OF activity
        ) AS locked
        WHERE locked.version <> locked.wanted;
        stale := stale || COALESCE(bad, '');
    END IF;
    IF given ? 'conversation' THEN
        SELECT string_agg(' ' || locked.place, '') INTO bad FROM (
            SELECT r.value ->> 2 AS place, CAST(r.value ->> 1 AS BIGINT) AS wanted, conversation.version
            FROM (
                SELECT value FROM jsonb_array_elements(given -> 'conversation') WHERE jsonb_typeof(value) = 'array'
            ) AS r
            JOIN conversation ON conversation.id = CAST(r.value ->> 0 AS BIGINT)
            ORDER BY conversation.id
            FOR NO KEY UPDATE OF conversation
        ) AS locked
        WHERE locked.version <> locked.wanted;
        stale := stale || COALESCE(bad, '');
    END IF;
    IF given ? 'message' THEN
        SELECT string_agg(' ' || locked.place, '') INTO bad FROM (
            SELECT r.value ->> 2 AS place, CAST(r.value ->> 1 AS BIGINT) AS wanted, message.version
            FROM (
                SELECT value FROM jsonb_array_elements(given -> 'message') WHERE jsonb_typeof(value) = 'array'
            ) AS r
            JOIN message ON message.id = CAST(r.value ->> 0 AS BIGINT)
            ORDER BY message.id
            FOR NO KEY UPDATE OF message
        ) AS locked
        WHERE locked.version <> locked.wanted;
        stale := stale || COALESCE(bad, '');
    END IF;
    IF given ? 'turn' THEN
        SELECT string_agg(' ' || (r.value ->> 2), '') INTO bad
        FROM jsonb_array_elements(given -> 'turn') AS r
        WHERE CAST(r.value ->> 1 AS BIGINT) <> (
            SELECT COALESCE(MAX(turn.seq), 0) FROM turn WHERE turn.attachment = CAST(r.value ->> 0 AS BIGINT)
        );
        stale := stale || COALESCE(bad, '');
    END IF;
    IF given ? 'items_of' THEN
        SELECT string_agg(' ' || (r.value ->> 2), '') INTO bad
        FROM jsonb_array_elements(given -> 'items_of') AS r
        WHERE r.value ->> 1 <> signalbox_items_of_1(CAST(r.value ->> 0 AS BIGINT));
        stale := stale || COALESCE(bad, '');
    END IF;
    IF given ? 'activities_of' THEN
        SELECT string_agg(' ' || (r.value ->> 2), '') INTO bad
        FROM jsonb_array_elements(given -> 'activities_of') AS r
        WHERE r.value ->> 1 <> signalbox_activities_of_1(CAST(r.value ->> 0 AS BIGINT));
        stale := stale || COALESCE(bad, '');
    END IF;
    IF given ? 'contacts_at' THEN
        SELECT string_agg(' ' || (r.value ->> 3), '') INTO bad
        FROM jsonb_array_elements(given -> 'contacts_at') AS r
        WHERE r.value ->> 2 <> signalbox_contacts_at_1(r.value ->> 0, r.value ->> 1);
        stale := stale || COALESCE(bad, '');
    END IF;
    IF given ? 'items_found' THEN
        SELECT string_agg(' ' || (r.value ->> 2), '') INTO bad
        FROM jsonb_array_elements(given -> 'items_found') AS r
        WHERE r.value ->> 1 <> signalbox_items_found_1(r.value ->> 0);
        stale := stale || COALESCE(bad, '');
    END IF;
    IF given ? 'state' THEN
        SELECT string_agg(' ' || (r.value ->> 3), '') INTO bad
        FROM jsonb_array_elements(given -> 'state') AS r
        WHERE CAST(r.value ->> 2 AS BIGINT) <> COALESCE((
            SELECT COALESCE(state.run, 0) FROM state
            WHERE state.owner = r.value ->> 0 AND state.key = r.value ->> 1
        ), 0);
        stale := stale || COALESCE(bad, '');
    END IF;
    IF stale <> '' THEN
        RAISE EXCEPTION USING ERRCODE = 'SB002', MESSAGE = ltrim(stale);
    END IF;
END
$guard$;

-- Digests of lists: they change when a row comes, goes or changes. Versions only grow, and rows are never deleted.

CREATE FUNCTION signalbox_items_of_1(of_contact BIGINT) RETURNS TEXT LANGUAGE sql AS $digest$
SELECT concat_ws(' ', COUNT(*), SUM(item.id), SUM(item.version)) FROM item WHERE item.contact = of_contact
$digest$;

CREATE FUNCTION signalbox_activities_of_1(of_item BIGINT) RETURNS TEXT LANGUAGE sql AS $digest$
SELECT concat_ws(' ', COUNT(*), SUM(activity.version)) FROM activity WHERE activity.item = of_item
$digest$;

CREATE FUNCTION signalbox_contacts_at_1(of_kind TEXT, of_key TEXT) RETURNS TEXT LANGUAGE sql AS $digest$
SELECT concat_ws(' ', COUNT(*), SUM(contact.id), SUM(contact.version))
FROM contact_point JOIN contact ON contact.id = contact_point.contact
WHERE contact_point.kind = of_kind AND contact_point.key = of_key
$digest$;

-- A page of items that fit a query: an object with "after" and "limit", and those of "contact", "stage", "assignee",
-- "pipeline", "open" and "before" that count. The text is put together so that an index serves each query.
CREATE FUNCTION signalbox_items_found_1(query TEXT) RETURNS TEXT LANGUAGE plpgsql AS $digest$
DECLARE
    given JSONB := CAST(query AS JSONB);
    conditions TEXT := '';
    digest TEXT;
BEGIN
    IF given ? 'contact' THEN
        conditions := conditions || ' AND item.contact = CAST($1 ->> ''contact'' AS BIGINT)';
    END IF;
    IF given ? 'stage' THEN
        conditions := conditions || ' AND item.stage = CAST($1 ->> ''stage'' AS BIGINT)';
    END IF;
    IF given ? 'assignee' THEN
        conditions := conditions || ' AND item.assignee = CAST($1 ->> ''assignee'' AS BIGINT)';
    END IF;
    IF given ? 'pipeline' THEN
        conditions := conditions || ' AND item.pipeline = CAST($1 ->> ''pipeline'' AS BIGINT)';
    END IF;
    IF given ? 'open' THEN
        conditions := conditions || ' AND (item.closed_at IS NULL) = ($1 ->> ''open'' = ''1'')';
    END IF;
    IF given ? 'before' THEN
        conditions := conditions || ' AND item.stage_entered_at < CAST($1 ->> ''before'' AS BIGINT)';
    END IF;
    EXECUTE 'SELECT concat_ws('' '', COUNT(*), md5(string_agg(found.id || '':'' || found.version, '' '' ORDER BY found.id)))
        FROM (
            SELECT item.id, item.version FROM item
            WHERE item.id > CAST($1 ->> ''after'' AS BIGINT)' || conditions || '
            ORDER BY item.id LIMIT CAST($1 ->> ''limit'' AS BIGINT)
        ) AS found' INTO digest USING given;
    RETURN digest;
END
$digest$;

CREATE TABLE installation (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) {strict};

CREATE TABLE events (
    id {identity},
    xid {transaction_id},
    kind TEXT NOT NULL,
    at {timestamp} NOT NULL,
    channel_id {bigint},
    conversation_id {bigint},
    data TEXT NOT NULL
) {strict};

CREATE INDEX events_order ON events (xid, id);

CREATE TABLE event_readers (
    name TEXT PRIMARY KEY,
    position TEXT NOT NULL,
    failures {bigint} NOT NULL DEFAULT 0,
    failed_at {timestamp}
) {strict};

CREATE TABLE workers (
    id TEXT PRIMARY KEY,
    epoch TEXT NOT NULL,
    beat_ms {bigint} NOT NULL,
    role TEXT NOT NULL,
    started_at {timestamp} NOT NULL,
    beat_at {timestamp} NOT NULL
) {strict};

CREATE TABLE teams (
    id {identity},
    name TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 100),
    created_at {timestamp} NOT NULL
) {strict};

CREATE TABLE agents (
    id {identity},
    email TEXT NOT NULL UNIQUE CHECK (length(email) BETWEEN 3 AND 254),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    role TEXT NOT NULL CHECK (role IN ('admin', 'supervisor', 'agent', 'writer')),
    password_hash TEXT,
    language TEXT NOT NULL DEFAULT '',
    time_zone TEXT NOT NULL DEFAULT '' CHECK (length(time_zone) <= 64),
    created_at {timestamp} NOT NULL,
    deactivated_at {timestamp}
) {strict};

CREATE TABLE team_members (
    team_id {bigint} NOT NULL REFERENCES teams (id),
    agent_id {bigint} NOT NULL REFERENCES agents (id),
    PRIMARY KEY (team_id, agent_id)
) {strict};

CREATE INDEX team_members_agent ON team_members (agent_id);

CREATE TABLE sign_in_links (
    id {identity},
    agent_id {bigint} NOT NULL REFERENCES agents (id),
    token_hash TEXT NOT NULL UNIQUE,
    purpose TEXT NOT NULL CHECK (purpose IN ('first', 'invite', 'reset')),
    created_at {timestamp} NOT NULL,
    expires_at {timestamp} NOT NULL,
    used_at {timestamp}
) {strict};

CREATE INDEX sign_in_links_agent ON sign_in_links (agent_id);

CREATE TABLE sessions (
    id {identity},
    token_hash TEXT NOT NULL UNIQUE,
    agent_id {bigint} NOT NULL REFERENCES agents (id),
    csrf_token TEXT NOT NULL,
    user_agent TEXT NOT NULL DEFAULT '',
    created_at {timestamp} NOT NULL,
    seen_at {timestamp} NOT NULL,
    ended_at {timestamp}
) {strict};

CREATE INDEX sessions_agent ON sessions (agent_id);

CREATE TABLE rate_limits (
    name TEXT PRIMARY KEY,
    spent {bigint} NOT NULL,
    since {timestamp} NOT NULL
) {strict};

CREATE TABLE channels (
    id {identity},
    kind TEXT NOT NULL,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    team_id {bigint} NOT NULL REFERENCES teams (id),
    earlier_teams TEXT NOT NULL DEFAULT '[]',
    settings TEXT NOT NULL,
    sealed TEXT NOT NULL,
    memory TEXT NOT NULL DEFAULT '',
    memory_version {bigint} NOT NULL DEFAULT 0,
    account TEXT NOT NULL,
    account_id TEXT,
    title TEXT NOT NULL DEFAULT '',
    limits TEXT NOT NULL DEFAULT '{}',
    warnings TEXT NOT NULL DEFAULT '[]',
    can_send {bigint} NOT NULL DEFAULT 0,
    state TEXT NOT NULL CHECK (state IN ('active', 'paused', 'signed_out', 'misconfigured', 'removed')),
    cursor TEXT,
    pulls {bigint} NOT NULL DEFAULT 0,
    pulled_at {timestamp},
    found_at {timestamp},
    next_pull_at {timestamp} NOT NULL,
    woken_at {timestamp},
    rest_until {timestamp},
    quiet_until {timestamp},
    failures {bigint} NOT NULL DEFAULT 0,
    failing_since {timestamp},
    error_code TEXT,
    error_reason TEXT,
    error_detail TEXT,
    claimed_by TEXT,
    fence {bigint} NOT NULL DEFAULT 0,
    client_key TEXT UNIQUE,
    created_at {timestamp} NOT NULL
) {strict};

CREATE INDEX channels_due ON channels (next_pull_at) WHERE state = 'active';

CREATE UNIQUE INDEX channels_account ON channels (kind, account_id) WHERE state <> 'removed';

CREATE TABLE dead_letters (
    id {identity},
    channel_id {bigint} NOT NULL REFERENCES channels (id),
    reason TEXT NOT NULL,
    raw TEXT NOT NULL,
    at {timestamp} NOT NULL,
    delivery {bigint},
    dismissed_at {timestamp},
    dismissed_by {bigint} REFERENCES agents (id),
    outcome TEXT CHECK (outcome IN ('seen', 'read_again'))
) {strict};

CREATE INDEX dead_letters_channel ON dead_letters (channel_id, id);
CREATE INDEX dead_letters_delivery ON dead_letters (delivery) WHERE delivery IS NOT NULL;

CREATE TABLE outbox (
    id {identity},
    channel_id {bigint} NOT NULL REFERENCES channels (id),
    conversation_id {bigint},
    agent_id {bigint} REFERENCES agents (id),
    act TEXT NOT NULL DEFAULT '',
    key TEXT NOT NULL UNIQUE,
    client_key TEXT UNIQUE,
    client_mark TEXT,
    parent_remote_id TEXT NOT NULL,
    request TEXT NOT NULL,
    plan TEXT,
    planned_at {timestamp},
    state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'unknown', 'held', 'cancelled')),
    due_at {timestamp} NOT NULL,
    send_at {timestamp},
    tries {bigint} NOT NULL DEFAULT 0,
    first_tried_at {timestamp},
    claimed_by TEXT,
    fence {bigint} NOT NULL DEFAULT 0,
    sending_part {bigint},
    sending_since {timestamp},
    sending_epoch TEXT,
    sending_until_ms {bigint},
    error_code TEXT,
    error_reason TEXT,
    error_detail TEXT,
    created_at {timestamp} NOT NULL,
    settled_at {timestamp}
) {strict};

CREATE INDEX outbox_due ON outbox (due_at, id) WHERE state = 'queued';
CREATE INDEX outbox_sending ON outbox (id) WHERE state = 'sending';
CREATE INDEX outbox_stuck ON outbox (state, id) WHERE state IN ('failed', 'unknown', 'held');
CREATE INDEX outbox_conversation ON outbox (conversation_id, id);
CREATE INDEX outbox_parent ON outbox (channel_id, parent_remote_id);

CREATE TABLE outbox_parts (
    outbox_id {bigint} NOT NULL REFERENCES outbox (id),
    part {bigint} NOT NULL,
    channel_id {bigint} NOT NULL,
    reserved TEXT,
    text_hash TEXT NOT NULL,
    remote_id TEXT,
    permalink TEXT,
    revision TEXT,
    held {bigint} NOT NULL DEFAULT 0,
    sent_at {timestamp},
    PRIMARY KEY (outbox_id, part)
) {strict};

CREATE INDEX outbox_parts_reserved ON outbox_parts (channel_id, reserved);
CREATE INDEX outbox_parts_remote ON outbox_parts (channel_id, remote_id);

CREATE TABLE identities (
    id {identity},
    channel_id {bigint} NOT NULL REFERENCES channels (id),
    remote_id TEXT NOT NULL CHECK (length(remote_id) > 0),
    handle TEXT NOT NULL,
    name TEXT NOT NULL,
    emoji TEXT NOT NULL DEFAULT '[]',
    url TEXT,
    avatar TEXT,
    is_us {bigint} NOT NULL DEFAULT 0,
    is_bot {bigint} NOT NULL DEFAULT 0,
    trust TEXT NOT NULL CHECK (trust IN ('network', 'claimed')),
    seen_at {timestamp} NOT NULL,
    UNIQUE (channel_id, remote_id)
) {strict};

CREATE TABLE posts (
    id {identity},
    channel_id {bigint} NOT NULL REFERENCES channels (id),
    remote_id TEXT NOT NULL CHECK (length(remote_id) > 0),
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    emoji TEXT NOT NULL DEFAULT '[]',
    poll TEXT,
    polled_at {timestamp},
    link TEXT,
    created_at {timestamp},
    UNIQUE (channel_id, remote_id)
) {strict};

CREATE TABLE threads (
    id {identity},
    channel_id {bigint} NOT NULL REFERENCES channels (id),
    root_remote_id TEXT NOT NULL CHECK (length(root_remote_id) > 0),
    post_id {bigint} REFERENCES posts (id),
    merged_into {bigint} REFERENCES threads (id),
    UNIQUE (channel_id, root_remote_id)
) {strict};

CREATE INDEX threads_merged ON threads (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE conversations (
    id {identity},
    channel_id {bigint} NOT NULL REFERENCES channels (id),
    team_id {bigint} NOT NULL REFERENCES teams (id),
    thread_id {bigint} NOT NULL REFERENCES threads (id),
    identity_id {bigint} NOT NULL REFERENCES identities (id),
    state TEXT NOT NULL CHECK (state IN ('open', 'waiting', 'snoozed', 'resolved')),
    kind TEXT NOT NULL,
    visibility TEXT NOT NULL,
    language TEXT,
    snippet TEXT NOT NULL,
    emoji TEXT NOT NULL DEFAULT '[]',
    last_direction TEXT NOT NULL CHECK (last_direction IN ('in', 'out')),
    last_at {timestamp} NOT NULL,
    unread {bigint} NOT NULL DEFAULT 0,
    read_at {timestamp},
    version {bigint} NOT NULL DEFAULT 0,
    created_at {timestamp} NOT NULL,
    merged_into {bigint} REFERENCES conversations (id)
) {strict};

CREATE UNIQUE INDEX conversations_key ON conversations (thread_id, identity_id) WHERE merged_into IS NULL;
CREATE INDEX conversations_newest ON conversations (last_at, id) WHERE merged_into IS NULL;
CREATE INDEX conversations_team ON conversations (team_id, last_at, id) WHERE merged_into IS NULL;
CREATE INDEX conversations_channel ON conversations (channel_id, last_at, id) WHERE merged_into IS NULL;
CREATE INDEX conversations_open_newest ON conversations (last_at, id) WHERE merged_into IS NULL AND state = 'open';
CREATE INDEX conversations_open_team ON conversations (team_id, last_at, id)
    WHERE merged_into IS NULL AND state = 'open';
CREATE INDEX conversations_open_channel ON conversations (channel_id, last_at, id)
    WHERE merged_into IS NULL AND state = 'open';
CREATE INDEX conversations_waiting_newest ON conversations (last_at, id)
    WHERE merged_into IS NULL AND state = 'waiting';
CREATE INDEX conversations_waiting_team ON conversations (team_id, last_at, id)
    WHERE merged_into IS NULL AND state = 'waiting';
CREATE INDEX conversations_waiting_channel ON conversations (channel_id, last_at, id)
    WHERE merged_into IS NULL AND state = 'waiting';

CREATE TABLE messages (
    id {identity},
    channel_id {bigint} NOT NULL REFERENCES channels (id),
    remote_id TEXT CHECK (length(remote_id) > 0),
    revision TEXT NOT NULL,
    pull {bigint} NOT NULL DEFAULT 0,
    thread_id {bigint} NOT NULL REFERENCES threads (id),
    parent_remote_id TEXT,
    conversation_id {bigint} REFERENCES conversations (id),
    identity_id {bigint} REFERENCES identities (id),
    agent_id {bigint} REFERENCES agents (id),
    outbox_id {bigint} REFERENCES outbox (id),
    direction TEXT NOT NULL CHECK (direction IN ('in', 'out', 'note')),
    origin TEXT NOT NULL CHECK (origin IN ('remote', 'hub', 'native')),
    kind TEXT NOT NULL,
    addressed {bigint} NOT NULL DEFAULT 1,
    visibility TEXT NOT NULL,
    language TEXT,
    content_warning TEXT NOT NULL DEFAULT '',
    text TEXT NOT NULL,
    html TEXT,
    html_version {bigint} NOT NULL DEFAULT 0,
    source_html TEXT,
    emoji TEXT NOT NULL DEFAULT '[]',
    poll TEXT,
    polled_at {timestamp},
    attachments TEXT NOT NULL DEFAULT '[]',
    moderation TEXT,
    done TEXT NOT NULL DEFAULT '[]',
    reply TEXT NOT NULL DEFAULT '{}',
    permalink TEXT,
    created_at {timestamp} NOT NULL,
    received_at {timestamp} NOT NULL,
    edited_at {timestamp},
    deleted_at {timestamp},
    deleted_by TEXT,
    date_guessed {bigint} NOT NULL DEFAULT 0,
    history {bigint} NOT NULL DEFAULT 0,
    raw TEXT,
    client_key TEXT,
    UNIQUE (channel_id, remote_id)
) {strict};

CREATE INDEX messages_conversation ON messages (conversation_id, created_at, id);
CREATE INDEX messages_thread ON messages (thread_id, created_at, id);
CREATE INDEX messages_parent ON messages (channel_id, parent_remote_id) WHERE parent_remote_id IS NOT NULL;
CREATE INDEX messages_outbox ON messages (outbox_id) WHERE outbox_id IS NOT NULL;
CREATE UNIQUE INDEX messages_client_key ON messages (client_key) WHERE client_key IS NOT NULL;
CREATE INDEX messages_unmatched ON messages (channel_id) WHERE remote_id IS NULL AND direction = 'out';

CREATE TABLE message_versions (
    id {identity},
    message_id {bigint} NOT NULL REFERENCES messages (id),
    revision TEXT NOT NULL,
    text TEXT NOT NULL,
    html TEXT,
    replaced_at {timestamp} NOT NULL
) {strict};

CREATE INDEX message_versions_message ON message_versions (message_id, id);

CREATE TABLE tombstones (
    channel_id {bigint} NOT NULL REFERENCES channels (id),
    remote_id TEXT NOT NULL,
    deleted_at {timestamp} NOT NULL,
    deleted_by TEXT NOT NULL,
    pull {bigint} NOT NULL,
    PRIMARY KEY (channel_id, remote_id)
) {strict};

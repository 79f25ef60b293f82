CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    agent_id {bigint} NOT NULL REFERENCES agents (id),
    name TEXT NOT NULL CHECK (length(name) <= 200),
    alt TEXT NOT NULL CHECK (length(alt) <= 2000),
    media_type TEXT NOT NULL CHECK (media_type IN ('image/jpeg', 'image/png', 'image/gif')),
    size {bigint} NOT NULL,
    width {bigint} NOT NULL,
    height {bigint} NOT NULL,
    outbox_id {bigint} REFERENCES outbox (id),
    created_at {timestamp} NOT NULL
) {strict};

CREATE INDEX uploads_waiting ON uploads (agent_id, created_at) WHERE outbox_id IS NULL;
CREATE INDEX uploads_outbox ON uploads (outbox_id) WHERE outbox_id IS NOT NULL;

CREATE TABLE tokens (
    id {identity},
    agent_id {bigint} NOT NULL REFERENCES agents (id),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    token_hash TEXT NOT NULL UNIQUE,
    starts_with TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at {timestamp} NOT NULL,
    expires_at {timestamp},
    used_at {timestamp},
    revoked_at {timestamp}
) {strict};

CREATE INDEX tokens_agent ON tokens (agent_id);

CREATE TABLE idempotency_keys (
    token_id {bigint} NOT NULL REFERENCES tokens (id),
    name TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    begun_at {timestamp} NOT NULL,
    status {bigint},
    location TEXT NOT NULL DEFAULT '',
    answer TEXT,
    PRIMARY KEY (token_id, name)
) {strict};

CREATE INDEX idempotency_keys_begun ON idempotency_keys (begun_at);

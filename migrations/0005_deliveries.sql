CREATE TABLE hooks (
    id TEXT PRIMARY KEY CHECK (length(id) BETWEEN 20 AND 100),
    channel_id {bigint} NOT NULL UNIQUE REFERENCES channels (id)
) {strict};

CREATE TABLE deliveries (
    id {identity},
    channel_id {bigint} NOT NULL REFERENCES channels (id),
    delivery_id TEXT NOT NULL CHECK (length(delivery_id) BETWEEN 1 AND 200),
    headers TEXT NOT NULL,
    body TEXT NOT NULL,
    encoding TEXT NOT NULL CHECK (encoding IN ('utf-8', 'base64')),
    received_at {timestamp} NOT NULL,
    read_at {timestamp},
    pull {bigint},
    UNIQUE (channel_id, delivery_id)
) {strict};

CREATE INDEX deliveries_waiting ON deliveries (channel_id, id) WHERE read_at IS NULL;
CREATE INDEX deliveries_read ON deliveries (read_at) WHERE read_at IS NOT NULL;

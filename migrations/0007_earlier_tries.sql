CREATE TABLE outbox_earlier_parts (
    id {identity},
    outbox_id {bigint} NOT NULL REFERENCES outbox (id),
    part {bigint} NOT NULL,
    channel_id {bigint} NOT NULL,
    reserved TEXT,
    text_hash TEXT NOT NULL,
    remote_id TEXT
) {strict};

CREATE INDEX outbox_earlier_parts_item ON outbox_earlier_parts (outbox_id);
CREATE INDEX outbox_earlier_parts_reserved ON outbox_earlier_parts (channel_id, reserved);
CREATE INDEX outbox_earlier_parts_remote ON outbox_earlier_parts (channel_id, remote_id);

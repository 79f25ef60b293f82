CREATE TABLE emoji (
    name TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    host TEXT NOT NULL,
    conversation_id {bigint},
    state TEXT NOT NULL CHECK (state IN ('wanted', 'kept', 'refused')),
    tries {bigint} NOT NULL DEFAULT 0,
    due_at {timestamp} NOT NULL,
    told_at {timestamp} NOT NULL
) {strict};

CREATE INDEX emoji_due ON emoji (due_at) WHERE state = 'wanted';
CREATE INDEX emoji_told ON emoji (told_at);

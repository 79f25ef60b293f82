CREATE TABLE sign_ins (
    state_hash TEXT PRIMARY KEY,
    session_id {bigint} NOT NULL,
    sealed TEXT NOT NULL,
    expires_at {timestamp} NOT NULL
) {strict};

CREATE TABLE sign_in_memories (
    kind TEXT PRIMARY KEY,
    sealed TEXT NOT NULL,
    version {bigint} NOT NULL
) {strict};

CREATE TABLE search_texts (
    id {bigint} PRIMARY KEY,
    message_id {bigint} NOT NULL UNIQUE,
    words {searchable} NOT NULL
) {strict};

{only_postgresql} CREATE INDEX search_texts_words ON search_texts USING gin (words) WITH (fastupdate = off);

CREATE TABLE search_dirty (
    id {identity},
    message_id {bigint} NOT NULL UNIQUE
) {strict};

INSERT INTO search_dirty (message_id) SELECT id FROM messages ORDER BY id;

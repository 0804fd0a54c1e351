-- Times are milliseconds since the Unix epoch. Targets are keys: 'worker:task-worker'.

CREATE TABLE incidents (
    id        INTEGER PRIMARY KEY,
    code      TEXT NOT NULL,
    target    TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    closed_at INTEGER,
    cause     INTEGER REFERENCES incidents (id) ON DELETE SET NULL
) STRICT;
-- One open incident per trouble.
CREATE UNIQUE INDEX incident_open ON incidents (code, target) WHERE closed_at IS NULL;
CREATE INDEX incident_closed ON incidents (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX incident_cause ON incidents (cause) WHERE cause IS NOT NULL;

CREATE TABLE triggers (
    id          INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    status      TEXT NOT NULL,
    source      TEXT NOT NULL,
    code        TEXT NOT NULL,
    target      TEXT NOT NULL,
    starts_at   INTEGER,
    labels      TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    last_at     INTEGER NOT NULL,
    deliveries  INTEGER NOT NULL DEFAULT 1,
    newest      INTEGER NOT NULL DEFAULT 1,
    taken_at    INTEGER,
    incident    INTEGER REFERENCES incidents (id) ON DELETE SET NULL
) STRICT;
-- The same again is the same row; starts_at is no part of it, peers disagree on it.
CREATE UNIQUE INDEX trigger_newest ON triggers (fingerprint) WHERE newest = 1;
CREATE INDEX trigger_pending ON triggers (id) WHERE taken_at IS NULL;
CREATE INDEX trigger_incident ON triggers (incident) WHERE incident IS NOT NULL;

CREATE TABLE quarantine (
    id          INTEGER PRIMARY KEY,
    received_at INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    words       TEXT NOT NULL,
    excerpt     TEXT NOT NULL
) STRICT;

CREATE TABLE runs (
    id         INTEGER PRIMARY KEY,
    incident   INTEGER NOT NULL REFERENCES incidents (id) ON DELETE CASCADE,
    playbook   TEXT NOT NULL,
    target     TEXT NOT NULL,
    touches    TEXT NOT NULL,
    source     TEXT NOT NULL,
    mode       TEXT NOT NULL,
    state      TEXT NOT NULL,
    detail     TEXT,
    rung       INTEGER NOT NULL DEFAULT 0,
    hold       TEXT,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at   INTEGER
) STRICT;
-- One run at a time for one incident.
CREATE UNIQUE INDEX run_open ON runs (incident) WHERE ended_at IS NULL;
CREATE INDEX run_incident ON runs (incident);
CREATE INDEX run_started ON runs (started_at) WHERE started_at IS NOT NULL;

CREATE TABLE steps (
    run         INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    number      INTEGER NOT NULL,
    rung        INTEGER NOT NULL,
    attempt     INTEGER NOT NULL,
    action      TEXT NOT NULL,
    risk        TEXT NOT NULL,
    target      TEXT NOT NULL,
    plan        TEXT NOT NULL,
    before      TEXT NOT NULL,
    intended_at INTEGER NOT NULL,
    acted_at    INTEGER,
    result      TEXT,
    words       TEXT,
    after       TEXT,
    done_at     INTEGER,
    PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY,
    incident   INTEGER REFERENCES incidents (id) ON DELETE SET NULL,
    channel    TEXT NOT NULL,
    body       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    next_at    INTEGER NOT NULL,
    problem    TEXT,
    sent_at    INTEGER
) STRICT;
CREATE INDEX outbox_due ON outbox (next_at) WHERE sent_at IS NULL;
CREATE INDEX outbox_incident ON outbox (incident) WHERE incident IS NOT NULL;

CREATE TABLE pauses (
    target TEXT NOT NULL PRIMARY KEY, -- '' for everything
    since  INTEGER NOT NULL,
    until  INTEGER,
    reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

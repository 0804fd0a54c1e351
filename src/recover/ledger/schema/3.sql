-- The health score over time, in spans of one level. One in which nothing changed is one row of at
-- most an hour; any other is a minute or less.
CREATE TABLE scores (
    since INTEGER NOT NULL PRIMARY KEY,
    until INTEGER NOT NULL,
    low   INTEGER NOT NULL,
    mean  REAL NOT NULL,
    level TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The planned time that a line of a timetable was last done for.
CREATE TABLE timetable (
    name       TEXT NOT NULL PRIMARY KEY,
    planned_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE forecasts (
    id       INTEGER PRIMARY KEY,
    code     TEXT NOT NULL,
    target   TEXT NOT NULL,
    made_at  INTEGER NOT NULL,
    due_at   INTEGER NOT NULL,
    ended_at INTEGER,
    outcome  TEXT
) STRICT;
-- One undecided forecast of a kind.
CREATE UNIQUE INDEX forecast_open ON forecasts (code, target) WHERE ended_at IS NULL;

CREATE INDEX incident_opened ON incidents (opened_at);
CREATE INDEX run_created ON runs (created_at);

-- What people said of a run, and what takes a step back.
ALTER TABLE runs ADD COLUMN approved_at INTEGER;
ALTER TABLE runs ADD COLUMN called_off_at INTEGER;
ALTER TABLE steps ADD COLUMN undo TEXT;

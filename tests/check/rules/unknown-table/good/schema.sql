CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT NOT NULL);
CREATE TABLE settings (
  made INTEGER,  -- when it was made (in seconds; it doesn't change)
  key TEXT NOT NULL,
  value TEXT
);
ALTER TABLE entries RENAME TO posts;

-- line.db: every line of one agency. One connection, one writer (registry/line_db.h).

-- A journal of ours (even id) or a replica of a peer's (odd id), one row a generation.
CREATE TABLE log(
  id INTEGER PRIMARY KEY,
  peer TEXT NOT NULL,
  generation INTEGER NOT NULL,
  origin TEXT NOT NULL UNIQUE,
  size INTEGER NOT NULL DEFAULT 0,
  note BLOB NOT NULL DEFAULT x'',          -- newest checkpoint, under the author's key
  receipt_size INTEGER NOT NULL DEFAULT 0, -- newest receipt, of our journals only
  receipt_time INTEGER NOT NULL DEFAULT 0, -- ms, when it came
  receipt BLOB NOT NULL DEFAULT x'',
  closed TEXT NOT NULL DEFAULT '',         -- '', 'lost', 'forked', 'renewed'
  UNIQUE(peer, generation, id)
);

-- Up to 256 entries with contiguous cursors; `first` is null in the tail. A cursor is never given twice; it
-- orders what this node came to know, and an entry keeps it from the tail into the tree.
CREATE TABLE run(
  cursor INTEGER PRIMARY KEY,
  log INTEGER NOT NULL REFERENCES log(id),
  first INTEGER,
  ahead INTEGER NOT NULL DEFAULT 0, -- in the tail: the greatest goes into the tree first
  n INTEGER NOT NULL,
  time INTEGER NOT NULL,   -- ms, when it became durable here
  leaves BLOB NOT NULL,    -- u32 length and octets of each leaf
  contents BLOB NOT NULL   -- salt (32), u32 length and octets of each content
);
CREATE INDEX run_by_index ON run(log, first) WHERE first IS NOT NULL;
CREATE INDEX run_tail ON run(log, ahead DESC, cursor) WHERE first IS NULL;

-- Ids of entries, in the tail and in the tree.
CREATE TABLE entry_id(
  id TEXT NOT NULL,
  log INTEGER NOT NULL,
  cursor INTEGER NOT NULL,
  PRIMARY KEY(id, log)
) WITHOUT ROWID;

-- Which entries refer to an entry: target is AGENCY/ID.
CREATE TABLE entry_ref(
  target TEXT NOT NULL,
  cursor INTEGER NOT NULL,
  PRIMARY KEY(target, cursor)
) WITHOUT ROWID;

-- Tiles of 256 hashes (C2SP tlog-tiles); those on the right edge are partial and rewritten in place.
CREATE TABLE tile(
  log INTEGER NOT NULL,
  level INTEGER NOT NULL,
  number INTEGER NOT NULL,
  hashes BLOB NOT NULL,
  PRIMARY KEY(log, level, number)
) WITHOUT ROWID;

CREATE TABLE checkpoint(
  log INTEGER NOT NULL,
  size INTEGER NOT NULL,
  note BLOB NOT NULL,
  PRIMARY KEY(log, size)
) WITHOUT ROWID;

CREATE TABLE receipt(
  log INTEGER NOT NULL,
  size INTEGER NOT NULL,
  time INTEGER NOT NULL,
  note BLOB NOT NULL,
  PRIMARY KEY(log, size)
) WITHOUT ROWID;

-- Pairings. `offer` holds the exact octets; addresses are one a line.
CREATE TABLE peer(
  agency TEXT PRIMARY KEY,
  offer BLOB NOT NULL,
  addresses TEXT NOT NULL,
  added INTEGER NOT NULL,
  removed INTEGER,             -- ms, null while paired
  removed_reason TEXT,
  frozen INTEGER,              -- ms, null unless frozen
  frozen_reason TEXT,
  repaired INTEGER             -- ms of the last pairing again, null without
);

-- Keys that a peer had before it was paired again: old receipts verify with them.
CREATE TABLE old_key(agency TEXT NOT NULL, offer BLOB NOT NULL, until INTEGER NOT NULL);

-- The newest line-state of each side: whose, what, since.
CREATE TABLE line_state(
  peer TEXT NOT NULL,
  by TEXT NOT NULL,
  suspended INTEGER NOT NULL,
  reason TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY(peer, by)
);

CREATE TABLE link_test(
  peer TEXT NOT NULL,
  time INTEGER NOT NULL,
  incoming INTEGER NOT NULL,
  address TEXT,
  ok INTEGER NOT NULL,
  ms INTEGER,
  text BLOB, reply BLOB, signature BLOB, reply_signature BLOB
);
CREATE INDEX link_test_by_time ON link_test(peer, time);

-- What froze a line, and entries that stayed out of a journal because their id was taken.
CREATE TABLE evidence(peer TEXT NOT NULL, time INTEGER NOT NULL, kind TEXT NOT NULL, a BLOB, b BLOB, proof BLOB);
CREATE TABLE kept_out(log INTEGER NOT NULL, id TEXT NOT NULL, time INTEGER NOT NULL, leaf BLOB, content BLOB);

-- What this node learned about an entry later: flags.
CREATE TABLE remark(cursor INTEGER NOT NULL, kind TEXT NOT NULL, time INTEGER NOT NULL, text BLOB NOT NULL);
CREATE INDEX remark_by_cursor ON remark(cursor);

-- What the node found out by itself (node/triage.h): once, as of the moment at which an alert or update was sent or came in.
-- Alerts that say the same of their substance on the same day share a finding.
CREATE TABLE finding(
  id INTEGER PRIMARY KEY,
  asked TEXT NOT NULL,     -- hash of what the content says of its substance
  missing TEXT NOT NULL,   -- what it waits for, '' nothing: then all but `law` never changes
  read INTEGER NOT NULL,   -- 1: a structure was held against class rules
  pinned TEXT NOT NULL,    -- JSON: the law of the day
  found TEXT NOT NULL,     -- JSON members: identity, contradictions, likeness
  flags TEXT NOT NULL,     -- one a line
  law TEXT NOT NULL        -- what stands where, as last compared (node/law.h)
);
CREATE INDEX finding_asked ON finding(asked);
CREATE INDEX finding_missing ON finding(id) WHERE missing <> '';

-- Changes of law since: flags with their day.
CREATE TABLE finding_change(
  finding INTEGER NOT NULL,
  time INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY(finding, time, text)
) WITHOUT ROWID;

CREATE TABLE triage(
  cursor INTEGER PRIMARY KEY,
  alert TEXT NOT NULL,     -- AGENCY/ID: of an update, the alert that it updates
  time INTEGER NOT NULL,   -- ms, the moment
  key TEXT NOT NULL,       -- the substance's InChIKey, else its key in the registry; '' unknown
  finding INTEGER NOT NULL REFERENCES finding(id)
);
CREATE INDEX triage_key ON triage(key, cursor);
CREATE INDEX triage_finding ON triage(finding, cursor);

CREATE TABLE setting(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

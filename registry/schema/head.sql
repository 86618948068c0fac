-- head.db: the last notes that we signed and cosigned, whole, per origin. Never in a backup.
CREATE TABLE head(
  origin TEXT NOT NULL,
  which INTEGER NOT NULL, -- 0 signed by our journal key, 1 cosigned by our receipt key
  size INTEGER NOT NULL,
  note BLOB NOT NULL,
  PRIMARY KEY(origin, which)
) WITHOUT ROWID;

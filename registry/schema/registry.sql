-- The registry (registry/SCHEMA.md is the manual). The build runs this file and then loads
-- registry/data; a node's registry.db is a copy of the result, changed by imports only.
-- Days are TEXT 'YYYY-MM-DD', NULL = unknown. Words that many rows share stand once, in `text`.
-- recorded_from, recorded_until: ids in `import`; a row is known at version V when
-- recorded_from <= V and (recorded_until IS NULL or V < recorded_until).

PRAGMA application_id = 1145852471; -- 'DLR7'

CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE text (
    id    INTEGER PRIMARY KEY,
    value TEXT NOT NULL UNIQUE
);

-- Every change of the registry, the shipped data first (id 1).
CREATE TABLE import (
    id         INTEGER PRIMARY KEY,
    at_ms      INTEGER NOT NULL,           -- never before an earlier import
    kind       TEXT NOT NULL CHECK (kind IN ('shipped', 'announcement', 'notice', 'undo')),
    by         TEXT NOT NULL,
    file       TEXT NOT NULL,              -- its name, '' for a notice
    sha256     TEXT NOT NULL,
    instrument INTEGER REFERENCES instrument (id),
    entry      TEXT,                       -- AGENCY/ID of the listing-notice
    undoes     INTEGER REFERENCES import (id),
    undone_by  INTEGER REFERENCES import (id),
    added      INTEGER NOT NULL DEFAULT 0,
    changed    INTEGER NOT NULL DEFAULT 0,
    ended      INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE jurisdiction (
    id        INTEGER PRIMARY KEY,
    code      TEXT NOT NULL UNIQUE,        -- 'CN'
    name_en   TEXT NOT NULL,
    name_zh   TEXT NOT NULL,
    data_from TEXT,                        -- "not listed" can be trusted in [data_from, data_until]
    data_until TEXT,
    note      TEXT NOT NULL
);

CREATE TABLE instrument (
    id           INTEGER PRIMARY KEY,
    key          TEXT NOT NULL,            -- 'CN-2024-06-16-SUPP'
    jurisdiction INTEGER NOT NULL REFERENCES jurisdiction (id),
    title        TEXT NOT NULL,            -- English
    title_local  TEXT NOT NULL,            -- in the law's language, '' unknown
    issuer       TEXT NOT NULL,
    number       TEXT NOT NULL,
    announced    TEXT,
    in_force     TEXT,
    until        TEXT,
    replaces     TEXT NOT NULL,            -- keys, '|' between
    action       TEXT NOT NULL,            -- US: temporary, extension, permanent, transfer, removal
    substances   TEXT NOT NULL,            -- US: what the action names, '|' between
    source       INTEGER NOT NULL REFERENCES text (id),
    verification TEXT NOT NULL,
    note         TEXT NOT NULL,
    recorded_from  INTEGER NOT NULL,
    recorded_until INTEGER
);
CREATE UNIQUE INDEX instrument_key ON instrument (key) WHERE recorded_until IS NULL;

CREATE TABLE list (
    id           INTEGER PRIMARY KEY,
    code         TEXT NOT NULL UNIQUE,     -- 'CN-SUPP'
    jurisdiction INTEGER NOT NULL REFERENCES jurisdiction (id),
    title        TEXT NOT NULL,            -- English
    title_zh     TEXT NOT NULL,            -- Chinese, '' none
    words        TEXT NOT NULL,            -- the law's own words for the list
    schedule     TEXT NOT NULL,            -- what `status` prints (contracts section 6)
    in_force     TEXT,
    until        TEXT,                     -- first day the list no longer exists
    ended_by     INTEGER REFERENCES instrument (id),
    source       INTEGER NOT NULL REFERENCES text (id),
    verification TEXT NOT NULL,
    note         TEXT NOT NULL
);
CREATE TABLE list_successor (
    list      INTEGER NOT NULL REFERENCES list (id),
    successor INTEGER NOT NULL REFERENCES list (id),
    PRIMARY KEY (list, successor)
) WITHOUT ROWID;

-- Words of a list or of a part of it that extend or narrow its entries.
CREATE TABLE scope (
    id           INTEGER PRIMARY KEY,
    list         INTEGER NOT NULL REFERENCES list (id),
    applies_to   TEXT NOT NULL,            -- entries or paragraph, '' the whole list
    covers       TEXT NOT NULL,            -- salts|isomers|stereoisomers|esters|ethers|...
    words        TEXT NOT NULL,            -- English
    words_local  TEXT NOT NULL,
    exceptions   TEXT NOT NULL,
    instrument   INTEGER REFERENCES instrument (id),
    source       INTEGER NOT NULL REFERENCES text (id),
    verification TEXT NOT NULL,
    note         TEXT NOT NULL
);
CREATE INDEX scope_list ON scope (list);

-- Key: the InChIKey where there is a structure, else a slug with its kind in front.
CREATE TABLE substance (
    id       INTEGER PRIMARY KEY,
    key      TEXT NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('chemical', 'plant', 'preparation', 'class')),
    name     TEXT NOT NULL,                -- the one to show first
    name_zh  TEXT,                         -- the Chinese one to show first
    structured INTEGER NOT NULL,           -- 1: key is an InChIKey
    recorded_from  INTEGER NOT NULL,
    recorded_until INTEGER
);
-- Finds an InChIKey, and by its prefix a first block.
CREATE INDEX substance_key ON substance (key);

CREATE TABLE structure (
    substance    INTEGER PRIMARY KEY REFERENCES substance (id),
    formula      TEXT NOT NULL,
    smiles       TEXT NOT NULL,
    inchi        TEXT NOT NULL,
    stereo       TEXT NOT NULL,            -- defined, partial, undefined, none; '' not computed
    method       TEXT NOT NULL,
    source       INTEGER NOT NULL REFERENCES text (id),
    verification TEXT NOT NULL,
    note         TEXT NOT NULL
);

-- What the structure worker read in a structure, kept so that it is asked once (registry/reading.h).
CREATE TABLE reading (
    substance    INTEGER PRIMARY KEY REFERENCES structure (substance),
    isomer_key   INTEGER NOT NULL,         -- equal for positional isomers
    skeleton     TEXT NOT NULL,            -- the first block of its InChIKey
    form_key     INTEGER NOT NULL,         -- differs for another mobile-hydrogen form of one InChIKey
    print        BLOB NOT NULL,            -- Morgan, radius 2, 2048 bits; empty: it cannot be read
    made_of      BLOB NOT NULL             -- what it is an ester or ether of: registry/worker_wire.h
);
CREATE INDEX reading_isomer ON reading (isomer_key, skeleton);
CREATE INDEX reading_made ON reading (substance) WHERE made_of <> x'';

-- What class rules say of it, one row a listing; the days are the rule's, or those before its
-- wording.
CREATE TABLE class_match (
    substance    INTEGER NOT NULL REFERENCES structure (substance),
    list         INTEGER NOT NULL REFERENCES list (id),
    entry        TEXT NOT NULL,
    in_force     TEXT NOT NULL,            -- '' since a day that is not known
    until        TEXT NOT NULL,            -- '' in force
    open         INTEGER NOT NULL,         -- 1: the words leave it open
    words        INTEGER NOT NULL REFERENCES class_words (id)
);
CREATE INDEX class_match_substance ON class_match (substance, open, list);

-- The words of verdicts, apart from the rows that are looked through, and each once.
CREATE TABLE class_words (
    id           INTEGER PRIMARY KEY,      -- the beginning of their SHA-256
    clause_en    TEXT NOT NULL,
    clause_zh    TEXT NOT NULL,
    words_en     TEXT NOT NULL,
    words_zh     TEXT NOT NULL
);

-- A file of items that this agency holds, kept to be screened again after every change of law.
CREATE TABLE inventory (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    file    TEXT NOT NULL,                 -- its name; the ending says the format
    sha256  TEXT NOT NULL,
    at_ms   INTEGER NOT NULL,
    items   INTEGER NOT NULL,
    octets  BLOB NOT NULL
);

-- Names lie with their substance; the index finds them by dl_name_key (registry/name.h).
CREATE TABLE name (
    substance    INTEGER NOT NULL REFERENCES substance (id),
    n            INTEGER NOT NULL,         -- 0, 1, ...: the order to show
    lang         TEXT NOT NULL,            -- en, zh, de, fr, la; '' a code or of no language
    kind         TEXT NOT NULL,            -- main, listed, synonym, systematic,
                                           --   translation (ours), disputed
    name         TEXT NOT NULL,
    key          TEXT NOT NULL,            -- dl_name_key(name)
    known_from   TEXT,                     -- the name means this substance in
    known_until  TEXT,                     --   [known_from, known_until)
    source       INTEGER NOT NULL REFERENCES text (id),
    verification TEXT NOT NULL,
    recorded_from  INTEGER NOT NULL,
    recorded_until INTEGER,
    PRIMARY KEY (substance, n)
) WITHOUT ROWID;
CREATE INDEX name_key ON name (key, substance, n);

-- CAS number, UNII, DEA number. (An InChIKey is the substance's key.)
CREATE TABLE identifier (
    value        TEXT NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('cas', 'unii', 'code')),
    substance    INTEGER NOT NULL REFERENCES substance (id),
    role         TEXT NOT NULL,            -- own, listed, class (of a whole group), other (of a
                                           --   salt, a preparation or another substance),
                                           --   wrong (its check digit fails)
    source       INTEGER NOT NULL REFERENCES text (id),
    verification TEXT NOT NULL,
    recorded_from  INTEGER NOT NULL,
    recorded_until INTEGER,
    PRIMARY KEY (value, kind, substance, recorded_from)
) WITHOUT ROWID;
CREATE INDEX identifier_substance ON identifier (substance, kind, role, value);

-- One item on one list over [in_force, until). A change is a new row with the same key.
CREATE TABLE listing (
    id           INTEGER PRIMARY KEY,
    key          TEXT NOT NULL,            -- the row's own id in the data: 'CN-SUPP/2024-07-01/39'
    list         INTEGER NOT NULL REFERENCES list (id),
    entry        TEXT NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('named', 'temporary', 'class', 'preparation',
                                               'plant', 'exclusion')),
    subject      INTEGER NOT NULL REFERENCES substance (id), -- the first or only one it is about
    announced    TEXT,                     -- of its instrument
    in_force     TEXT,                     -- NULL: the start is not known
    listed_by    TEXT NOT NULL,            -- known to be listed on this day
    until        TEXT,
    gone_by      TEXT,                     -- ended on an unknown day, not after this one
    instrument   INTEGER REFERENCES instrument (id),
    ended_by     INTEGER REFERENCES instrument (id),
    words        INTEGER REFERENCES text (id),  -- the law's words for the list in this row
    scope        INTEGER REFERENCES text (id),
    exemption    INTEGER REFERENCES text (id),
    source       INTEGER NOT NULL REFERENCES text (id),
    verification TEXT NOT NULL,            -- of the entry
    verification_dates TEXT,               -- of its dates; NULL: the start is not known
    parent       TEXT,                     -- entry it is part of (Canada)
    note         INTEGER REFERENCES text (id),
    recorded_from  INTEGER NOT NULL,
    recorded_until INTEGER,
    stems_from     INTEGER                 -- an undo recorded the row again: the import it is of
);
CREATE INDEX listing_key ON listing (key);
CREATE INDEX listing_in_force ON listing (in_force, list);
CREATE INDEX listing_entry ON listing (list, entry);
CREATE INDEX listing_recorded ON listing (recorded_from) WHERE recorded_from > 1;
CREATE INDEX listing_closed ON listing (recorded_until) WHERE recorded_until IS NOT NULL;

-- As printed in the source, where that says more than the names: for `registry show`.
CREATE TABLE listing_text (
    listing       INTEGER PRIMARY KEY REFERENCES listing (id),
    name_en       TEXT NOT NULL,
    name_local    TEXT NOT NULL,
    chemical_name TEXT NOT NULL,
    cas           TEXT NOT NULL,           -- as printed, '|' between
    code          TEXT NOT NULL,
    text_en       TEXT NOT NULL,           -- the printed words of the row
    text_local    TEXT NOT NULL
);

-- Which substance a listing means. The first query of every answer: one range of this table.
CREATE TABLE link (
    substance INTEGER NOT NULL REFERENCES substance (id),
    listing   INTEGER NOT NULL REFERENCES listing (id),
    relation  TEXT NOT NULL CHECK (relation IN ('is', 'ingredient', 'salt-of')),
    how       TEXT NOT NULL,               -- name, alias, cas, structure; own (no structure needed)
    certainty TEXT NOT NULL,               -- certain, probable
    note      INTEGER REFERENCES text (id),
    PRIMARY KEY (substance, listing, relation)
) WITHOUT ROWID;
CREATE INDEX link_listing ON link (listing, relation);

-- Where sources give one name, number or skeleton several meanings.
CREATE TABLE conflict (
    id           INTEGER PRIMARY KEY,
    kind         TEXT NOT NULL CHECK (kind IN ('name', 'cas', 'structure')),
    key          TEXT NOT NULL,            -- the name, number or substance
    name_key     TEXT NOT NULL,            -- dl_name_key(key)
    detail       TEXT NOT NULL,            -- the values as the data have them
    explanation  TEXT NOT NULL,
    source       TEXT NOT NULL,
    verification TEXT NOT NULL
);
CREATE INDEX conflict_key ON conflict (name_key);
CREATE TABLE conflict_substance (
    substance INTEGER NOT NULL REFERENCES substance (id),
    conflict  INTEGER NOT NULL REFERENCES conflict (id),
    PRIMARY KEY (substance, conflict)
) WITHOUT ROWID;

-- What a person of this agency decided about a peer's listing-notice.
CREATE TABLE notice (
    entry    TEXT NOT NULL PRIMARY KEY,    -- AGENCY/ID
    decision TEXT NOT NULL CHECK (decision IN ('accepted', 'declined')),
    by       TEXT NOT NULL,
    at_ms    INTEGER NOT NULL,
    import   INTEGER REFERENCES import (id) -- of the accepted; NULL where nothing was new
) WITHOUT ROWID;

-- Listing-notices of this agency's own imports that its journals do not have yet: they are kept with
-- the import, in its transaction, and go when the journals have them.
CREATE TABLE owed (
    n       INTEGER PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,          -- of the entry to be
    content BLOB NOT NULL                  -- canonical JSON
);

-- Findings of `registry check` that are known and stay: facts of the sources.
CREATE TABLE accepted (
    finding TEXT NOT NULL,
    subject TEXT NOT NULL,
    reason  TEXT NOT NULL,
    PRIMARY KEY (finding, subject)
) WITHOUT ROWID;

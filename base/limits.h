/* Every maximum of Directline, in one place; enforced where octets are decoded, before memory is
 * taken (I9). Sizes are octets unless the name says otherwise.
 */
#ifndef DL_BASE_LIMITS_H
#define DL_BASE_LIMITS_H

enum {
    DL_LIMIT_AGENCY_ID = 32,
    DL_LIMIT_ENTRY_ID = 64,
    DL_LIMIT_ORIGIN = 160,
    DL_LIMIT_LEAF = 12 * 1024,
    DL_LIMIT_CONTENT = 256 * 1024,
    DL_LIMIT_SALT = 32,
    DL_LIMIT_REFS = 64,
    DL_LIMIT_SUBJECTS = 64,
    DL_LIMIT_LONG_TEXT = 64 * 1024,
    DL_LIMIT_SMILES = 4096,
    DL_LIMIT_STRING = 500, /* characters */
    DL_LIMIT_LIST = 64,    /* items */
    DL_LIMIT_JSON_DEPTH = 16,

    DL_LIMIT_NOTE = 64 * 1024,
    DL_LIMIT_NOTE_LINES = 64,   /* signature lines */
    DL_LIMIT_CHECKPOINT = 1024, /* a note that we make or accept on the line */
    DL_LIMIT_PROOF_HASHES = 63,

    DL_LIMIT_FRAME = 288 * 1024,      /* with its header */
    DL_LIMIT_FRAME_EARLY = 16 * 1024, /* until both HELLOs are verified */
    DL_LIMIT_BATCH_ENTRIES = 256,
    DL_LIMIT_BATCH_OCTETS = 1024 * 1024,
    DL_LIMIT_CREDIT_ENTRIES = 4096,
    DL_LIMIT_CREDIT_OCTETS = 4 * 1024 * 1024,

    DL_LIMIT_PEERS = 256,
    DL_LIMIT_HANDSHAKES = 64, /* unauthenticated connections at once, all remotes together */
    DL_LIMIT_HANDSHAKE_OCTETS = 64 * 1024, /* of TLS, from one side */
    DL_LIMIT_CERTIFICATE = 8 * 1024,       /* DER */
    DL_LIMIT_OFFER = 16 * 1024,
    DL_LIMIT_ADDRESS = 280, /* host and port; a host is at most 255 */
    DL_LIMIT_ADDRESSES = 8,
    DL_LIMIT_REASON = 500, /* characters */
    DL_LIMIT_CONTROL_LINE = 1024 * 1024
};

/* Log sizes: 0 .. 2^48 on the line (policy); 0 .. 2^63-1 in formats. */
#define DL_LIMIT_LOG_SIZE ((uint64_t)1 << 48)

enum {
    DL_TIME_HANDSHAKE_MS = 10 * 1000, /* from accept to both HELLOs */
    DL_TIME_FRAME_MS = 30 * 1000,     /* from a frame's first octet to its last */
    DL_TIME_PING_MS = 10 * 1000,
    DL_TIME_DOWN_MS = 30 * 1000,
    DL_TIME_YIELD_MS = 2 * 1000,
    DL_TIME_HEARTBEAT_MS = 10 * 60 * 1000,
    DL_TIME_SKEW_MS = 300 * 1000
};

#endif

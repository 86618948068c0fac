/* How verbs tell things to people and programs: times, ages, text that may be shown, tables of
 * words.
 */
#ifndef DL_NODE_TELLING_H
#define DL_NODE_TELLING_H

#include "node/agency.h"
#include "node/command.h"

/* A word of the data (a state, a fact of an acknowledgement) in the reader's language. */
const char *dl_call_word(const struct dl_call *call, const char *word);

/* "null" or the RFC 3339 string with quotes. */
void dl_put_time(struct dl_buf *out, int64_t ms);
/* A key with its value: ,"key":"text" (null for NULL); the comma comes first. */
void dl_put_member(struct dl_buf *out, const char *key, const char *text);
/* The same for text that is no C string; null for an empty one. */
void dl_put_member_view(struct dl_buf *out, const char *key, struct dl_view text);
void dl_put_member_time(struct dl_buf *out, const char *key, int64_t ms);
void dl_put_member_int(struct dl_buf *out, const char *key, int64_t value);
/* How long ago, for people: "3 min", "2 h 10 min", "5 d". */
void dl_put_age(struct dl_buf *out, int64_t ms, bool zh);
/* Text of somebody else's for a terminal: one line, controls and bidirectional controls shown. */
void dl_put_shown(struct dl_buf *out, struct dl_view text);

/* The peer that a verb names, or the call ends with PEER_UNKNOWN and the list of peers; NULL then.
 */
struct dl_peer *dl_call_peer(struct dl_call *call, const char *id);
/* Peers that --to names ("all", several, or the only one). False when the call has ended. */
struct dl_targets {
    struct dl_peer *peers[DL_LIMIT_PEERS];
    size_t n;
};
DL_MUST_USE enum dl_err dl_targets_find(struct dl_agency *agency, const char *const *ids, size_t n,
                                        struct dl_targets *out, struct dl_error *error);
DL_MUST_USE enum dl_err dl_call_targets(struct dl_call *call, struct dl_targets *out,
                                        struct dl_error *error);
/* A reason is mandatory: a text of 1 to 500 characters. */
DL_MUST_USE enum dl_err dl_call_reason(struct dl_call *call, const char **out,
                                       struct dl_error *error);
/* The time of --wait in ms, 60 s unless told. False when it is none; the call has ended. */
DL_MUST_USE bool dl_call_wait(struct dl_call *call, uint64_t *ms);
/* Put what was gathered in a builder and reset it. */
void dl_call_put_buf(struct dl_call *call, struct dl_buf *out);

#endif

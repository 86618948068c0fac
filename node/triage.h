/* Triage: what a node finds out by itself about each alert and update, when it is sent and when it
 * comes in. Whether it contradicts itself; its status in every jurisdiction on that day, with class
 * rules; the listed substances most like it; earlier alerts on the same substance or skeleton.
 *
 * Delivery comes first: a turn's entries are durable, answered and sent before they are looked at,
 * a few at a time, between turns; the structure worker is asked without waiting for it. What was
 * found is pinned to the entry in line.db, once; what was not found before a crash is found after
 * the next start, as of the moment of the entry. An entry whose structure cannot be read because
 * the worker is missing says so and waits for it. A virtual world has no worker: what needs one is
 * left out there.
 *
 * Whenever the law changes (an import, an undo, an accepted notice, a new day) all of them are
 * screened again, each substance once: what stands otherwise than before is flagged, with the day.
 *
 * One timer drives it; an agency that does not run, or has no registry, has no triage.
 */
#ifndef DL_NODE_TRIAGE_H
#define DL_NODE_TRIAGE_H

#include "node/agency.h"

void dl__agency_start_triage(struct dl_agency *agency);
void dl__agency_stop_triage(struct dl_agency *agency);

/* Screens past alerts because the registry was changed; `fn` is told how many of them were flagged,
 * once the flags are durable (at once where there is no triage). */
typedef void (*dl_triage_fn)(void *context, size_t flagged);
void dl_triage_screen(struct dl_agency *agency, dl_triage_fn fn, void *context);
void dl_triage_forget(struct dl_agency *agency, const void *context);

/* Flags of an entry, one a line: contradictions, and that its triage waits. */
DL_MUST_USE enum dl_err dl_triage_flags(struct dl_agency *agency, int64_t cursor, bool zh,
                                        struct dl_buf *out);
/* The members ,"law":{...},"triage":{...} of `alert show`; *found false where the entry has not
 * been looked at yet. */
DL_MUST_USE enum dl_err dl_triage_json(struct dl_agency *agency, int64_t cursor, struct dl_buf *out,
                                       bool *found);
/* The same members for people. */
void dl_triage_put_text(struct dl_view members, bool zh, int width, struct dl_buf *out);

#endif

/* Declared state machines: the states, their names and the allowed moves are data; a move that is
 * not in the table aborts (BUG), so a state can be reached only in the ways its diagram shows.
 */
#ifndef DL_BASE_MACHINE_H
#define DL_BASE_MACHINE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct dl_machine_state {
    const char *name;
    uint32_t moves; /* bit n: a move to state n is allowed */
};

struct dl_machine {
    const struct dl_machine_state *states;
    unsigned n_states;
    unsigned state;
};

#define DL_MOVE(state) ((uint32_t)1 << (state))

void dl_machine_init(struct dl_machine *machine, const struct dl_machine_state *states,
                     unsigned n_states, unsigned initial);
bool dl_machine_can(const struct dl_machine *machine, unsigned to);
void dl_machine_move(struct dl_machine *machine, unsigned to);
const char *dl_machine_name(const struct dl_machine *machine);

#endif

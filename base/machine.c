#include "base/machine.h"

void dl_machine_init(struct dl_machine *machine, const struct dl_machine_state *states,
                     unsigned n_states, unsigned initial)
{
    DL_ASSERT(n_states <= 32 && initial < n_states, "a machine has at most 32 states");
    *machine = (struct dl_machine){.states = states, .n_states = n_states, .state = initial};
}

bool dl_machine_can(const struct dl_machine *machine, unsigned to)
{
    DL_ASSERT(to < machine->n_states, "a state is of its machine");
    return (machine->states[machine->state].moves & DL_MOVE(to)) != 0;
}

void dl_machine_move(struct dl_machine *machine, unsigned to)
{
    DL_ASSERT(dl_machine_can(machine, to), "a move is in the table");
    machine->state = to;
}

const char *dl_machine_name(const struct dl_machine *machine)
{
    return machine->states[machine->state].name;
}

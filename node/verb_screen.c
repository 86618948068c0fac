/* screen: what a stock is under each law. */
#include "node/screening.h"

void dl__verb_screen(struct dl_call *call);
void dl__verb_screen(struct dl_call *call)
{
    dl_screen_input(call);
}

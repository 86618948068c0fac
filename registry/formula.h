/* Molecular formulas as people write them. */
#ifndef DL_REGISTRY_FORMULA_H
#define DL_REGISTRY_FORMULA_H

#include "base/octets.h"

/* Whether two molecular formulas have the same atoms, in whatever order ("C2H6O", "C₂H₅OH",
 * "C8H11NO2.HCl"). True where either cannot be read. */
bool dl_formula_equal(struct dl_view a, struct dl_view b);

#endif

/* directline.conf: what the operator says of an agency. `key = value` lines, `#` comments; UTF-8.
 * Written once, by `init`; the node never rewrites it.
 */
#ifndef DL_NODE_CONFIG_H
#define DL_NODE_CONFIG_H

#include "base/limits.h"
#include "base/octets.h"

struct dl_config {
    char agency[DL_LIMIT_AGENCY_ID + 1];
    char jurisdiction[3];
    char name[DL_LIMIT_STRING * 4 + 1];
    char listen[DL_LIMIT_ADDRESSES][DL_LIMIT_ADDRESS + 1];
    size_t n_listen;
    char advertise[DL_LIMIT_ADDRESSES][DL_LIMIT_ADDRESS + 1];
    size_t n_advertise;
    int64_t test_interval_s; /* of scheduled link tests; 0 never */
};

/* DL_E_CONFIG names line and key. */
DL_MUST_USE enum dl_err dl_config_parse(struct dl_view text, struct dl_config *config,
                                        struct dl_error *error);
void dl_config_format(const struct dl_config *config, struct dl_buf *out);
/* Checks one value as the parser does ("agency", "listen", ...), for `init`. */
DL_MUST_USE enum dl_err dl_config_set(struct dl_config *config, const char *key,
                                      struct dl_view value, struct dl_error *error);
/* "HOST:PORT" with a host of at most 255 octets and a port up to 65535. */
bool dl_config_is_address(struct dl_view text);

#endif

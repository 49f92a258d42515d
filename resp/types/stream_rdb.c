/* Reading streams from the dump format, in every encoding that Redis ever wrote. */
#include "resp/rdb_loaders.h"

const struct rdb_loader stream_loaders[] = {{0}};

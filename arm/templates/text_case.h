/* Upper and lower case of UTF-8: ASCII, Latin, Greek and Cyrillic. Others stay as they are. */
#ifndef ARM_TEMPLATES_TEXT_CASE_H
#define ARM_TEMPLATES_TEXT_CASE_H

#include "base/bytes.h"

/* False: the buf's limit is passed. */
bool text_append_case(struct buf *buf, struct bytes text, bool upper);

#endif

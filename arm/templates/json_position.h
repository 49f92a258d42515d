/* Where an element stands in a JSON text: for messages that name line and column. */
#ifndef ARM_TEMPLATES_JSON_POSITION_H
#define ARM_TEMPLATES_JSON_POSITION_H

#include "base/bytes.h"

/*
 * Line and column (both from 1) of the last character of the token that begins the element at
 * `path` ("properties.template.resources[2]"), as Newtonsoft's reader counts. Comments and
 * unquoted names are fine. False: there is no such element; both are 0.
 */
bool json_position(struct bytes text, const char *path, int *line, int *column);

#endif

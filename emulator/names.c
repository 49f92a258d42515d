/* Names to addresses. */
#include "emulator/names.h"

#include <stdio.h>
#include <string.h>

/* Where clients reach what listens at `bind`. */
static const char *public_address(const char *bind)
{
    bool anywhere =
        strcmp(bind, "0.0.0.0") == 0 || strcmp(bind, "::") == 0 || strcmp(bind, "localhost") == 0;
    return anywhere ? "127.0.0.1" : bind;
}

enum names_result names_resolve(const struct names *names, struct bytes name,
                                struct names_answer *answer)
{
    *answer = (struct names_answer){0};
    for (;;) {
        struct arm_name found;
        arm_service_resolve(names->service, name, &found);
        switch (found.kind) {
        case ARM_NAME_ADDRESS:
            snprintf(answer->address, sizeof(answer->address), "%.63s", found.text);
            return NAMES_FOUND;
        case ARM_NAME_FOREIGN:
            if (!http_endpoint_serves(names->front_door, name)) {
                /* An alias may lead out of here: its name is all that can be told. */
                return answer->alias_count > 0 ? NAMES_FOUND : NAMES_FOREIGN;
            }
            snprintf(answer->address, sizeof(answer->address), "%s", public_address(names->bind));
            return NAMES_FOUND;
        case ARM_NAME_PUBLIC:
            snprintf(answer->address, sizeof(answer->address), "%s", public_address(names->bind));
            return NAMES_FOUND;
        case ARM_NAME_MISSING:
            return NAMES_MISSING;
        case ARM_NAME_ALIAS:
            if (answer->alias_count == NAMES_MOST_ALIASES) {
                return NAMES_MISSING; /* they go round in circles */
            }
            char *alias = answer->aliases[answer->alias_count++];
            snprintf(alias, sizeof(answer->aliases[0]), "%s", found.text);
            name = bytes_from_string(alias);
            if (bytes_end_with(name, BYTES("."))) {
                alias[name.size - 1] = '\0';
                name = bytes_from_string(alias);
            }
            break;
        }
    }
}

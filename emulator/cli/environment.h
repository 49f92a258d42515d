/*
 * The variables that point Azure tools at a running emulator, for `env` and `exec`, and the files
 * those variables name: a bundle of certificate authorities and a configuration of the Azure CLI
 * of its own, so that the user's real sign-in is never touched.
 */
#ifndef EMULATOR_CLI_ENVIRONMENT_H
#define EMULATOR_CLI_ENVIRONMENT_H

#include "emulator/cli/client.h"

enum environment_mode {
    ENVIRONMENT_PROXY, /* the tools keep Azure's own names and reach us through HTTPS_PROXY */
    ENVIRONMENT_CLOUD, /* the tools know us as a cloud of its own, at https://localhost:PORT */
};

extern const char *const environment_mode_choices[];

struct variable {
    const char *name;
    char *value;
};

struct environment {
    struct variable list[64];
    size_t count;
};

/*
 * Asks the emulator, writes the files and fills `environment`, zeroed by the caller and to be
 * finished in either case. One line on stderr unless EXIT_DONE.
 */
enum exit_status environment_prepare(const char *endpoint, enum environment_mode mode,
                                     struct environment *environment);
void environment_finish(struct environment *environment);

#endif

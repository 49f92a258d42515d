/*
 * A configuration directory of the Azure CLI for the emulator: signed in as the well-known
 * application, and in cloud mode with the emulator registered as a cloud. The files are those that
 * `az cloud register`, `az cloud set` and `az login --service-principal` leave behind.
 */
#ifndef EMULATOR_CLI_AZURE_CONFIG_H
#define EMULATOR_CLI_AZURE_CONFIG_H

#include "emulator/cli/client.h"

/*
 * Makes it under `directory` unless it is there; *path is owned by the caller. A directory that
 * the user has changed since (another sign-in, other defaults) is left as it is.
 */
enum exit_status azure_config_prepare(const cJSON *info, const char *directory, bool cloud,
                                      char **path);

#endif

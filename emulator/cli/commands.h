/* The rows of the command line, one per file of this folder; listed in cli.c. */
#ifndef EMULATOR_CLI_COMMANDS_H
#define EMULATOR_CLI_COMMANDS_H

#include "emulator/cli/cli.h"

extern const struct cli_command cli_start_command;
extern const struct cli_command cli_env_command;
extern const struct cli_command cli_exec_command;
extern const struct cli_command cli_fault_command;
extern const struct cli_command cli_requests_command;
extern const struct cli_command cli_scenario_command;
extern const struct cli_command cli_status_command;
extern const struct cli_command cli_cache_command;
extern const struct cli_command cli_clock_command;
extern const struct cli_command cli_state_command;
extern const struct cli_command cli_commands_command;
extern const struct cli_command cli_ca_command;
extern const struct cli_command cli_hosts_command;
extern const struct cli_command cli_version_command;
extern const struct cli_command cli_help_command;

#endif

/*
 * What `redurite start` was told: defaults, configuration file, environment and command line, each
 * over the one before, all through the option rows of config.c.
 */
#ifndef EMULATOR_CONFIG_H
#define EMULATOR_CONFIG_H

#include "arm/service.h"
#include "base/clock.h"
#include "base/log.h"
#include "emulator/options.h"
#include "resp/instance.h"

enum host_names { HOST_NAMES_LOCAL, HOST_NAMES_AZURE };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct limits_choice {
    uint64_t an_hour[ARM_LIMITS];
};

struct provisioning_choice {
    enum arm_provisioning mode;
    double seconds;
};

struct clock_choice {
    enum clock_mode mode;
    double scale;
};

struct random_choice {
    bool fixed;
    uint64_t seed;
};

/* Choices are ints in the order of the enums they are read as. */
struct config {
    char *config_file;
    char *bind;
    int redis_port, redis_tls_port, https_port, enterprise_port, sentinel_port;
    int fault_injector_port, dns_port;
    char *data_dir;
    bool ephemeral;
    int host_names; /* enum host_names */
    struct provisioning_choice provisioning;
    struct limits_choice limits;
    int polling; /* enum arm_polling */
    struct clock_choice clock;
    struct random_choice random;
    struct option_list seeds, scenarios;
    int profile;                       /* enum instance_profile, of devcache */
    struct option_list redis_settings; /* NAME=VALUE, of devcache in profile redis */
    bool no_devcache;
    bool offline;
    bool record_commands;
    char *ready_file;
    int log_level;  /* enum log_level */
    int log_format; /* enum log_format */
};

extern const struct option_set config_options;

enum config_result { CONFIG_READY, CONFIG_BAD_USAGE, CONFIG_UNREADABLE };

/*
 * Fills a zeroed config; `words` are those behind "start". On failure `error` holds one line.
 * Finish it in either case.
 */
enum config_result config_read(struct config *config, char **words, int count,
                               char *const *environment, struct buf *error);
void config_finish(struct config *config);

/* The user's state directory for Redurite; owned by the caller, NULL when there is no home. */
char *default_data_directory(char *const *environment);

#endif

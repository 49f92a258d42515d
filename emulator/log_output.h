/* Where log lines go: stderr, as text or as one JSON object per line. */
#ifndef EMULATOR_LOG_OUTPUT_H
#define EMULATOR_LOG_OUTPUT_H

#include "emulator/config.h"

void log_output_configure(enum log_level level, enum log_format format);

#endif

/* What the start tells: the ready file for programs, the banner for people. */
#ifndef EMULATOR_ANNOUNCE_H
#define EMULATOR_ANNOUNCE_H

#include "base/bytes.h"

struct app;

/* False with one line in `error`. Written under a temporary name and renamed into place. */
bool announce_ready_file(struct app *app, struct buf *error);
/* Whether the ready file's folder is there, before anything is begun. */
bool announce_check(const char *ready_file, struct buf *error);
/* On stdout; the last line is "ready ..." for programs that read lines. */
void announce_banner(struct app *app);

#endif

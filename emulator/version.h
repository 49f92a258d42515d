/* The version, from the project's meson.build. */
#ifndef EMULATOR_VERSION_H
#define EMULATOR_VERSION_H

#ifndef REDURITE_VERSION
#define REDURITE_VERSION "0.0.0"
#endif

#endif

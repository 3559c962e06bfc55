/* Binds a socket to an interface, as a VRF's device: it then hears and speaks by that one alone. */
#pragma once
#include "io/io.h"

/* 0 (also where `device` is NULL: any) or -1 and errno. */
int device_bind(int fd, const char *device);

/* Closes `fd` after device_bind failed, says why and what to do in `why`, and returns -errno. */
int device_explain(int fd, const char *device, char why[static WHY_SIZE]);

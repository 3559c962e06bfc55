/* What the packet path asks of the engine (path/path.h); the context is the engine. */
#pragma once
#include "path/path.h"

extern const struct path_owner engine_owner;

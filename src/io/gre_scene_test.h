/* A gre_io that follows what happens in the town of gre_town_test.h, for the tests of which ways it takes. */
#pragma once
#include "io/gre_io.h"
#include "io/gre_town_test.h"

extern struct gre_port scene_us, scene_them;
extern struct gre_io scene_io;
extern struct loop scene_loop;
extern char scene_text[GRE_IO_TEXT]; /* what scene_says looked at last */

struct gre_io_plan scene_plan(enum gre_io_policy policy);

/* `before` is a shell's line for the state of things that is found. */
void scene_begin(const char *before, const struct gre_io_plan *plan);
void scene_enter(const struct gre_io_plan *plan); /* of a town that is open */
void scene_end(void);

bool scene_says(const char *what);

/* Goes on until all that happened is judged, the coming of our own rule too: what is found out later is owed to
 * what happens later. */
void scene_settle(void);

/* Goes on until it says so, and has settled; the clock runs by itself. */
void scene_await(const char *what);

/*
 * net.ipv4.ip_forward of the caller's network namespace: on while a server runs, and back to what
 * it was.
 *
 * That we turned it on is noted in a file of the run directory, together with the boot and the
 * namespace it holds for. So the note outlives a kill -9, and one of another boot or namespace is
 * not believed. Where forwarding stays on because somebody else may need it, the note stays too.
 */
#pragma once
#include <stdbool.h>

/*
 * On. 0, or -errno: the switch could not be read or set (-EROFS in most containers), or the note
 * not written; then nothing has changed. *was_off (may be NULL): this call turned it on.
 */
int forwarding_on(const char *run_directory, bool *was_off);

/* Off again if the note says that we turned it on and nobody else forwards. 0 or -errno. */
int forwarding_restore(const char *run_directory, bool others_forward);

/*
 * How far a call has come, told from what its machines show, and what to say of one that came no
 * further: the stage, the cause and the remedy, in one sentence. Pure.
 */
#pragma once
#include <stddef.h>

#include "session/session.h"

enum stage {
	STAGE_TCP,     /* each: what is being done, until the next one */
	STAGE_CONTROL, /* Start-Control-Connection */
	STAGE_CALL,    /* Outgoing-Call */
	STAGE_LCP,
	STAGE_LOGIN,
	STAGE_ENCRYPTION,
	STAGE_ADDRESS,
	STAGE_UP,
	STAGES
};

/* "lcp", "login" and so on. */
const char *stage_name(enum stage stage);

/* What is under way in this session: STAGE_CALL to STAGE_UP. */
enum stage stage_of(const struct session *session);

/* A stage that is done, in words, as it shows in the session: "LCP opened, MRU 1500, peer's 1450".
 * From STAGE_CALL on. Returns `to`. */
const char *stage_print(enum stage done, const struct session *session, char *to, size_t size);

/* An attempt that failed. */
struct failure {
	enum stage stage;       /* during which */
	const char *host;       /* as the person named it */
	struct endpoint server; /* that was tried */
	const char *
		why; /* what was seen, in words; of `end` where the stage is later than STAGE_CALL */
	struct link_end end;
	bool gre_came;      /* at least one GRE packet of this call */
	bool gre_arrived;   /* the server acknowledged at least one of ours */
	int gre_errno;      /* why this host did not send one of ours; 0: it sent them all */
	uint32_t waited_s;  /* for it */
	bool came_up;       /* the link had been up */
	auth_methods offer; /* what we were ready for */
	const char *user;
	bool from_us; /* the end was asked for here */
};

/* One sentence or two: stage, cause, remedy. Returns `to`. */
const char *failure_print(const struct failure *failure, char *to, size_t size);

/* pppd's exit status for it (pppd(8), EXIT STATUS). */
int failure_status(const struct failure *failure);

/* It would fail in the same way again: the password, the methods, the encryption do not fit. */
bool failure_is_lasting(const struct failure *failure);

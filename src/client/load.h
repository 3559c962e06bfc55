/*
 * `poptun load`: many sessions from one process, and what became of them.
 *
 *   load.c         start and stop, phases   load_calls.c   connections and sessions come and go
 *   load_traffic.c packets through them     load_report.c  what is said of it all
 *   figures.h      durations, failures      load_options.h what it is told
 *
 * Everything of one run is in struct load, which nobody else sees.
 */
#pragma once
#include "client/dialer.h"
#include "client/figures.h"
#include "client/load_options.h"
#include "client/password.h"
#include "io/gre_io.h"

/* Runs to the end, or until a signal. Returns the exit status. */
int load_run(const struct load_options *options, struct password *password);

/* ---- between the four files ---- */

enum load_phase {
	LOAD_CALLING,
	LOAD_SETTLING, /* all are up or failed: a pause before traffic */
	LOAD_STANDING, /* traffic, where it is asked for */
	LOAD_AWAITING, /* the last echoes */
	LOAD_LEAVING,
	LOAD_DONE,
};

enum member_state {
	MEMBER_WAITING, /* for its connection */
	MEMBER_CALLING,
	MEMBER_UP,
	MEMBER_OVER,
};

/* One session to be. */
struct member {
	struct call *call; /* the dialer's; NULL: none */
	struct group *group;
	enum member_state state;
	uint16_t sequence; /* of its next echo request */
	uint32_t up_at;    /* meaningful while up: its place in load->up */
	uint64_t since_us; /* when the stage under way began */
};

/* A control connection and its sessions. */
struct group {
	struct line *line;     /* the dialer's; NULL: none */
	uint32_t first, count; /* members */
	uint32_t calls;        /* of them, with a call */
	bool told;             /* to leave */
	uint64_t began_us;
};

struct load {
	const struct load_options *options;
	struct loop loop;
	int signal_fd;
	struct watcher signals;
	struct registrar registrar;
	struct gre_port gre;
	struct gre_io gre_io;
	struct dialer dialer;
	bool has_loop, has_registrar, has_gre, has_dialer;
	struct session_settings *settings; /* of lines, and of all sessions with one name */
	struct endpoint server;
	struct timer tick, second;

	enum load_phase phase;
	uint64_t phase_us; /* when it began */
	uint64_t moved_us; /* when something last came up or ended */
	struct member *members;
	struct group *groups;
	uint32_t group_count, begun; /* groups; begun: of them */
	uint32_t open;               /* groups with a line */
	uint32_t left, leaving; /* groups that were looked at in the end; of them, with a line */
	uint32_t up_count, came_up, failed, lost;
	uint32_t *up; /* members that are up, in no order */
	bool interrupted;

	struct packet packets[DIALER_BATCH];
	uint32_t next;                    /* in `up`: who sends next */
	uint64_t heard_us;                /* when the last answer came */
	uint64_t sent, received, strange; /* strange: packets that are no answers to ours */

	struct durations stages[STAGES]; /* STAGE_UP: from TCP's beginning to the end of set-up */
	struct durations echoes;
	struct failures failures;
	uint64_t calling_us, standing_us; /* how long these phases took */
	int drawn;                        /* the progress line on the terminal is to be wiped */
};

extern const struct dialer_events load_events;

/* Begins what is due; ends what is to end. */
void load_begin_due(struct load *load);
void load_leave_due(struct load *load);

void load_send_due(struct load *load);
void load_packet(void *context, struct call *call, struct packet *p);

void load_progress(struct load *load);
void load_report(struct load *load);
/* 0 or -errno. */
int load_write_json(const struct load *load, const char *path);

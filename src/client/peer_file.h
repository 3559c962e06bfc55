/*
 * A peers file of pppd (/etc/ppp/peers/NAME), as pptpsetup and how-tos write it, read for a client of
 * ours: which server, which user, which encryption. Options of pppd that have no meaning here are
 * silent, those that are none of pppd's are warnings.
 */
#pragma once
#include "client/options.h"
#include "config/config.h"

#define PEER_DIRECTORY "/etc/ppp/peers/"

/* Reads PEER_DIRECTORY NAME, and the files it names, into *options. False: *complaints has an error. */
bool peer_file_read(struct connect_options *options, const struct config_source *source,
		    const char *name, struct complaints *complaints);

/* A thread on another core that fills supplies while it is asked to. */
#pragma once
#include <stdbool.h>

#include "crypto/rc4.h"
#include "ppp/mppe_supply.h"

/* Starts it, on a core of its own where there are two; this thread keeps to the first. False where
 * there is one core only, or no thread to be had. */
bool helper_start(const struct rc4_plan *plan);
void helper_stop(void);

/* Lets it fill this supply, or sleep where there is none; returns when it has begun to. */
void helper_work(struct mppe_supply *supply);

/*
 * A test registers itself:  TEST(gre_window_accepts_a_number_once) { assert_true(…); }
 * The macro puts a row into a section of the executable; tests/main.c runs what it finds there and
 * prints TAP.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* clang-format off */
#define TEST(name) \
	static void name(void **cmocka_state); \
	static const struct CMUnitTest name##_row = {#name, name, NULL, NULL, NULL}; \
	__attribute__((used, section("poptun_tests"))) \
	static const struct CMUnitTest *const name##_test = &name##_row; \
	static void name(__attribute__((unused)) void **cmocka_state)
/* clang-format on */

/* An executable of tests may define this: why none of them can run here, in one line; NULL where
 * they can. (A single test has no way to skip: cmocka's is "not ok", which Meson takes for a
 * failure.) */
__attribute__((weak)) const char *test_lacks(void);

/* A random source that repeats itself: the same seed, the same bytes. `state` is the caller's. */
struct random test_random(uint64_t *state);

/* Reads lower- or upper-case hexadecimal, blanks skipped, into `to`;
 * returns the number of octets. Fails the test on anything else. */
size_t test_unhex(const char *hex, uint8_t *to, size_t capacity);

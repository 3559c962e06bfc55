#include "tests/test.h"

#include "base/base.h"
#include "server/site.h"

TEST(site_wants_a_worker_for_each_processor_but_no_more_than_eight_unless_told)
{
	static const struct {
		uint32_t said, processors, wanted;
	} rows[] = {
		{0, 1, 1},  {0, 4, 4},   {0, 8, 8},    {0, 9, 8},   {0, 64, 8},
		{1, 64, 1}, {12, 4, 12}, {12, 64, 12}, {64, 1, 64},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct settings settings = {.workers = rows[i].said};
		assert_int_equal(site_wanted_workers(&settings, rows[i].processors),
				 rows[i].wanted);
	}
}

/* Super-segments of UDP against the kernel, between the ends of super_ends_test.h. */
#include "tests/test.h"

#include "base/base.h"
#include "io/super_ends_test.h"

const char *test_lacks(void)
{
	const char *lacking = ends_lack();
	if (lacking)
		return lacking;
	ends_open(true);
	bool has = ends[1].tun.merges & MERGE_UDP;
	ends_close();
	return has ? NULL : "no super-segments of UDP before Linux 6.2";
}

TEST(udp_in_super_segments_arrives_as_the_datagrams_that_were_sent)
{
	static const int families[] = {AF_INET, AF_INET6};
	for (size_t i = 0; i < COUNT_OF(families); i++) {
		ends_open(true);
		ends_datagrams(families[i]);
		assert_true(ends[1].supers_read > 0);
		assert_true(ends[0].supers_written > 0);
		ends_close();
	}
}

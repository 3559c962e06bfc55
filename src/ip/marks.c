#include "ip/marks.h"

#include "ip/checksum.h"
#include "ip/octets.h"
#include "ip/transport.h"

uint8_t marks_of(const uint8_t *ip)
{
	return ip[0] >> 4 == 4 ? ip[1] : (uint8_t)(ip[0] << 4 | ip[1] >> 4);
}

uint8_t marks_outer(uint8_t inner, uint16_t tos, bool carries_ecn)
{
	unsigned dscp = (tos == TOS_COPY ? inner : tos) & ~(unsigned)ECN_FIELD;
	return (uint8_t)(dscp | (carries_ecn ? inner & ECN_FIELD : ECN_NOT_ECT));
}

struct cell {
	uint8_t ecn;  /* that leaves */
	uint8_t fate; /* enum marks_fate; the RFC puts exclamation marks to the odd ones */
};

/* clang-format off */
enum { NOT_ECT = ECN_NOT_ECT, ECT_0 = ECN_ECT_0, ECT_1 = ECN_ECT_1, CE = ECN_CE, ODD = MARKS_ODD, DROP = MARKS_DROP };

/* RFC 6040 §4.2, figure 4: the inner header by row, the outer one by column. */
static const struct cell figure_4[4][4] = {
/*                          Not-ECT               ECT(0)                    ECT(1)                    CE               */
[NOT_ECT] = { [NOT_ECT] = {NOT_ECT, 0}, [ECT_0] = {NOT_ECT, ODD}, [ECT_1] = {NOT_ECT, ODD}, [CE] = {NOT_ECT, DROP} },
[ECT_0]   = { [NOT_ECT] = {ECT_0, 0},   [ECT_0] = {ECT_0, 0},     [ECT_1] = {ECT_1, 0},     [CE] = {CE, 0}         },
[ECT_1]   = { [NOT_ECT] = {ECT_1, 0},   [ECT_0] = {ECT_1, ODD},   [ECT_1] = {ECT_1, 0},     [CE] = {CE, 0}         },
[CE]      = { [NOT_ECT] = {CE, 0},      [ECT_0] = {CE, 0},        [ECT_1] = {CE, ODD},      [CE] = {CE, 0}         },
};
/* clang-format on */

static void set_ecn(const struct ip_view *view, uint8_t ecn)
{
	uint8_t *ip = view->bytes;
	unsigned shift = view->version == 4 ? 0 : 4; /* the Traffic Class lies across two octets */
	uint16_t before = load_u16(ip);
	ip[1] = (uint8_t)((ip[1] & ~(ECN_FIELD << shift)) | ecn << shift);
	if (view->version == 4)
		store_u16(ip + IPV4_CHECKSUM_AT,
			  checksum_replace(load_u16(ip + IPV4_CHECKSUM_AT), before, load_u16(ip)));
}

enum marks_fate marks_arrive(const struct ip_view *view, uint8_t outer)
{
	if (!(outer & ECN_FIELD)) /* nearly always, and then nothing changes */
		return MARKS_GOOD;
	uint8_t inner = marks_of(view->bytes) & ECN_FIELD;
	const struct cell *cell = &figure_4[inner][outer & ECN_FIELD];
	if (cell->ecn != inner)
		set_ecn(view, cell->ecn);
	return (enum marks_fate)cell->fate;
}

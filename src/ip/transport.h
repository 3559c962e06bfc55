/* Where things are in IPv4's, TCP's and UDP's headers; known to this room alone. */
#pragma once

enum {
	IPV4_LENGTH_AT = 2,
	IPV4_IDENTIFICATION_AT = 4,
	IPV4_FLAGS_AT = 6,
	IPV4_TTL_AT = 8,
	IPV4_CHECKSUM_AT = 10,
	IPV4_SOURCE_AT = 12,
	IPV6_LENGTH_AT = 4, /* of the payload: what follows the fixed header */
	IPV6_NEXT_AT = 6,
	IPV6_SOURCE_AT = 8,
};

enum { /* RFC 9293 §3.1 */
       TCP_SEQUENCE_AT = 4,
       TCP_ACKNOWLEDGEMENT_AT = 8,
       TCP_OFFSET_AT = 12, /* of the data, in fours, in the upper half of the octet */
       TCP_FLAGS_AT = 13,
       TCP_WINDOW_AT = 14,
       TCP_CHECKSUM_AT = 16,
       TCP_HEADER = 20, /* octets without options */

       TCP_FIN = 0x01,
       TCP_SYN = 0x02,
       TCP_RST = 0x04,
       TCP_PSH = 0x08,
       TCP_ACK = 0x10,
       TCP_URG = 0x20,
       TCP_ECE = 0x40,
       TCP_CWR = 0x80,
};

enum { /* RFC 768 */
       UDP_LENGTH_AT = 4,
       UDP_CHECKSUM_AT = 6,
       UDP_HEADER = 8,
};

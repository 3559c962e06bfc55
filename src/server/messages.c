#include "server/messages.h"

static const struct field login_fields[] = {
	FIELD(U32, message_login, session),
	FIELD(U32, message_login, number),
	FIELD(U32, message_login, caller),
	FIELD(U32, message_login, called),
	FIELD_PART(message_login, proof, auth_proof_fields),
	FIELDS_END,
};
static const struct field release_fields[] = {
	FIELD(U32, message_release, session),
	FIELD(U64, message_release, octets_in),
	FIELD(U64, message_release, octets_out),
	FIELD(U64, message_release, seconds),
	FIELDS_END,
};
static const struct field verdict_fields[] = {
	FIELD(U32, message_verdict, session),
	FIELD(U32, message_verdict, number),
	FIELD_PART(message_verdict, verdict, auth_verdict_fields),
	FIELDS_END,
};
static const struct field disconnect_fields[] = {
	FIELD(U32, message_disconnect, session),
	FIELD(STRING, message_disconnect, why),
	FIELDS_END,
};
static const struct field evict_fields[] = {
	FIELD(U32, message_evict, session),
	FIELDS_END,
};
static const struct field address_fields[] = {
	FIELD(U32, message_address, session),
	FIELD(U32, message_address, address),
	FIELDS_END,
};
static const struct field ipv6_refused_fields[] = {
	FIELD(U32, message_ipv6_refused, session),
	FIELDS_END,
};
static const struct field network_fields[] = {
	FIELD(U32, message_network, session),
	FIELD(U32, message_network, caller),
	FIELD(U32, message_network, local),
	FIELD(U32, message_network, remote),
	FIELD(U32, message_network, dns[0]),
	FIELD(U32, message_network, dns[1]),
	FIELD(U32, message_network, nbns[0]),
	FIELD(U32, message_network, nbns[1]),
	FIELD(TEXT, message_network, local_id),
	FIELD(TEXT, message_network, remote_id),
	FIELD(STRING, message_network, user),
	FIELD(U64, message_network, seconds),
	FIELD(U64, message_network, octets_in),
	FIELD(U64, message_network, octets_out),
	FIELDS_END,
};
static const struct field secrets_file_fields[] = {
	FIELD(STRING, message_secrets_file, name),
	FIELD(U8, message_secrets_file, first),
	FIELD(SECRET, message_secrets_file, part),
	FIELDS_END,
};
static const struct field secrets_end_fields[] = {
	FIELD(STRING, message_secrets_end, chap),
	FIELD(STRING, message_secrets_end, pap),
	FIELDS_END,
};

const struct message_type server_messages[] = {
	MESSAGE_TYPE(MESSAGE_LOGIN, message_login, login_fields),
	MESSAGE_TYPE(MESSAGE_RELEASE, message_release, release_fields),
	MESSAGE_TYPE(MESSAGE_VERDICT, message_verdict, verdict_fields),
	MESSAGE_TYPE(MESSAGE_DISCONNECT, message_disconnect, disconnect_fields),
	MESSAGE_TYPE(MESSAGE_NETWORK_UP, message_network, network_fields),
	MESSAGE_TYPE(MESSAGE_NETWORK_DOWN, message_network, network_fields),
	MESSAGE_TYPE(MESSAGE_IPV6_UP, message_network, network_fields),
	MESSAGE_TYPE(MESSAGE_IPV6_DOWN, message_network, network_fields),
	MESSAGE_TYPE(MESSAGE_SECRETS_FILE, message_secrets_file, secrets_file_fields),
	MESSAGE_TYPE(MESSAGE_SECRETS_END, message_secrets_end, secrets_end_fields),
	MESSAGE_TYPE(MESSAGE_EVICT, message_evict, evict_fields),
	MESSAGE_TYPE(MESSAGE_ADDRESS_GIVEN, message_address, address_fields),
	MESSAGE_TYPE(MESSAGE_ADDRESS_FREED, message_address, address_fields),
	MESSAGE_TYPE(MESSAGE_IPV6_REFUSED, message_ipv6_refused, ipv6_refused_fields),
	MESSAGE_TYPES_END,
};

uint32_t server_message_session(const struct message_type *type, const void *value)
{
	switch (type->kind) {
	case MESSAGE_VERDICT:
		return ((const struct message_verdict *)value)->session;
	case MESSAGE_DISCONNECT:
		return ((const struct message_disconnect *)value)->session;
	case MESSAGE_EVICT:
		return ((const struct message_evict *)value)->session;
	case MESSAGE_IPV6_REFUSED:
		return ((const struct message_ipv6_refused *)value)->session;
	default:
		return 0;
	}
}

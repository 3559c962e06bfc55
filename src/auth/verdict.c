#include "auth/verdict.h"

/* clang-format off */
const struct field auth_proof_fields[] = {
	FIELD(U8, auth_proof, question),
	FIELD(U8, auth_proof, method),
	FIELD(U8, auth_proof, again),
	FIELD(U8, auth_proof, identifier),
	FIELD(STRING, auth_proof, name),
	FIELD(BLOB, auth_proof, challenge),
	FIELD(SECRET, auth_proof, response),
	FIELDS_END,
};

/* `message` may be a PAP password, and `expected` is as good as the proof of the other end. */
const struct field auth_verdict_fields[] = {
	FIELD(U8, auth_verdict, question),
	FIELD(U8, auth_verdict, result),
	FIELD(U16, auth_verdict, error),
	FIELD(STRING, auth_verdict, user),
	FIELD(SECRET, auth_verdict, message),
	FIELD(SECRET, auth_verdict, expected),
	FIELD(U8, auth_verdict, keys.present),
	FIELD(HIDDEN, auth_verdict, keys.send),
	FIELD(HIDDEN, auth_verdict, keys.receive),
	FIELD(HIDDEN, auth_verdict, keys.send_short),
	FIELD(HIDDEN, auth_verdict, keys.receive_short),
	FIELD(U32, auth_verdict, local_address),
	FIELD(U32, auth_verdict, remote_address),
	FIELD(U32, auth_verdict, dns[0]),
	FIELD(U32, auth_verdict, dns[1]),
	FIELD(U32, auth_verdict, nbns[0]),
	FIELD(U32, auth_verdict, nbns[1]),
	FIELDS_END,
};
/* clang-format on */

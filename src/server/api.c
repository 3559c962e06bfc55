#include "server/api.h"

#include <stdlib.h>
#include <string.h>

void api_handle(void *context, const struct http_request *request, struct http_reply *reply)
{
	struct api *api = context;
	char why[256];
	(void)why;
	(void)api;
	reply->status = strcmp(request->path, "/v1/status") ? 404 : 200;
	reply->body = strdup("{}");
	reply->length = 2;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The methods of the API. Their table is METHODS in wire/request.h. */

#ifndef VP_METHODS_H
#define VP_METHODS_H 1

#include "daemon/dispatch.h"
#include "wire/request.h"

/* Carries out a request that is permitted. Returns the reply (malloc'ed); or NULL, with *error
 * filled if the request is refused, and with *error untouched if an operation or a listing replies
 * later. */
char *method_handle(struct dispatch *dispatch, const struct peer *peer,
                    const struct request *request, struct error *error);

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* Sealing and opening the body of a Capsulated Packet. */
#ifndef _NTM_SEAL_H
#define _NTM_SEAL_H

#include "path.h"

void ntm_seal(const struct ntm_key *key, const struct ntm_header *header, u8 *body,
	      const u8 *plain, u32 length);
bool ntm_unseal(const struct ntm_key *key, const struct ntm_header *header, u8 *body, u32 length);

#endif /* _NTM_SEAL_H */

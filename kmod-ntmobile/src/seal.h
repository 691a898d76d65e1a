/* SPDX-License-Identifier: GPL-2.0-only */
/* Sealing and opening the body of a Capsulated Packet, by suite. */
#ifndef _NTM_SEAL_H
#define _NTM_SEAL_H

#include "path.h"

int ntm_suite_begin(struct ntm_key *key, u8 suite, const u8 *send, const u8 *receive,
		    struct netlink_ext_ack *extack);
void ntm_suite_end(struct ntm_key *key);
void ntm_seal(const struct ntm_key *key, const struct ntm_header *header, u8 *body,
	      const u8 *plain, u32 length);
bool ntm_unseal(const struct ntm_key *key, const struct ntm_header *header, u8 *body, u32 length);

/* seal-aes.c */
int ntm_aes_init(void);
void ntm_aes_exit(void);
int ntm_aes_begin(struct ntm_key *key, const u8 *send, const u8 *receive,
		  struct netlink_ext_ack *extack);
void ntm_aes_end(struct ntm_key *key);
bool ntm_aes_available(void);
void ntm_aes_seal(struct crypto_aead *aead, const struct ntm_header *header, u8 *body, u32 length);
bool ntm_aes_unseal(struct crypto_aead *aead, const struct ntm_header *header, u8 *body,
		    u32 length);

#endif /* _NTM_SEAL_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cipher suites. Everything is done at once where it is called, with
 * softirqs off: a queue for another thread costs more than it gives.
 */
#include <crypto/chacha20poly1305.h>
#include "seal.h"

static u64 ntm_nonce_of(const struct ntm_header *header)
{
	return ntm_nonce(ntm_header_counter(header), header->version_flags & 0xf);
}

/**
 * ntm_seal - seals an inner packet
 * @key: of the path
 * @header: of the packet, authenticated too
 * @body: gets @length bytes and the tag
 * @plain: @length bytes, either @body itself or apart from it
 * @length: of the inner packet
 */
void ntm_seal(const struct ntm_key *key, const struct ntm_header *header, u8 *body,
	      const u8 *plain, u32 length)
{
	chacha20poly1305_encrypt(body, plain, length, (const u8 *)header, sizeof(*header),
				 ntm_nonce_of(header), key->send);
}

/**
 * ntm_unseal - opens a sealed body in place
 * @key: of the path and the epoch
 * @header: of the packet
 * @body: @length bytes that are ours alone; written only when the tag is right
 * @length: of the body with its tag
 *
 * Return: whether the tag is right.
 */
bool ntm_unseal(const struct ntm_key *key, const struct ntm_header *header, u8 *body, u32 length)
{
	return chacha20poly1305_decrypt(body, body, length, (const u8 *)header, sizeof(*header),
					ntm_nonce_of(header), key->receive);
}

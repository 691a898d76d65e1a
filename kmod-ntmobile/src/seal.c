// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cipher suites. Everything is done at once where it is called, with
 * softirqs off: a queue for another thread costs more than it gives.
 */
#include <crypto/chacha20poly1305.h>
#include "seal.h"

/* Gives a new key its suite. Return: 0, or why not, with a sentence. */
int ntm_suite_begin(struct ntm_key *key, u8 suite, const u8 *send, const u8 *receive,
		    struct netlink_ext_ack *extack)
{
	key->suite = suite;
	if (suite == NTMOBILE_SUITE_AES_128_GCM)
		return ntm_aes_begin(key, send, receive, extack);
	if (suite == NTMOBILE_SUITE_NONE)
		return 0;
	memcpy(key->send, send, sizeof(key->send));
	memcpy(key->receive, receive, sizeof(key->receive));
	return 0;
}

void ntm_suite_end(struct ntm_key *key)
{
	if (key->suite == NTMOBILE_SUITE_AES_128_GCM)
		ntm_aes_end(key);
}

/**
 * ntm_seal - seals an inner packet
 * @key: of the path, of any suite but none
 * @header: of the packet, authenticated too
 * @body: gets @length bytes and the tag
 * @plain: @length bytes, either @body itself or apart from it
 * @length: of the inner packet
 */
void ntm_seal(const struct ntm_key *key, const struct ntm_header *header, u8 *body,
	      const u8 *plain, u32 length)
{
	if (key->suite == NTMOBILE_SUITE_AES_128_GCM) {
		if (plain != body)
			memcpy(body, plain, length);
		ntm_aes_seal(key->send_aead, header, body, length);
		return;
	}
	chacha20poly1305_encrypt(body, plain, length, (const u8 *)header, sizeof(*header),
				 ntm_header_nonce(header), key->send);
}

/**
 * ntm_unseal - opens a sealed body in place
 * @key: of the path and the epoch
 * @header: of the packet
 * @body: @length bytes that are ours alone
 * @length: of the body with its tag
 *
 * Return: whether the tag is right; without it @body is worth nothing any more.
 */
bool ntm_unseal(const struct ntm_key *key, const struct ntm_header *header, u8 *body, u32 length)
{
	if (key->suite == NTMOBILE_SUITE_NONE)
		return true;
	if (length < NTM_TAG_SIZE)
		return false;
	if (key->suite == NTMOBILE_SUITE_AES_128_GCM)
		return ntm_aes_unseal(key->receive_aead, header, body, length);
	return chacha20poly1305_decrypt(body, body, length, (const u8 *)header, sizeof(*header),
					ntm_header_nonce(header), key->receive);
}

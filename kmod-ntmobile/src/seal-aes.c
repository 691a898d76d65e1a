// SPDX-License-Identifier: GPL-2.0-only
/*
 * AES-128-GCM by the kernel's crypto API, of which only the synchronous kind is
 * used. The API wants its arguments in memory that is neither stack nor per-CPU,
 * so each processor has such a place; softirqs are off, so one is enough.
 */
#include <crypto/aead.h>
#include <linux/percpu.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include "seal.h"

#define NTM_AES_KEY_SIZE	16
#define NTM_AES_CONTEXT_SIZE	1024
#define NTM_AES_ALGORITHM	"gcm(aes)"

/**
 * struct ntm_aes_work - what one call needs
 * @header: copy of the packet's
 * @nonce: four zero bytes and the 64 bits of the other suite's
 * @list: header and body
 * @request: with its context behind it
 */
struct ntm_aes_work {
	struct ntm_header header;
	u8 nonce[12];
	struct scatterlist list[2];
	struct aead_request request;
};

static DEFINE_PER_CPU(struct ntm_aes_work *, ntm_aes_work);

int __init ntm_aes_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct ntm_aes_work *work = kzalloc(sizeof(*work) + NTM_AES_CONTEXT_SIZE,
						    GFP_KERNEL);

		if (!work) {
			ntm_aes_exit();
			return -ENOMEM;
		}
		per_cpu(ntm_aes_work, cpu) = work;
	}
	return 0;
}

void ntm_aes_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		kfree_sensitive(per_cpu(ntm_aes_work, cpu));
		per_cpu(ntm_aes_work, cpu) = NULL;
	}
}

bool ntm_aes_available(void)
{
	return crypto_has_alg(NTM_AES_ALGORITHM, CRYPTO_ALG_TYPE_AEAD,
			      CRYPTO_ALG_TYPE_MASK | CRYPTO_ALG_ASYNC);
}

static struct crypto_aead *ntm_aes_new(const u8 *key, struct netlink_ext_ack *extack)
{
	struct crypto_aead *aead = crypto_alloc_aead(NTM_AES_ALGORITHM, 0, CRYPTO_ALG_ASYNC);
	int err;

	if (IS_ERR(aead)) {
		NL_SET_ERR_MSG(extack, "this kernel has no synchronous gcm(aes) for AES-128-GCM");
		return ERR_PTR(-EOPNOTSUPP);
	}
	err = crypto_aead_setkey(aead, key, NTM_AES_KEY_SIZE);
	if (!err)
		err = crypto_aead_setauthsize(aead, NTM_TAG_SIZE);
	if (!err && crypto_aead_reqsize(aead) > NTM_AES_CONTEXT_SIZE) {
		NL_SET_ERR_MSG(extack, "this kernel's gcm(aes) wants more memory than is foreseen");
		err = -EOPNOTSUPP;
	}
	if (!err)
		return aead;
	crypto_free_aead(aead);
	return ERR_PTR(err);
}

int ntm_aes_begin(struct ntm_key *key, const u8 *send, const u8 *receive,
		  struct netlink_ext_ack *extack)
{
	struct crypto_aead *send_aead = ntm_aes_new(send, extack);
	struct crypto_aead *receive_aead;

	if (IS_ERR(send_aead))
		return PTR_ERR(send_aead);
	receive_aead = ntm_aes_new(receive, extack);
	if (IS_ERR(receive_aead)) {
		crypto_free_aead(send_aead);
		return PTR_ERR(receive_aead);
	}
	key->send_aead = send_aead;
	key->receive_aead = receive_aead;
	return 0;
}

void ntm_aes_end(struct ntm_key *key)
{
	crypto_free_aead(key->send_aead);
	crypto_free_aead(key->receive_aead);
}

/* @room: bytes at @body. Return: a request that lacks only its lengths. */
static struct aead_request *ntm_aes_request(struct crypto_aead *aead,
					    const struct ntm_header *header, u8 *body, u32 room)
{
	struct ntm_aes_work *work = this_cpu_read(ntm_aes_work);
	__le64 nonce = cpu_to_le64(ntm_header_nonce(header));

	work->header = *header;
	memset(work->nonce, 0, sizeof(work->nonce));
	memcpy(work->nonce + 4, &nonce, sizeof(nonce));
	sg_init_table(work->list, ARRAY_SIZE(work->list));
	sg_set_buf(&work->list[0], &work->header, sizeof(work->header));
	sg_set_buf(&work->list[1], body, room);
	aead_request_set_tfm(&work->request, aead);
	aead_request_set_callback(&work->request, 0, NULL, NULL);
	aead_request_set_ad(&work->request, sizeof(work->header));
	return &work->request;
}

/* In place: @length bytes at @body, and the tag behind them. Softirqs are off. */
void ntm_aes_seal(struct crypto_aead *aead, const struct ntm_header *header, u8 *body, u32 length)
{
	struct aead_request *request = ntm_aes_request(aead, header, body, length + NTM_TAG_SIZE);
	struct ntm_aes_work *work = this_cpu_read(ntm_aes_work);

	aead_request_set_crypt(request, work->list, work->list, length, work->nonce);
	/* It cannot fail, with lengths as these; a packet that goes out in clear would be worse. */
	if (WARN_ON_ONCE(crypto_aead_encrypt(request)))
		memset(body, 0, length + NTM_TAG_SIZE);
}

/* In place: @length bytes with the tag. Return: whether the tag is right. Softirqs are off. */
bool ntm_aes_unseal(struct crypto_aead *aead, const struct ntm_header *header, u8 *body,
		    u32 length)
{
	struct aead_request *request = ntm_aes_request(aead, header, body, length);
	struct ntm_aes_work *work = this_cpu_read(ntm_aes_work);

	aead_request_set_crypt(request, work->list, work->list, length, work->nonce);
	return !crypto_aead_decrypt(request);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The Capsulated Packet, and every limit of the data path.
 *
 *      0                   1                   2                   3
 *     +---------------+-------+-------+-------------------------------+
 *     |  type (0x80)  |version| flags |       counter, high 16        |
 *     +---------------+-------+-------+-------------------------------+
 *     |                       counter, low 32                         |
 *     +---------------------------------------------------------------+
 *     |                       Path ID (64)                            |
 *     +---------------------------------------------------------------+
 *     |                       ciphertext, tag (128)                   |
 *
 * Flags: bit 0 the sender's side, bits 1 and 2 the key epoch, bit 3 is 0. The
 * header is the associated data. The nonce is 4 zero bytes, then in little
 * endian 48 bits of counter and 16 bits of flags.
 */
#ifndef _NTM_PROTO_H
#define _NTM_PROTO_H

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/ipv6.h>
#include <linux/kernel.h>
#include <linux/types.h>
#include <linux/udp.h>
#include "compat.h"

#define NTM_TYPE_CAPSULATED	0x80
#define NTM_VERSION		1
#define NTM_FLAG_SIDE		BIT(0)
#define NTM_FLAG_RESERVED	BIT(3)
#define NTM_EPOCH_SHIFT		1
#define NTM_EPOCHS		4
#define NTM_TAG_SIZE		16
#define NTM_COUNTER_BITS	48

/* Sizes, counts and times of protocol.md sections 6 and 11. */
#define NTM_REPLAY_WINDOW	8192
#define NTM_PACKETS_PER_KEY	BIT_ULL(40)
#define NTM_REKEY_AFTER_MS	(2 * 60 * 1000)
#define NTM_REJECT_AFTER_MS	(60 * 60 * 1000)
#define NTM_KEYS_REMEMBERED	32
#define NTM_SILENT_AFTER_MS	1000
#define NTM_FLOAT_INTERVAL_MS	100
#define NTM_FLOAT_BUDGET	(256 * 1024)
#define NTM_FLOAT_BUDGET_MS	500
#define NTM_NOTICE_INTERVAL_MS	1000
#define NTM_LOSS_MARK_MS	250
#define NTM_PENDING_MS		3000
#define NTM_PENDING_PACKETS	128
#define NTM_PENDING_PER_ADDRESS	4

struct ntm_header {
	u8 type;
	u8 version_flags;
	__be16 counter_high;
	__be32 counter_low;
	__be64 path_id;
};

static_assert(sizeof(struct ntm_header) == 16);

/*
 * A super-packet is built in chunks of pages, of which it has two, and no segment
 * lies across two of them: 44 segments at an outer MTU of 1500. Receivers that
 * coalesce take 64 at most.
 */
#define NTM_CHUNK_SIZE		32768
#define NTM_SUPER_CHUNKS	2
#define NTM_SUPER_SEGMENTS	64

/* Bytes a Capsulated Packet has besides the inner packet, from UDP on. */
#define NTM_OVERHEAD	(sizeof(struct udphdr) + sizeof(struct ntm_header) + NTM_TAG_SIZE)

static inline u8 ntm_header_flags(u8 side, u8 epoch)
{
	return side | epoch << NTM_EPOCH_SHIFT;
}

static inline u8 ntm_header_epoch(const struct ntm_header *header)
{
	return (header->version_flags >> NTM_EPOCH_SHIFT) & (NTM_EPOCHS - 1);
}

static inline u8 ntm_header_side(const struct ntm_header *header)
{
	return header->version_flags & NTM_FLAG_SIDE;
}

static inline u64 ntm_header_counter(const struct ntm_header *header)
{
	return (u64)be16_to_cpu(header->counter_high) << 32 |
	       be32_to_cpu(header->counter_low);
}

static inline void ntm_header_write(struct ntm_header *header, u8 flags,
				    u64 counter, __be64 path_id)
{
	header->type = NTM_TYPE_CAPSULATED;
	header->version_flags = NTM_VERSION << 4 | flags;
	header->counter_high = cpu_to_be16(upper_32_bits(counter));
	header->counter_low = cpu_to_be32(lower_32_bits(counter));
	put_unaligned(path_id, &header->path_id);
}

/* The library puts four zero bytes in front and writes little endian. */
static inline u64 ntm_nonce(u64 counter, u8 flags)
{
	return counter | (u64)flags << NTM_COUNTER_BITS;
}

static inline u64 ntm_header_nonce(const struct ntm_header *header)
{
	return ntm_nonce(ntm_header_counter(header), header->version_flags & 0xf);
}

/* Type, version and the bit that must be 0: else it is no Capsulated Packet of ours. */
static inline bool ntm_header_valid(const struct ntm_header *header)
{
	return header->type == NTM_TYPE_CAPSULATED &&
	       header->version_flags >> 4 == NTM_VERSION &&
	       !(header->version_flags & NTM_FLAG_RESERVED);
}

/* Longest super-packet of the stack that stays whole in suite none. */
#define NTM_SUPER_SIZE	(0xffff - (u32)sizeof(struct ipv6hdr) - (u32)NTM_OVERHEAD)

/* How many segments of @wire bytes of UDP payload a super-packet has at most, perhaps none. */
static inline u32 ntm_super_segments(u32 wire)
{
	u32 headers = sizeof(struct ipv6hdr) + sizeof(struct udphdr);

	return min(NTM_SUPER_CHUNKS * (NTM_CHUNK_SIZE / wire), (0xffff - headers) / wire);
}

#endif /* _NTM_PROTO_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run at every load, which it refuses when something fails: the header and one
 * packet of each sealing suite against vectors that other implementations made
 * (test/vectors/module.json), and the replay window against a table and against
 * a naive second one.
 */
#include <linux/slab.h>
#include "dev.h"
#include "replay.h"
#include "seal.h"

#define NTM_VECTOR_SIZE		58
#define NTM_VECTOR_COUNTER	0x010203040506ULL
#define NTM_VECTOR_SIDE		1
#define NTM_VECTOR_EPOCH	2

static const u8 ntm_vector_plain[] __initconst = "NTMobile capsulated packet";

static const u8 ntm_vector_chacha[NTM_VECTOR_SIZE] __initconst = {
	0x80, 0x15, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06,
	0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
	0x62, 0x80, 0x1e, 0x79, 0xee, 0x52, 0xa5, 0x01,
	0x84, 0x0b, 0x40, 0x50, 0x50, 0x41, 0x50, 0x92,
	0x55, 0x58, 0x54, 0xd3, 0x4e, 0x06, 0xb1, 0xee,
	0x31, 0xe2, 0x49, 0xdd, 0x48, 0xa7, 0xab, 0x7a,
	0x11, 0x67, 0xd2, 0xf5, 0xab, 0x72, 0xfd, 0x59,
	0x27, 0x32,
};

static const u8 ntm_vector_aes[NTM_VECTOR_SIZE] __initconst = {
	0x80, 0x15, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06,
	0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
	0xfb, 0xb3, 0x32, 0x04, 0x14, 0xb5, 0x22, 0x56,
	0xb9, 0x26, 0xa7, 0x98, 0xb0, 0xdf, 0x01, 0x90,
	0x1f, 0x27, 0xd7, 0xa8, 0xff, 0x63, 0x47, 0x57,
	0x15, 0xcb, 0xcc, 0x42, 0xdd, 0xcb, 0x1c, 0x46,
	0x62, 0x43, 0x9a, 0x45, 0xc9, 0x2b, 0x5a, 0x56,
	0x7f, 0x1c,
};

static bool __init ntm_selftest_header(const struct ntm_header *header)
{
	return ntm_header_valid(header) && ntm_header_counter(header) == NTM_VECTOR_COUNTER &&
	       ntm_header_side(header) == NTM_VECTOR_SIDE &&
	       ntm_header_epoch(header) == NTM_VECTOR_EPOCH;
}

/* Return: whether @packet, of NTM_VECTOR_SIZE bytes, is sealed to @sealed and opened again. */
static bool __init ntm_selftest_packet(const struct ntm_key *key, u8 *packet, const u8 *sealed)
{
	const u8 flags = ntm_header_flags(NTM_VECTOR_SIDE, NTM_VECTOR_EPOCH);
	const size_t length = sizeof(ntm_vector_plain) - 1;
	struct ntm_header *header = (struct ntm_header *)packet;
	u8 *body = packet + sizeof(*header);

	ntm_header_write(header, flags, NTM_VECTOR_COUNTER, cpu_to_be64(0x1122334455667788ULL));
	if (!ntm_selftest_header(header))
		return false;
	ntm_seal(key, header, body, ntm_vector_plain, length);
	if (memcmp(packet, sealed, NTM_VECTOR_SIZE))
		return false;
	if (!ntm_unseal(key, header, body, length + NTM_TAG_SIZE) ||
	    memcmp(body, ntm_vector_plain, length))
		return false;
	memcpy(packet, sealed, NTM_VECTOR_SIZE);
	packet[3] ^= 1;
	return !ntm_unseal(key, header, body, length + NTM_TAG_SIZE);
}

/* The key is 0x80, 0x81 and so on, both ways. */
static bool __init ntm_selftest_suite(u8 suite, const u8 *sealed)
{
	struct ntm_key *key = kzalloc(sizeof(*key), GFP_KERNEL);
	u8 *packet = kmalloc(NTM_VECTOR_SIZE, GFP_KERNEL);
	u8 bytes[NTMOBILE_KEY_SIZE];
	bool ok = false;
	unsigned int i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = 0x80 + i;
	if (key && packet && !ntm_suite_begin(key, suite, bytes, bytes, NULL)) {
		local_bh_disable();
		ok = ntm_selftest_packet(key, packet, sealed);
		local_bh_enable();
		ntm_suite_end(key);
	}
	kfree(packet);
	kfree(key);
	return ok;
}

static bool __init ntm_selftest_seal(void)
{
	return ntm_selftest_suite(NTMOBILE_SUITE_CHACHA20_POLY1305, ntm_vector_chacha) &&
	       (!ntm_aes_available() ||
		ntm_selftest_suite(NTMOBILE_SUITE_AES_128_GCM, ntm_vector_aes));
}

/* Checks, and marks what was accepted. */
static bool __init ntm_selftest_accept(struct ntm_replay *replay, u64 counter)
{
	bool accepted = ntm_replay_check(replay, counter);

	if (accepted)
		ntm_replay_mark(replay, counter);
	return accepted;
}

struct ntm_replay_row {
	u64 counter;
	bool accepted;
};

static const struct ntm_replay_row ntm_replay_rows[] __initconst = {
	/*  0 */ { 0, true },
	/*  1 */ { 0, false },
	/*  2 */ { 1, true },
	/*  3 */ { 9, true },
	/*  4 */ { 8, true },
	/*  5 */ { 8, false },
	/*  6 */ { NTM_REPLAY_WINDOW - 1, true },
	/*  7 */ { 2, true },
	/*  8 */ { NTM_REPLAY_WINDOW + 2, true },
	/*  9 */ { 2, false },
	/* 10 */ { 3, true },
	/* 11 */ { 3 * NTM_REPLAY_WINDOW, true },
	/* 12 */ { NTM_REPLAY_WINDOW + 2, false },
	/* 13 */ { 2 * NTM_REPLAY_WINDOW, false },
	/* 14 */ { 2 * NTM_REPLAY_WINDOW + 1, true },
	/* 15 */ { (1ULL << NTM_COUNTER_BITS) - 1, true },
	/* 16 */ { (1ULL << NTM_COUNTER_BITS) - 1, false },
	/* 17 */ { (1ULL << NTM_COUNTER_BITS) - NTM_REPLAY_WINDOW, true },
	/* 18 */ { (1ULL << NTM_COUNTER_BITS) - NTM_REPLAY_WINDOW - 1, false },
};

static bool __init ntm_selftest_replay_rows(struct ntm_replay *replay)
{
	unsigned int i;

	memset(replay, 0, sizeof(*replay));
	for (i = 0; i < ARRAY_SIZE(ntm_replay_rows); i++)
		if (ntm_selftest_accept(replay, ntm_replay_rows[i].counter) !=
		    ntm_replay_rows[i].accepted)
			return false;
	return true;
}

/* Against one byte for every counter there can be. */
static bool __init ntm_selftest_replay_naive(struct ntm_replay *replay)
{
	const u32 range = 4 * NTM_REPLAY_WINDOW;
	u32 highest = 0, step = 0, i;
	bool any = false, ok = true;
	u8 *seen = kvzalloc(range, GFP_KERNEL);

	if (!seen)
		return false;
	memset(replay, 0, sizeof(*replay));
	for (i = 0; i < range && ok; i++) {
		u32 counter = min(range - 1, i / 2 + (step >> 18));
		bool expected = !seen[counter] &&
				(!any || counter + NTM_REPLAY_WINDOW > highest);

		ok = ntm_selftest_accept(replay, counter) == expected;
		if (expected) {
			seen[counter] = 1;
			highest = any ? max(highest, counter) : counter;
			any = true;
		}
		step = step * 1664525 + 1013904223;
	}
	kvfree(seen);
	return ok;
}

/* Return: 0, or -ENOTRECOVERABLE with a line in the log that says what failed. */
int __init ntm_selftest(void)
{
	struct ntm_replay *replay = kmalloc(sizeof(*replay), GFP_KERNEL);
	const char *failed = NULL;

	if (!replay)
		return -ENOMEM;
	if (!ntm_selftest_seal())
		failed = "header or seal";
	else if (!ntm_selftest_replay_rows(replay))
		failed = "replay window";
	else if (!ntm_selftest_replay_naive(replay))
		failed = "replay window against the naive one";
	kfree(replay);
	if (!failed)
		return 0;
	pr_err("ntmobile: self-test failed: %s\n", failed);
	return -ENOTRECOVERABLE;
}

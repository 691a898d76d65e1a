// SPDX-License-Identifier: Apache-2.0
/*
 * A TCG plugin that counts the instructions a guest executes between two marks, those of its kernel
 * by address. A mark is an eight-byte no-operation that the guest's program executes: 1 begins, 2 ends
 * and adds a paragraph to the file given with `out=`:
 *
 *     window NUMBER kernel COUNT user COUNT
 *     ADDRESS COUNT INSTRUCTIONS          a translated block, executed so often, of so many
 *
 * QEMU's Debian packages have no header of the plugin interface: what is used of it is declared here.
 * PLUGIN_API is its version: 1 in QEMU 4.2 to 8.2, 2 in QEMU 9.0, 3 from QEMU 9.1 on.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info {
	const char *target_name;
	struct { int min, cur; } version;
	bool system_emulation;
	struct { int smp_vcpus, max_vcpus; } system;
};
enum { INLINE_ADD_U64 = 0, CB_NO_REGS = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
	void (*translated)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
	void (*executed)(unsigned int cpu, void *data), int flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

__attribute__((visibility("default"))) int qemu_plugin_version = PLUGIN_API;

#if PLUGIN_API >= 2
struct counter {
	struct qemu_plugin_scoreboard *scoreboard;
	size_t offset;
};

struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t element_size);
uint64_t qemu_plugin_u64_sum(struct counter counter);
void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(struct qemu_plugin_tb *tb, int operation,
	struct counter counter, uint64_t amount);

static void make_counter(struct counter *counter)
{
	counter->scoreboard = qemu_plugin_scoreboard_new(sizeof(uint64_t));
}

static uint64_t counted(const struct counter *counter)
{
	return qemu_plugin_u64_sum(*counter);
}

static void count_runs(struct qemu_plugin_tb *tb, struct counter *counter, uint64_t amount)
{
	qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, INLINE_ADD_U64, *counter, amount);
}
#else
struct counter {
	uint64_t value;
};

void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int operation,
	void *counter, uint64_t amount);

static void make_counter(struct counter *counter)
{
	counter->value = 0;
}

static uint64_t counted(const struct counter *counter)
{
	return counter->value;
}

static void count_runs(struct qemu_plugin_tb *tb, struct counter *counter, uint64_t amount)
{
	qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64, &counter->value, amount);
}
#endif

#if PLUGIN_API >= 3
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *bytes, size_t size);

static void copy_insn(const struct qemu_plugin_insn *insn, void *bytes, size_t size)
{
	qemu_plugin_insn_data(insn, bytes, size);
}
#else
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);

static void copy_insn(const struct qemu_plugin_insn *insn, void *bytes, size_t size)
{
	memcpy(bytes, qemu_plugin_insn_data(insn), size);
}
#endif

/* A block of the kernel; the same address with another length is another block. */
struct block {
	uint64_t address, instructions, at_start;
	struct counter executed;
	struct block *next_in_bucket, *next;
};

enum { bucket_bits = 17 };
static struct block *buckets[1 << bucket_bits], *blocks;
static struct counter user;
static uint64_t user_at_start;
static unsigned int window;
static FILE *out;

static void begin_window(void)
{
	for (struct block *each = blocks; each; each = each->next)
		each->at_start = counted(&each->executed);
	user_at_start = counted(&user);
}

static uint64_t executed_in_window(const struct block *block)
{
	return counted(&block->executed) - block->at_start;
}

static void end_window(void)
{
	uint64_t kernel = 0;

	for (struct block *each = blocks; each; each = each->next)
		kernel += executed_in_window(each) * each->instructions;
	fprintf(out, "window %u kernel %llu user %llu\n", ++window, (unsigned long long)kernel,
		(unsigned long long)(counted(&user) - user_at_start));
	for (struct block *each = blocks; each; each = each->next)
		if (executed_in_window(each))
			fprintf(out, "%llx %llu %llu\n", (unsigned long long)each->address,
				(unsigned long long)executed_in_window(each),
				(unsigned long long)each->instructions);
	fflush(out);
}

static void at_mark(unsigned int cpu, void *data)
{
	(void)cpu;
	if (data)
		end_window();
	else
		begin_window();
}

static void watch_marks(struct qemu_plugin_tb *tb)
{
	static const uint8_t mark[] = { 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x4e, 0x54, 0x4d };
	size_t count = qemu_plugin_tb_n_insns(tb);

	for (size_t i = 0; i < count; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint8_t bytes[sizeof(mark)];
		uint8_t number;

		if (qemu_plugin_insn_size(insn) != sizeof(mark))
			continue;
		copy_insn(insn, bytes, sizeof(mark));
		number = bytes[4];
		bytes[4] = 0;
		if (!memcmp(bytes, mark, sizeof(mark)) && (number == 1 || number == 2))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, at_mark, CB_NO_REGS,
				(void *)(uintptr_t)(number - 1));
	}
}

static struct block *block_of(uint64_t address, uint64_t instructions)
{
	uint64_t hash = (address * 0x9e3779b97f4a7c15ull + instructions) >> (64 - bucket_bits);
	struct block *each;

	for (each = buckets[hash]; each; each = each->next_in_bucket)
		if (each->address == address && each->instructions == instructions)
			return each;
	each = calloc(1, sizeof(*each));
	if (!each)
		abort();
	each->address = address;
	each->instructions = instructions;
	make_counter(&each->executed);
	each->next_in_bucket = buckets[hash];
	buckets[hash] = each;
	each->next = blocks;
	blocks = each;
	return each;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	uint64_t address = qemu_plugin_tb_vaddr(tb), count = qemu_plugin_tb_n_insns(tb);

	(void)id;
	if (address >> 63) {
		count_runs(tb, &block_of(address, count)->executed, 1);
		return;
	}
	watch_marks(tb);
	count_runs(tb, &user, count);
}

__attribute__((visibility("default")))
int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "count-plugin: out=FILE is needed\n");
		return -1;
	}
	out = fopen(argv[0] + 4, "w");
	if (!out) {
		perror(argv[0] + 4);
		return -1;
	}
	make_counter(&user);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}

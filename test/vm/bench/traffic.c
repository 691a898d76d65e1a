// SPDX-License-Identifier: Apache-2.0
/*
 * A fixed amount of traffic between two network namespaces, between two marks that the counting
 * plugin sees. One process with one thread holds both ends: nothing is woken, nothing is scheduled.
 *
 *     traffic LABEL KIND FROM TO ADDRESS COUNT SIZE [OPTION]...
 *     traffic hold PORT...      holds UDP ports open as the daemon does, until it is killed
 *
 *     tcp     COUNT bytes; SIZE bytes a write
 *     udp     COUNT datagrams of SIZE bytes, 64 at a time
 *     burst   the same, 44 to a call (UDP_SEGMENT)
 *
 *     coalesce          the receiver takes what the kernel puts together (UDP_GRO)
 *     path=HEX          datagrams are Capsulated Packets of this path, side 0
 *     port=N from=N     the receiver's port, the sender's
 *     to=N              the port at ADDRESS, where it is not the receiver's
 *     turn=ADDRESS      ADDRESS is behind this TURN server; FROM binds a channel to it
 *
 * Output is a line "traffic LABEL KIND COUNT SIZE" or "failed LABEL KIND REASON".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MARK(number) \
	asm volatile(".byte 0x0f, 0x1f, 0x84, 0x00, " #number ", 0x4e, 0x54, 0x4d" ::: "memory")

enum { batch = 64, segments = 44, warm_up_batches = 4, warm_up_bytes = 4 << 20 };

static struct {
	const char *label, *kind, *address, *turn;
	uint64_t count, path;
	bool has_path, coalesce;
	size_t size;
	int port, from, to;
} given = { .port = 7777 };

static int sender, receiver;
static uint8_t buffer[1 << 17];
/* Bytes in front of the payload on the sender's side, and whether they are put there. */
static size_t front;

static void fail(const char *what)
{
	printf("failed %s %s %s: %s\n", given.label, given.kind, what, strerror(errno));
	exit(1);
}

static void check(long result, const char *what)
{
	if (result < 0)
		fail(what);
}

static void enter(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY);
	check(fd, path);
	check(setns(fd, CLONE_NEWNET), "setns");
	close(fd);
}

static struct sockaddr_in at(const char *address, int port)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons(port) };

	if (address && inet_pton(AF_INET, address, &name.sin_addr) != 1)
		fail(address);
	return name;
}

static void set(int fd, int level, int option, int value)
{
	check(setsockopt(fd, level, option, &value, sizeof(value)), "setsockopt");
}

static void put16(uint8_t *where, unsigned int value)
{
	where[0] = value >> 8;
	where[1] = value;
}

/* A STUN message (RFC 8489) with attributes of `length` bytes; the answer has to be a success. */
static void ask_turn(unsigned int method, const uint8_t *attributes, size_t length)
{
	uint8_t message[128] = { 0 }, answer[512];
	ssize_t got;

	put16(message, method);
	put16(message + 2, length);
	memcpy(message + 4, "\x21\x12\xa4\x42", 4);
	memcpy(message + 8, "ntm-benchmar", 12);
	memcpy(message + 20, attributes, length);
	check(send(sender, message, 20 + length, 0), "TURN request");
	got = recv(sender, answer, sizeof(answer), 0);
	check(got, "TURN answer");
	if (got < 20 || ((answer[0] << 8 | answer[1]) & 0x110) != 0x100) {
		errno = EPROTO;
		fail("TURN refusal");
	}
}

/* XOR-PEER-ADDRESS (RFC 8656) of the receiver. */
static void put_peer(uint8_t *where)
{
	struct sockaddr_in peer = at(given.address, given.port);

	put16(where, 0x0012);
	put16(where + 2, 8);
	put16(where + 4, 1);
	put16(where + 6, given.port ^ 0x2112);
	memcpy(where + 8, &peer.sin_addr, 4);
	for (int i = 0; i < 4; i++)
		where[8 + i] ^= "\x21\x12\xa4\x42"[i];
}

static void open_channel(void)
{
	uint8_t transport[8] = { 0x00, 0x19, 0, 4, 17 };
	uint8_t bind[20] = { 0x00, 0x0c, 0, 4, 0x40, 0x00 };

	ask_turn(0x0003, transport, sizeof(transport));
	put_peer(bind + 8);
	ask_turn(0x0009, bind, sizeof(bind));
	put16(buffer, 0x4000);
	put16(buffer + 2, given.size);
	front = 4;
}

/* Headers of Capsulated Packets at every place of the buffer a datagram begins. */
static void write_headers(void)
{
	for (size_t i = 0; i < segments; i++) {
		uint8_t *header = buffer + i * given.size;

		put16(header, 0x8010);
		for (int byte = 0; byte < 8; byte++)
			header[8 + byte] = given.path >> (8 * (7 - byte));
	}
}

static void open_ends(const char *from, const char *to)
{
	bool is_tcp = !strcmp(given.kind, "tcp");
	int type = is_tcp ? SOCK_STREAM : SOCK_DGRAM;
	struct sockaddr_in own = at(NULL, given.port), source = at(NULL, given.from), target;
	struct timeval limit = { .tv_sec = 20 };

	enter(to);
	receiver = socket(AF_INET, type, 0);
	set(receiver, SOL_SOCKET, SO_REUSEADDR, 1);
	set(receiver, SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20);
	if (given.coalesce)
		set(receiver, IPPROTO_UDP, UDP_GRO, 1);
	check(bind(receiver, (void *)&own, sizeof(own)), "bind");
	if (is_tcp)
		check(listen(receiver, 1), "listen");
	enter(from);
	sender = socket(AF_INET, type, 0);
	set(sender, SOL_SOCKET, SO_REUSEADDR, 1);
	set(sender, SOL_SOCKET, SO_SNDBUFFORCE, is_tcp ? 1 << 20 : 4 << 20);
	setsockopt(sender, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (given.from)
		check(bind(sender, (void *)&source, sizeof(source)), "bind");
	target = at(given.address, given.to ? given.to : given.port);
	if (given.turn)
		target = at(given.turn, 3478);
	check(connect(sender, (void *)&target, sizeof(target)), "connect");
	if (is_tcp)
		receiver = accept(receiver, NULL, NULL);
	check(receiver, "accept");
	setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (given.turn)
		open_channel();
	if (given.has_path)
		write_headers();
	if (!strcmp(given.kind, "burst"))
		set(sender, IPPROTO_UDP, UDP_SEGMENT, given.size);
}

static void move_datagrams(uint64_t count)
{
	size_t at_once = strcmp(given.kind, "burst") ? 1 : segments;

	for (uint64_t sent = 0; sent < count; sent += batch) {
		size_t owed = batch * given.size;

		for (size_t i = 0; i < batch; i += at_once) {
			size_t now = batch - i < at_once ? batch - i : at_once;

			check(send(sender, buffer, front + now * given.size, 0), "send");
		}
		while (owed) {
			static uint8_t sink[1 << 17];
			ssize_t got = recv(receiver, sink, sizeof(sink), 0);

			check(got, "receive");
			owed -= got;
		}
	}
}

static void move_stream(uint64_t count)
{
	static uint8_t sink[1 << 17];
	uint64_t written = 0, taken = 0;

	while (taken < count) {
		bool stuck = true;
		ssize_t now;

		while (written < count) {
			size_t size = count - written < given.size ? count - written : given.size;

			now = send(sender, buffer, size, MSG_DONTWAIT);
			if (now < 0)
				break;
			written += now;
		}
		while (taken < count) {
			now = recv(receiver, sink, sizeof(sink), MSG_DONTWAIT);
			if (now <= 0)
				break;
			taken += now;
			stuck = false;
		}
		if (stuck && taken < count) {
			struct pollfd ends[] = {
				{ .fd = receiver, .events = POLLIN },
				{ .fd = sender, .events = written < count ? POLLOUT : 0 },
			};

			if (poll(ends, 2, 20000) <= 0)
				fail("silence");
		}
	}
}

static void hold(int count, char **ports)
{
	for (int i = 0; i < count; i++) {
		struct sockaddr_in own = at(NULL, atoi(ports[i]));
		int fd = socket(AF_INET, SOCK_DGRAM, 0);

		check(bind(fd, (void *)&own, sizeof(own)), "bind");
		set(fd, IPPROTO_UDP, UDP_GRO, 1);
	}
	pause();
}

static void take_option(const char *option)
{
	const char *value = strchr(option, '=');

	value = value ? value + 1 : "";
	if (!strcmp(option, "coalesce")) {
		given.coalesce = true;
	} else if (!strncmp(option, "path=", 5)) {
		given.path = strtoull(value, NULL, 16);
		given.has_path = true;
	} else if (!strncmp(option, "port=", 5)) {
		given.port = atoi(value);
	} else if (!strncmp(option, "from=", 5)) {
		given.from = atoi(value);
	} else if (!strncmp(option, "to=", 3)) {
		given.to = atoi(value);
	} else if (!strncmp(option, "turn=", 5)) {
		given.turn = value;
	} else {
		errno = EINVAL;
		fail(option);
	}
}

int main(int argc, char **argv)
{
	void (*move)(uint64_t count) = move_datagrams;
	uint64_t warm_up = warm_up_batches * batch;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 2 && !strcmp(argv[1], "hold"))
		hold(argc - 2, argv + 2);
	if (argc < 8)
		return 2;
	given.label = argv[1];
	given.kind = argv[2];
	given.address = argv[5];
	given.count = strtoull(argv[6], NULL, 10);
	given.size = strtoul(argv[7], NULL, 10);
	for (int i = 8; i < argc; i++)
		take_option(argv[i]);
	open_ends(argv[3], argv[4]);
	if (!strcmp(given.kind, "tcp")) {
		move = move_stream;
		warm_up = warm_up_bytes;
	}
	/* Congestion window, neighbours, routes, connection tracking, slabs. */
	move(warm_up);
	usleep(50000);
	MARK(1);
	move(given.count);
	MARK(2);
	printf("traffic %s %s %llu %zu\n", given.label, given.kind,
	       (unsigned long long)given.count, given.size);
	return 0;
}

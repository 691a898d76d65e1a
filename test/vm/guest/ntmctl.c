// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tiny driver of the module's netlink interface, for the module's own tests
 * without a daemon.
 *
 *     ntmctl COMMAND DEVICE [NAME=VALUE | FLAG]...
 *     ntmctl COMMAND DEVICE repeat=COUNT path-id=...    for so many Path IDs, counted up
 *     ntmctl watch FILE        appends every notice as a line, until killed
 *
 * Names are those of ntmobile.yaml. An endpoint is 192.0.2.1:4649 or
 * [2001:db8::1]:4649; a route is an endpoint, perhaps with ,local=ADDRESS or ,mark=NUMBER
 * or ,uplink=INDEX behind it; unverified is BYTES,MS[,ENDPOINT];
 * a Path ID and a key are hexadecimal. Answers are lines of NAME=VALUE. A
 * refusal is the kernel's sentence and exit status 1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "ntmobile.h"

enum kind { FLAG, U8, U32, U64, PORT, ID, KEY, IP4, ADDRESS, ENDPOINT, ROUTE, UNVERIFIED, DROPS };

static const struct { const char *name; int type; enum kind kind; } attributes[] = {
	{ "port", NTMOBILE_A_PORT, PORT },
	{ "path-id", NTMOBILE_A_PATH_ID, ID },
	{ "side", NTMOBILE_A_SIDE, U8 },
	{ "kind", NTMOBILE_A_KIND, U8 },
	{ "address", NTMOBILE_A_ADDRESS, ADDRESS },
	{ "global-only", NTMOBILE_A_GLOBAL_ONLY, FLAG },
	{ "idle-ms", NTMOBILE_A_IDLE_MS, U32 },
	{ "mtu", NTMOBILE_A_MTU, U32 },
	{ "route", NTMOBILE_A_ROUTE, ROUTE },
	{ "also", NTMOBILE_A_ALSO, ROUTE },
	{ "also-ms", NTMOBILE_A_ALSO_MS, U32 },
	{ "relayed", NTMOBILE_A_RELAYED, FLAG },
	{ "unverified", NTMOBILE_A_UNVERIFIED, UNVERIFIED },
	{ "relay", NTMOBILE_A_RELAY, ENDPOINT },
	{ "epoch", NTMOBILE_A_EPOCH, U8 },
	{ "send-key", NTMOBILE_A_SEND_KEY, KEY },
	{ "receive-key", NTMOBILE_A_RECEIVE_KEY, KEY },
	{ "endpoint", NTMOBILE_A_ENDPOINT, ENDPOINT },
	{ "uplink", NTMOBILE_A_UPLINK, U32 },
	{ "destination", NTMOBILE_A_DESTINATION, ADDRESS },
	{ "length", NTMOBILE_A_LENGTH, U32 },
	{ "sent-packets", NTMOBILE_A_SENT_PACKETS, U64 },
	{ "sent-bytes", NTMOBILE_A_SENT_BYTES, U64 },
	{ "received-packets", NTMOBILE_A_RECEIVED_PACKETS, U64 },
	{ "received-bytes", NTMOBILE_A_RECEIVED_BYTES, U64 },
	{ "lost-packets", NTMOBILE_A_LOST_PACKETS, U64 },
	{ "sent-ago-ms", NTMOBILE_A_SENT_AGO_MS, U64 },
	{ "received-ago-ms", NTMOBILE_A_RECEIVED_AGO_MS, U64 },
	{ "forwarded-packets", NTMOBILE_A_FORWARDED_PACKETS, U64 },
	{ "forwarded-bytes", NTMOBILE_A_FORWARDED_BYTES, U64 },
	{ "path-count", NTMOBILE_A_PATH_COUNT, U32 },
	{ "relay-count", NTMOBILE_A_RELAY_COUNT, U32 },
	{ "suite", NTMOBILE_A_SUITE, U8 },
	{ "suites", NTMOBILE_A_SUITES, U8 },
	{ "alias4", NTMOBILE_A_ALIAS4, IP4 },
	{ "peer4", NTMOBILE_A_PEER4, IP4 },
	{ "hold-ms", NTMOBILE_A_HOLD_MS, U32 },
	{ "lost-before", NTMOBILE_A_LOST_BEFORE, U64 },
	{ "drops", NTMOBILE_A_DROPS, DROPS },
};

static const char * const commands[] = {
	[NTMOBILE_CMD_DEV_GET] = "dev-get", [NTMOBILE_CMD_DEV_SET] = "dev-set",
	[NTMOBILE_CMD_PATH_NEW] = "path-new", [NTMOBILE_CMD_PATH_SET] = "path-set",
	[NTMOBILE_CMD_PATH_DEL] = "path-del", [NTMOBILE_CMD_PATH_GET] = "path-get",
	[NTMOBILE_CMD_KEY_SET] = "key-set", [NTMOBILE_CMD_KEY_USE] = "key-use",
	[NTMOBILE_CMD_KEY_DEL] = "key-del", [NTMOBILE_CMD_RELAY_NEW] = "relay-new",
	[NTMOBILE_CMD_RELAY_LEG] = "relay-leg", [NTMOBILE_CMD_RELAY_DEL] = "relay-del",
	[NTMOBILE_CMD_RELAY_GET] = "relay-get", [NTMOBILE_CMD_FLUSH] = "flush",
	[NTMOBILE_CMD_NO_PATH_NTF] = "no-path", [NTMOBILE_CMD_MOVED_NTF] = "moved",
	[NTMOBILE_CMD_SILENT_NTF] = "silent", [NTMOBILE_CMD_FIRST_PACKET_NTF] = "first-packet",
	[NTMOBILE_CMD_RESUMED_NTF] = "resumed", [NTMOBILE_CMD_KEY_WANTED_NTF] = "key-wanted",
	[NTMOBILE_CMD_IDLE_NTF] = "idle", [NTMOBILE_CMD_WRONG_SOURCE_NTF] = "wrong-source",
};

static const char * const drops[] = {
	[NTMOBILE_A_DROP_MALFORMED] = "malformed", [NTMOBILE_A_DROP_WRONG_SIDE] = "wrong-side",
	[NTMOBILE_A_DROP_WRONG_EPOCH] = "wrong-epoch",
	[NTMOBILE_A_DROP_WRONG_SOURCE] = "wrong-source",
	[NTMOBILE_A_DROP_REPLAYED] = "replayed", [NTMOBILE_A_DROP_BAD_SEAL] = "bad-seal",
	[NTMOBILE_A_DROP_BAD_INNER_SOURCE] = "bad-inner-source",
	[NTMOBILE_A_DROP_REFUSED] = "refused", [NTMOBILE_A_DROP_UNKNOWN_KEY] = "unknown-key",
	[NTMOBILE_A_DROP_NO_PATH] = "no-path", [NTMOBILE_A_DROP_NO_ROUTE] = "no-route",
	[NTMOBILE_A_DROP_LOOP] = "loop", [NTMOBILE_A_DROP_TOO_BIG] = "too-big",
	[NTMOBILE_A_DROP_TTL_EXCEEDED] = "ttl-exceeded",
	[NTMOBILE_A_DROP_BAD_CHECKSUM] = "bad-checksum",
	[NTMOBILE_A_DROP_NOT_UNICAST] = "not-unicast", [NTMOBILE_A_DROP_NO_MEMORY] = "no-memory",
};

struct message {
	struct nlmsghdr header;
	struct genlmsghdr command;
	uint8_t body[4096];
};

#define LENGTH(array) ((int)(sizeof(array) / sizeof(*(array))))

static int sock;

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "ntmctl: %s: %s\n", what, why);
	exit(1);
}

/* Return: the attribute's header, whose length grows with what is put behind it. */
static struct nlattr *put(struct message *msg, int type, const void *value, size_t length)
{
	struct nlattr *attr = (struct nlattr *)((char *)msg + NLMSG_ALIGN(msg->header.nlmsg_len));

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + length;
	if (length)
		memcpy((char *)attr + NLA_HDRLEN, value, length);
	msg->header.nlmsg_len = (char *)attr - (char *)msg + NLA_ALIGN(attr->nla_len);
	return attr;
}

static struct nlattr *nest(struct message *msg, int type)
{
	return put(msg, type | NLA_F_NESTED, NULL, 0);
}

static void end(struct message *msg, struct nlattr *attr)
{
	attr->nla_len = (char *)msg + msg->header.nlmsg_len - (char *)attr;
}

static void put_ip(struct message *msg, const char *text)
{
	uint8_t ip[16];

	if (inet_pton(AF_INET, text, ip) == 1)
		put(msg, NTMOBILE_A_ADDRESS_IPV4, ip, 4);
	else if (inet_pton(AF_INET6, text, ip) == 1)
		put(msg, NTMOBILE_A_ADDRESS_IPV6, ip, 16);
	else
		fail(text, "no IP address");
}

static void put_endpoint(struct message *msg, int type, const char *text)
{
	struct nlattr *attr = nest(msg, type);
	char ip[64], *colon;
	uint16_t port;

	snprintf(ip, sizeof(ip), "%s", text + (*text == '['));
	colon = strrchr(ip, ':');
	if (!colon)
		fail(text, "no endpoint");
	port = htons(atoi(colon + 1));
	colon[*text == '[' ? -1 : 0] = 0;
	put_ip(msg, ip);
	put(msg, NTMOBILE_A_ENDPOINT_PORT, &port, 2);
	end(msg, attr);
}

static void put_unverified(struct message *msg, char *text)
{
	struct nlattr *attr = nest(msg, NTMOBILE_A_UNVERIFIED);
	uint32_t budget = strtoul(text, &text, 10);
	uint32_t ms = strtoul(text + 1, &text, 10);

	put(msg, NTMOBILE_A_UNVERIFIED_BUDGET, &budget, 4);
	put(msg, NTMOBILE_A_UNVERIFIED_MS, &ms, 4);
	if (*text)
		put_endpoint(msg, NTMOBILE_A_UNVERIFIED_FALLBACK, text + 1);
	end(msg, attr);
}

static void put_route(struct message *msg, int type, char *value)
{
	struct nlattr *attr = nest(msg, type), *local;
	char *part = strchr(value, ',');
	uint32_t number;

	if (part)
		*part++ = 0;
	put_endpoint(msg, NTMOBILE_A_ROUTE_REMOTE, value);
	if (part && !strncmp(part, "local=", 6)) {
		local = nest(msg, NTMOBILE_A_ROUTE_LOCAL);
		put_ip(msg, part + 6);
		end(msg, local);
	} else if (part && sscanf(part, "mark=%u", &number) == 1) {
		put(msg, NTMOBILE_A_ROUTE_MARK, &number, 4);
	} else if (part && sscanf(part, "uplink=%u", &number) == 1) {
		put(msg, NTMOBILE_A_ROUTE_UPLINK, &number, 4);
	} else if (part) {
		fail(part, "no part of a route");
	}
	end(msg, attr);
}

static void put_hex(struct message *msg, int type, const char *text, size_t size)
{
	uint8_t bytes[64];
	size_t i;

	if (strlen(text) != 2 * size)
		fail(text, "wrong number of hexadecimal digits");
	for (i = 0; i < size; i++)
		sscanf(text + 2 * i, "%2hhx", &bytes[i]);
	put(msg, type, bytes, size);
}

static void put_value(struct message *msg, int type, enum kind kind, char *value)
{
	uint32_t number = strtoul(value, NULL, 0);
	struct nlattr *attr;
	uint16_t port = htons(number);
	uint8_t byte = number, ip[4];

	switch (kind) {
	case FLAG: put(msg, type, NULL, 0); break;
	case U8: put(msg, type, &byte, 1); break;
	case U32: put(msg, type, &number, 4); break;
	case PORT: put(msg, type, &port, 2); break;
	case ID: put_hex(msg, type, value, 8); break;
	case KEY: put_hex(msg, type, value, NTMOBILE_KEY_SIZE); break;
	case ENDPOINT: put_endpoint(msg, type, value); break;
	case UNVERIFIED: put_unverified(msg, value); break;
	case ADDRESS:
		attr = nest(msg, type);
		put_ip(msg, value);
		end(msg, attr);
		break;
	case IP4:
		if (inet_pton(AF_INET, value, ip) != 1)
			fail(value, "no IPv4 address");
		put(msg, type, ip, 4);
		break;
	case ROUTE: put_route(msg, type, value); break;
	default: fail(value, "not an attribute of a command");
	}
}

static void put_argument(struct message *msg, char *argument)
{
	char *value = strchr(argument, '=');
	int i;

	if (value)
		*value++ = 0;
	for (i = 0; i < LENGTH(attributes); i++)
		if (!strcmp(attributes[i].name, argument)) {
			put_value(msg, attributes[i].type, attributes[i].kind, value ? value : "");
			return;
		}
	fail(argument, "no such attribute");
}

#define for_each_attr(attr, start, length)						\
	for (attr = (void *)(start);						\
	     (const char *)attr + NLA_HDRLEN <= (const char *)(start) + (length);	\
	     attr = (void *)((char *)attr + NLA_ALIGN(attr->nla_len)))

static void print_ip(FILE *out, const struct nlattr *nested)
{
	const char *value = (const char *)nested + NLA_HDRLEN;
	const struct nlattr *attr;
	char text[64] = "";
	uint16_t port = 0;

	for_each_attr(attr, value, nested->nla_len - NLA_HDRLEN) {
		const char *bytes = (const char *)attr + NLA_HDRLEN;

		if (attr->nla_type == NTMOBILE_A_ENDPOINT_PORT)
			memcpy(&port, bytes, 2);
		else
			inet_ntop(attr->nla_type == NTMOBILE_A_ADDRESS_IPV4 ? AF_INET : AF_INET6,
				  bytes, text, sizeof(text));
	}
	if (port)
		fprintf(out, strchr(text, ':') ? "[%s]:%u" : "%s:%u", text, ntohs(port));
	else
		fputs(text, out);
}

static void print_drops(FILE *out, const struct nlattr *nested)
{
	const char *value = (const char *)nested + NLA_HDRLEN, *comma = "";
	const struct nlattr *attr;
	uint64_t count;

	for_each_attr(attr, value, nested->nla_len - NLA_HDRLEN) {
		if (attr->nla_type == NTMOBILE_A_DROP_PAD)
			continue;
		memcpy(&count, (const char *)attr + NLA_HDRLEN, 8);
		fprintf(out, "%s%s:%llu", comma, drops[attr->nla_type], (unsigned long long)count);
		comma = ",";
	}
}

static void print_value(FILE *out, const struct nlattr *attr, enum kind kind)
{
	const uint8_t *bytes = (const uint8_t *)attr + NLA_HDRLEN;
	uint64_t wide = 0;
	uint32_t number = 0;
	int i;

	switch (kind) {
	case U8: fprintf(out, "%u", *bytes); break;
	case PORT: fprintf(out, "%u", bytes[0] << 8 | bytes[1]); break;
	case U32: memcpy(&number, bytes, 4); fprintf(out, "%u", number); break;
	case U64: memcpy(&wide, bytes, 8); fprintf(out, "%llu", (unsigned long long)wide); break;
	case ID:
		for (i = 0; i < 8; i++)
			fprintf(out, "%02x", bytes[i]);
		break;
	case ADDRESS:
	case ENDPOINT: print_ip(out, attr); break;
	case DROPS: print_drops(out, attr); break;
	default: break;
	}
}

static void print_message(FILE *out, const struct message *msg)
{
	const struct nlattr *attr;
	int i;

	fputs(commands[msg->command.cmd], out);
	for_each_attr(attr, msg->body, msg->header.nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN)
		for (i = 0; i < LENGTH(attributes); i++)
			if (attributes[i].type == (attr->nla_type & NLA_TYPE_MASK)) {
				fprintf(out, " %s=", attributes[i].name);
				print_value(out, attr, attributes[i].kind);
			}
	fputc('\n', out);
	fflush(out);
}

static void refuse(const struct nlmsghdr *header)
{
	const struct nlmsgerr *error = NLMSG_DATA(header);
	const char *sentence = strerror(-error->error);
	const struct nlattr *attr;
	const char *start = (const char *)(error + 1);

	if (!(header->nlmsg_flags & NLM_F_CAPPED))
		start += error->msg.nlmsg_len - sizeof(error->msg);
	if (header->nlmsg_flags & NLM_F_ACK_TLVS)
		for_each_attr(attr, start, (const char *)header + header->nlmsg_len - start)
			if (attr->nla_type == NLMSGERR_ATTR_MSG)
				sentence = (const char *)attr + NLA_HDRLEN;
	fail("refused", sentence);
}

/* Sends, and gives every answer to @take until the acknowledgement or the end of a dump. */
static void ask(struct message *msg, void (*take)(const struct message *answer))
{
	static char buffer[65536];
	struct nlmsghdr *header;
	ssize_t length;

	msg->header.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	if (send(sock, msg, msg->header.nlmsg_len, 0) < 0)
		fail("send", strerror(errno));
	while ((length = recv(sock, buffer, sizeof(buffer), 0)) > 0)
		for (header = (void *)buffer; NLMSG_OK(header, length);
		     header = NLMSG_NEXT(header, length)) {
			if (header->nlmsg_type == NLMSG_DONE)
				return;
			if (header->nlmsg_type != NLMSG_ERROR) {
				take((struct message *)header);
				continue;
			}
			if (((struct nlmsgerr *)NLMSG_DATA(header))->error)
				refuse(header);
			return;
		}
	fail("receive", strerror(errno));
}

static int family, group;

static void take_family(const struct message *answer)
{
	const struct nlattr *attr, *each, *part;

	for_each_attr(attr, answer->body, answer->header.nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN) {
		const char *value = (const char *)attr + NLA_HDRLEN;

		if (attr->nla_type == CTRL_ATTR_FAMILY_ID)
			family = *(const uint16_t *)value;
		if ((attr->nla_type & NLA_TYPE_MASK) != CTRL_ATTR_MCAST_GROUPS)
			continue;
		for_each_attr(each, value, attr->nla_len - NLA_HDRLEN)
			for_each_attr(part, (const char *)each + NLA_HDRLEN,
				      each->nla_len - NLA_HDRLEN)
				if (part->nla_type == CTRL_ATTR_MCAST_GRP_ID)
					group = *(const uint32_t *)((const char *)part + NLA_HDRLEN);
	}
}

static void begin(struct message *msg, int type, int command)
{
	memset(msg, 0, sizeof(*msg));
	msg->header.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN;
	msg->header.nlmsg_type = type;
	msg->command.cmd = command;
	msg->command.version = 1;
}

static void connect_family(void)
{
	struct message msg;
	int on = 1;

	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (sock < 0)
		fail("socket", strerror(errno));
	setsockopt(sock, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(sock, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	begin(&msg, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	put(&msg, CTRL_ATTR_FAMILY_NAME, NTMOBILE_FAMILY_NAME, sizeof(NTMOBILE_FAMILY_NAME));
	ask(&msg, take_family);
}

static void watch(const char *file)
{
	static char buffer[65536];
	struct nlmsghdr *header;
	FILE *out = fopen(file, "a");
	ssize_t length;

	if (!out || setsockopt(sock, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		fail("watch", strerror(errno));
	fputs("watching\n", out);
	fflush(out);
	while ((length = recv(sock, buffer, sizeof(buffer), 0)) > 0)
		for (header = (void *)buffer; NLMSG_OK(header, length);
		     header = NLMSG_NEXT(header, length))
			print_message(out, (struct message *)header);
}

static void take_answer(const struct message *answer)
{
	print_message(stdout, answer);
}

/* The same command for @count Path IDs, of which the message's is the first. */
static void repeat(struct message *msg, uint32_t count)
{
	struct message each;
	struct nlattr *attr;
	uint32_t i, low;

	for (i = 0; i < count; i++) {
		each = *msg;
		for_each_attr(attr, each.body, each.header.nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN)
			if (attr->nla_type == NTMOBILE_A_PATH_ID) {
				low = htonl(i);
				memcpy((char *)attr + NLA_HDRLEN + 4, &low, 4);
			}
		ask(&each, take_answer);
	}
}

int main(int argc, char **argv)
{
	struct message msg;
	bool is_dump;
	uint32_t ifindex, count = 1;
	int i, command = 0;

	if (argc < 3)
		fail("usage", "ntmctl COMMAND DEVICE [NAME=VALUE | FLAG]...");
	connect_family();
	if (!strcmp(argv[1], "watch")) {
		watch(argv[2]);
		return 1;
	}
	for (i = 1; i < LENGTH(commands); i++)
		if (!strcmp(commands[i], argv[1]))
			command = i;
	if (!command)
		fail(argv[1], "no such command");
	is_dump = argc == 3 && strstr(argv[1], "-get") && strcmp(argv[1], "dev-get");
	begin(&msg, family, command);
	ifindex = if_nametoindex(argv[2]);
	if (!ifindex)
		fail(argv[2], "no such device");
	put(&msg, NTMOBILE_A_IFINDEX, &ifindex, 4);
	for (i = 3; i < argc; i++)
		if (sscanf(argv[i], "repeat=%u", &count) != 1)
			put_argument(&msg, argv[i]);
	if (is_dump)
		msg.header.nlmsg_flags |= NLM_F_DUMP;
	if (count == 1)
		ask(&msg, take_answer);
	else
		repeat(&msg, count);
	return 0;
}

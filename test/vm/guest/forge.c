// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends one Capsulated Packet that is wrong in some way, from UDP port 4649 to the same
 * port, by a raw IPv4 socket.
 *
 *     forge SOURCE DESTINATION PATH-ID [NAME=VALUE]...
 *
 * side, epoch, type and counter are numbers of the header; flags is bits to set besides.
 * text is the body and sealed the number of bytes of rubbish behind it. cut leaves that
 * many bytes of the datagram. checksum is good, bad or zero. offset makes it a fragment
 * at so many bytes, more=1 one with others to come. udp adds to the length in the UDP
 * header. file appends the body to that file instead of sending anything.
 */
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { PORT = 4649, ROOM = 9000 };

struct packet {
	struct iphdr ip;
	struct udphdr udp;
	uint8_t body[ROOM];
} __attribute__((packed));

static const char *option(char **argv, const char *name, const char *otherwise)
{
	size_t length = strlen(name);

	for (; *argv; argv++)
		if (!strncmp(*argv, name, length) && (*argv)[length] == '=')
			return *argv + length + 1;
	return otherwise;
}

static unsigned long number(char **argv, const char *name, const char *otherwise)
{
	return strtoul(option(argv, name, otherwise), NULL, 0);
}

static uint16_t checksum(const struct packet *packet, size_t length)
{
	const uint8_t *bytes = (const uint8_t *)&packet->udp;
	const uint8_t *addresses = (const uint8_t *)&packet->ip.saddr;
	uint32_t sum = IPPROTO_UDP + length;
	size_t i;

	for (i = 0; i < 8; i += 2)
		sum += addresses[i] << 8 | addresses[i + 1];
	for (i = 0; i < length; i++)
		sum += i & 1 ? bytes[i] : bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum & 0xffff ? ~sum & 0xffff : 0xffff);
}

static size_t write_body(uint8_t *to, uint64_t id, char **argv)
{
	const char *text = option(argv, "text", "");
	unsigned long counter = number(argv, "counter", "0");
	size_t length = 16, i;

	to[0] = number(argv, "type", "0x80");
	to[1] = 0x10 | number(argv, "flags", "0") | number(argv, "side", "0") |
		number(argv, "epoch", "0") << 1;
	for (i = 0; i < 6; i++)
		to[2 + i] = (uint64_t)counter >> (40 - 8 * i);
	for (i = 0; i < 8; i++)
		to[8 + i] = id >> (56 - 8 * i);
	memcpy(to + length, text, strlen(text));
	length += strlen(text);
	memset(to + length, 0x5a, number(argv, "sealed", "0"));
	return length + number(argv, "sealed", "0");
}

int main(int argc, char **argv)
{
	static struct packet packet;
	struct sockaddr_in to = { .sin_family = AF_INET };
	const char *wanted;
	size_t length;
	int sock;

	if (argc < 4 || inet_pton(AF_INET, argv[1], &packet.ip.saddr) != 1 ||
	    inet_pton(AF_INET, argv[2], &to.sin_addr) != 1 || number(argv, "sealed", "0") > 8000)
		return 2;
	packet.ip.daddr = to.sin_addr.s_addr;
	wanted = option(argv + 4, "file", NULL);
	length = sizeof(packet.udp) + write_body(packet.body, strtoull(argv[3], NULL, 16), argv + 4);
	if (wanted) {
		FILE *file = fopen(wanted, "a");

		return !file || !fwrite(packet.body, length - sizeof(packet.udp), 1, file) ||
		       fclose(file);
	}
	length = number(argv + 4, "cut", "9000") < length ? number(argv + 4, "cut", "0") : length;
	packet.udp.source = packet.udp.dest = htons(PORT);
	packet.udp.len = htons(length + number(argv + 4, "udp", "0"));
	wanted = option(argv + 4, "checksum", "good");
	if (strcmp(wanted, "zero"))
		packet.udp.check = checksum(&packet, length);
	if (!strcmp(wanted, "bad"))
		packet.udp.check ^= htons(0x0100);
	packet.ip.version = 4;
	packet.ip.ihl = 5;
	packet.ip.ttl = 64;
	packet.ip.protocol = IPPROTO_UDP;
	packet.ip.id = htons(77);
	packet.ip.frag_off = htons(number(argv + 4, "offset", "0") / 8 |
				   (number(argv + 4, "more", "0") ? 0x2000 : 0));
	sock = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	if (sendto(sock, &packet, sizeof(packet.ip) + length, 0, (struct sockaddr *)&to,
		   sizeof(to)) < 0) {
		perror("forge");
		return 1;
	}
	return 0;
}

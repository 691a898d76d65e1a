// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends ten datagrams as one super-packet (UDP_SEGMENT), from UDP port 4649 to the same port of an IPv4
 * address: Capsulated Packets of a Path ID with nothing sealed in them, but for the fourth, whose type is
 * another one. With a second Path ID, control messages instead, of one path and the other in turn.
 *
 *     burst PATH-ID ADDRESS [PATH-ID]
 */
#include <arpa/inet.h>
#include <linux/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { COUNT = 10, LENGTH = 100, ODD = 3, PORT = 4649 };

int main(int argc, char **argv)
{
	static uint8_t bytes[COUNT][LENGTH];
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct sockaddr_in to = own;
	int sock = socket(AF_INET, SOCK_DGRAM, 0);
	int segment = LENGTH, i, k;
	uint64_t ids[2];

	if (argc < 3 || inet_pton(AF_INET, argv[2], &to.sin_addr) != 1)
		return 2;
	ids[0] = strtoull(argv[1], NULL, 16);
	ids[1] = argc > 3 ? strtoull(argv[3], NULL, 16) : ids[0];
	for (i = 0; i < COUNT; i++) {
		bytes[i][0] = i == ODD || argc > 3 ? 0x01 : 0x80;
		bytes[i][1] = 0x10 | 1;
		bytes[i][7] = i;
		for (k = 0; k < 8; k++)
			bytes[i][8 + k] = ids[i % 2] >> (56 - 8 * k);
	}
	if (bind(sock, (struct sockaddr *)&own, sizeof(own)) ||
	    setsockopt(sock, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment)) ||
	    sendto(sock, bytes, sizeof(bytes), 0, (struct sockaddr *)&to, sizeof(to)) < 0) {
		perror("burst");
		return 1;
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands for the daemon's UDP socket with UDP_GRO, and counts what it gets.
 *
 *     sink PORT FILE      to FILE: "ready", then for every datagram its length and first byte
 */
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

int main(int argc, char **argv)
{
	struct sockaddr_in6 own = { .sin6_family = AF_INET6 };
	static unsigned char bytes[65536];
	int sock = socket(AF_INET6, SOCK_DGRAM, 0), on = 1;
	ssize_t length;
	FILE *out;

	if (argc != 3)
		return 2;
	own.sin6_port = htons(atoi(argv[1]));
	out = fopen(argv[2], "w");
	if (!out || setsockopt(sock, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)) ||
	    bind(sock, (struct sockaddr *)&own, sizeof(own))) {
		perror("sink");
		return 1;
	}
	fputs("ready\n", out);
	fflush(out);
	while ((length = recv(sock, bytes, sizeof(bytes), 0)) >= 0) {
		fprintf(out, "%zd %02x\n", length, bytes[0]);
		fflush(out);
	}
	return 1;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pours a file into a TCP connection, or what comes by one into a file.
 *
 *     pour from PORT FILE            waits for a connection and writes what comes to FILE
 *     pour to ADDRESS PORT FILE      sends FILE from memory, 256 KiB at a time
 *     pour sendfile ADDRESS PORT FILE    sends FILE's own pages
 *     pour splice ADDRESS PORT FILE  sends FILE's own pages as UDP datagrams of 1,000 bytes
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 256 * 1024, DATAGRAM = 1000 };

static char chunk[CHUNK];

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static socklen_t endpoint(struct sockaddr_storage *to, const char *address, int port)
{
	struct sockaddr_in6 *ip6 = (void *)to;
	struct sockaddr_in *ip4 = (void *)to;

	memset(to, 0, sizeof(*to));
	if (inet_pton(AF_INET, address, &ip4->sin_addr) == 1) {
		ip4->sin_family = AF_INET;
		ip4->sin_port = htons(port);
		return sizeof(*ip4);
	}
	if (inet_pton(AF_INET6, address, &ip6->sin6_addr) != 1)
		fail(address);
	ip6->sin6_family = AF_INET6;
	ip6->sin6_port = htons(port);
	return sizeof(*ip6);
}

static int connected(const char *address, int port, int type)
{
	struct sockaddr_storage to;
	socklen_t length = endpoint(&to, address, port);
	int sock = socket(to.ss_family, type, 0);

	if (sock < 0 || connect(sock, (struct sockaddr *)&to, length))
		fail("connect");
	return sock;
}

static void receive(int port, const char *file)
{
	struct sockaddr_storage own;
	socklen_t length = endpoint(&own, "::", port);
	int listener = socket(AF_INET6, SOCK_STREAM, 0), on = 1, sock, out;
	ssize_t got;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&own, length) || listen(listener, 1))
		fail("listen");
	out = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	sock = accept(listener, NULL, NULL);
	if (out < 0 || sock < 0)
		fail("accept");
	while ((got = read(sock, chunk, sizeof(chunk))) > 0)
		if (write(out, chunk, got) != got)
			fail("write");
	if (got < 0)
		fail("read");
}

static void from_memory(int sock, int in)
{
	ssize_t got, sent;

	while ((got = read(in, chunk, sizeof(chunk))) > 0)
		for (ssize_t at = 0; at < got; at += sent) {
			sent = write(sock, chunk + at, got - at);
			if (sent < 0)
				fail("write");
		}
}

static void from_pages(int sock, int in)
{
	ssize_t sent;

	while ((sent = sendfile(sock, in, NULL, CHUNK)) > 0)
		;
	if (sent < 0)
		fail("sendfile");
}

static void spliced(int sock, int in)
{
	struct stat file;
	int ends[2];

	if (pipe(ends) || fstat(in, &file))
		fail("pipe");
	for (off_t at = 0; at + DATAGRAM <= file.st_size; at += DATAGRAM)
		if (splice(in, NULL, ends[1], NULL, DATAGRAM, 0) != DATAGRAM ||
		    splice(ends[0], NULL, sock, NULL, DATAGRAM, 0) != DATAGRAM)
			fail("splice");
}

int main(int argc, char **argv)
{
	int sock, in;

	if (argc == 4 && !strcmp(argv[1], "from")) {
		receive(atoi(argv[2]), argv[3]);
		return 0;
	}
	if (argc != 5)
		return 2;
	in = open(argv[4], O_RDONLY);
	if (in < 0)
		fail(argv[4]);
	sock = connected(argv[2], atoi(argv[3]),
			 strcmp(argv[1], "splice") ? SOCK_STREAM : SOCK_DGRAM);
	if (!strcmp(argv[1], "splice"))
		spliced(sock, in);
	else if (!strcmp(argv[1], "sendfile"))
		from_pages(sock, in);
	else
		from_memory(sock, in);
	return 0;
}

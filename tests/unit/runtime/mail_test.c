/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Messages between processes: what the last one of a peer was is heard, however it left. */
#include "rt.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/core/mail.h"

static void pair(int sock[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock), 0);
}

/* It closes with something unread, so that the error comes before what it said. */
static void said_before(void **state)
{
	char got[8];
	uint32_t fds;
	int sock[2];

	(void)state;
	for (int unread = 0; unread < 2; unread++) {
		pair(sock);
		assert_int_equal(weft_mail_send(sock[0], "why", 3, NULL, 0, 0), 0);
		if (unread)
			assert_int_equal(weft_mail_send(sock[1], "ready", 5, NULL, 0, 0), 0);
		close(sock[0]);
		assert_int_equal(weft_mail_until(sock[1], POLLIN, 0), 0);
		assert_int_equal(weft_mail_take(sock[1], got, sizeof(got), NULL, 0, &fds), 3);
		assert_memory_equal(got, "why", 3);
		assert_int_equal(weft_mail_take(sock[1], got, sizeof(got), NULL, 0, &fds), 0);
		assert_int_equal(weft_mail_send(sock[1], "ready", 5, NULL, 0, 0), -ECONNRESET);
		close(sock[1]);
	}
}

static void nobody(void **state)
{
	char got[8];
	uint32_t fds;
	int sock[2];

	(void)state;
	pair(sock);
	assert_int_equal(weft_mail_take(sock[1], got, sizeof(got), NULL, 0, &fds), -EAGAIN);
	assert_int_equal(weft_mail_until(sock[1], POLLIN, 0), -ETIME);
	close(sock[0]);
	close(sock[1]);
}

static void descriptors(void **state)
{
	int sock[2], fd[2] = { 0, 1 }, took[2];
	uint32_t fds;
	char got[8];

	(void)state;
	pair(sock);
	assert_int_equal(weft_mail_send(sock[0], "two", 3, fd, 2, 0), 0);
	assert_int_equal(weft_mail_take(sock[1], got, sizeof(got), took, 2, &fds), 3);
	assert_int_equal(fds, 2);
	close(took[0]);
	close(took[1]);
	/* more than wanted are closed, and told */
	assert_int_equal(weft_mail_send(sock[0], "two", 3, fd, 2, 0), 0);
	assert_int_equal(weft_mail_take(sock[1], got, sizeof(got), took, 1, &fds), 3);
	assert_int_equal(fds, 2);
	close(took[0]);
	close(sock[0]);
	close(sock[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(said_before), cmocka_unit_test(nobody), cmocka_unit_test(descriptors) };

	return cmocka_run_group_tests_name("core/mail", tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Memory by descriptor: cards of two processes signal each other's cells; access, and what is the same memory again. */
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "rt_tap.h"

static unsigned int rounds(void)
{
	const char *text = getenv("COUNT");

	return text && *text ? (unsigned int)strtoul(text, NULL, 10) : 1000;
}

#define NO_P2P	77

/* What a process has: its card, cells of its own, an inbox that the other signals, and the other's inbox. */
struct end {
	struct weft_device *card;
	struct weft_memory *cells, *inbox, *peer;
	struct weft_user_queue *queue;
	struct weft_list *body, *list;
};

static int send_fd(int sock, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 'f';
	struct iovec io = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	return sendmsg(sock, &m, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

static int receive_fd(int sock, int *fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 }, byte;
	struct iovec io = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };

	if (recvmsg(sock, &m, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&m))
		return -1;
	memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(*fd));
	return 0;
}

static int end_open(struct weft *weft, uint32_t index, int sock, struct end *e)
{
	struct weft_memory_desc cells = { .size = sizeof(cells), .bytes = 4096, .flags = WEFT_MEMORY_CELLS };
	int fd, ret;

	RT_OK(weft_device_open(weft, "card", index, &e->card));
	RT_OK(weft_memory_create(e->card, &cells, &e->cells));
	cells.flags = WEFT_MEMORY_CELLS_PEER;
	RT_OK(weft_memory_create(e->card, &cells, &e->inbox));
	RT_OK(weft_memory_export(e->inbox, WEFT_ACCESS_READ | WEFT_ACCESS_SIGNAL, &fd));
	RT_CHECK(!send_fd(sock, fd), "send");
	close(fd);
	RT_CHECK(!receive_fd(sock, &fd), "receive");
	ret = weft_memory_import_fd(e->card, fd, &e->peer);
	close(fd);
	if (ret == -EOPNOTSUPP)
		return NO_P2P;
	RT_OK(ret);
	RT_OK(weft_user_queue_create(e->card, NULL, &e->queue));
	RT_OK(weft_list_create(e->card, &e->body));
	RT_OK(weft_list_create(e->card, &e->list));
	return 0;
}

static int end_close(struct end *e)
{
	if (e->queue) {
		RT_OK(weft_user_queue_destroy(e->queue));
		RT_OK(weft_list_destroy(e->body));
		RT_OK(weft_list_destroy(e->list));
		RT_OK(weft_memory_destroy(e->peer));
	}
	RT_OK(weft_memory_destroy(e->inbox));
	RT_OK(weft_memory_destroy(e->cells));
	RT_OK(weft_device_close(e->card));
	return 0;
}

/* @first signals and waits, the other waits and signals; at the end, both know. */
static int play(struct end *e, bool first)
{
	struct weft_cell_op wait = { .size = sizeof(wait), .cell = weft_cell_address(e->inbox, 0), .base = 1, .step = 1 };
	struct weft_cell_op signal = { .size = sizeof(signal), .cell = weft_cell_address(e->peer, 0), .base = 1, .step = 1 };
	struct weft_cell_op done = { .size = sizeof(done), .cell = weft_cell_address(e->cells, 0), .base = 1 };
	struct weft_cell_state cell;

	if (first)
		RT_OK(weft_list_signal(e->body, &signal));
	RT_OK(weft_list_wait(e->body, &wait));
	if (!first)
		RT_OK(weft_list_signal(e->body, &signal));
	RT_OK(weft_list_commit(e->body));
	RT_OK(weft_list_loop(e->list, e->body, rounds()));
	RT_OK(weft_list_signal(e->list, &done));
	RT_OK(weft_list_commit(e->list));
	RT_OK(weft_user_queue_post(e->queue, e->list));
	RT_OK(weft_cell_wait(e->cells, 0, 1, (30 + rounds() / 1000) * RT_SECOND, NULL));
	RT_OK(weft_cell_read(e->inbox, 0, &cell));
	RT_CHECK(cell.value == rounds(), "the inbox has %llu", (unsigned long long)cell.value);
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * RT_SECOND + (uint64_t)ts.tv_nsec;
}

/* The host of this process in place of its card: it stores, looks at the arm word, kicks, and mostly waits for the answer. */
static int play_by_host(struct end *e)
{
	uint64_t rng = 1, until = now_ns() + 600 * RT_SECOND;
	struct weft_cell_state answer;

	for (uint64_t i = 1; i <= rounds(); i++) {
		rng = rng * 6364136223846793005u + 1442695040888963407u;
		RT_OK(weft_cell_signal(e->peer, 0, i));
		do {
			RT_OK(weft_cell_read(e->inbox, 0, &answer));
			RT_CHECK(now_ns() < until, "signal %llu: no answer", (unsigned long long)i);
		} while (rng >> 62 && answer.value < i);
	}
	return 0;
}

/* The program of the second process. */
static int other(struct weft *weft, int sock, bool by_host)
{
	struct end e = { 0 };
	int ret = end_open(weft, by_host ? 0 : 1, sock, &e);

	if (!ret)
		ret = by_host ? play_by_host(&e) : play(&e, false);
	return ret ? ret : end_close(&e);
}

static int with_other(struct weft *weft, bool by_host)
{
	struct end e = { 0 };
	int sock[2], status, ret;
	char text[16];
	pid_t pid;

	RT_CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sock), "socketpair");
	pid = fork();
	RT_CHECK(pid >= 0, "fork");
	if (!pid) {	/* a fresh program: the library does not survive fork */
		snprintf(text, sizeof(text), "%d", sock[1]);
		close(sock[0]);
		execl("/proc/self/exe", "share_test", text, by_host ? "host" : "card", (char *)NULL);
		_exit(2);
	}
	close(sock[1]);
	ret = end_open(weft, 0, sock[0], &e);
	if (!ret)
		ret = play(&e, !by_host);
	close(sock[0]);
	RT_CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
	if (ret == NO_P2P)
		return end_close(&e) ? -1 : rt_say(RT_SKIP, "p2pdma");
	if (ret)
		return ret;
	RT_CHECK(WIFEXITED(status) && !WEXITSTATUS(status), "the other process ended with %#x", (unsigned int)status);
	return end_close(&e);
}

static int two_processes(struct weft *weft)
{
	if (weft_device_count(weft, "card") < 2)
		return rt_say(RT_SKIP, "two-cards");
	return with_other(weft, false);
}

/* Park against signal, the signaller another process: a wake that is lost stops both. */
static int other_host(struct weft *weft)
{
	return with_other(weft, true);
}

/* What comes back to the card it is of is the same memory, with the access of the descriptor. */
static int access_of_descriptor(struct weft *weft)
{
	const struct weft_memory_desc desc = { .size = sizeof(desc), .bytes = 4096, .flags = WEFT_MEMORY_CELLS };
	struct weft_memory *memory, *cells, *both, *again, *reading, *signals;
	uint64_t word = 0x1122334455667788, seen = 0;
	struct weft_device *card;
	struct weft_queue *queue;
	struct weft_list *list;
	int both_fd, read_fd, fd;
	void *map;

	RT_OK(weft_device_open(weft, "card", 0, &card));
	RT_OK(weft_memory_alloc(card, 8192, WEFT_PLACE_LOCAL, &memory));
	RT_IS(weft_memory_export(memory, 0, &fd), -EINVAL);
	RT_IS(weft_memory_export(memory, WEFT_ACCESS_SIGNAL, &fd), -EINVAL);	/* of cells only */
	RT_OK(weft_memory_export(memory, WEFT_ACCESS_READ | WEFT_ACCESS_WRITE, &both_fd));
	RT_OK(weft_memory_export(memory, WEFT_ACCESS_READ, &read_fd));
	RT_OK(weft_memory_import_fd(card, both_fd, &both));
	RT_OK(weft_memory_import_fd(card, both_fd, &again));
	RT_CHECK(again == both && weft_memory_bytes(both) == 8192, "%llu bytes",
		 (unsigned long long)weft_memory_bytes(both));
	RT_OK(weft_memory_destroy(again));
	RT_OK(weft_memory_import_fd(card, read_fd, &reading));
	RT_IS(weft_memory_export(reading, WEFT_ACCESS_WRITE, &fd), -EACCES);
	RT_IS(weft_memory_import_fd(card, 1, &again), -EINVAL);			/* no dma-buf */
	RT_IS(weft_memory_import_fd(card, -1, &again), -EBADF);
	/* the owner goes; the memory stays, and a card and the host see it through both */
	RT_OK(weft_memory_destroy(memory));
	close(both_fd);
	close(read_fd);
	RT_OK(weft_memory_map(both, &map));
	*(volatile uint64_t *)map = word;
	RT_OK(weft_queue_create(card, NULL, &queue));
	RT_OK(weft_list_create(card, &list));
	RT_OK(weft_list_copy(list, weft_memory_address(both) + 4096, weft_memory_address(reading), 8));
	RT_OK(weft_queue_run(queue, list, NULL));
	RT_OK(weft_queue_wait(queue, 0, 10 * RT_SECOND));
	RT_OK(weft_memory_read(both, 4096, &seen, 8));
	RT_CHECK(seen == word, "%#llx", (unsigned long long)seen);
	RT_OK(weft_list_reset(list));
	RT_OK(weft_list_fill(list, weft_memory_address(reading), 8, 0, 8));
	RT_OK(weft_queue_run(queue, list, NULL));
	RT_IS(weft_queue_wait(queue, 0, 10 * RT_SECOND), -EFAULT);
	RT_CHECK(*(volatile uint64_t *)map == word, "a reader wrote");
	/* cells: the host signals through what came back */
	RT_OK(weft_memory_create(card, &desc, &cells));
	RT_OK(weft_memory_export(cells, WEFT_ACCESS_READ, &fd));
	RT_IS(weft_memory_import_fd(card, fd, &signals), -EACCES);		/* no card has a use for it */
	close(fd);
	RT_OK(weft_memory_export(cells, WEFT_ACCESS_READ | WEFT_ACCESS_SIGNAL, &fd));
	RT_OK(weft_memory_import_fd(card, fd, &signals));
	close(fd);
	RT_IS(weft_memory_export(signals, WEFT_ACCESS_WRITE, &fd), -EINVAL);
	RT_OK(weft_cell_signal(signals, 3, 5));
	RT_OK(weft_cell_wait(cells, 3, 5, RT_SECOND, NULL));
	RT_OK(weft_list_destroy(list));
	RT_OK(weft_queue_destroy(queue));
	RT_OK(weft_memory_destroy(signals));
	RT_OK(weft_memory_destroy(cells));
	RT_OK(weft_memory_destroy(reading));
	RT_OK(weft_memory_destroy(both));
	RT_OK(weft_device_close(card));
	return 0;
}

int main(int argc, char **argv)
{
	static const struct rt_test tests[] = {
		{ "two processes signal each other's cells on two cards", two_processes },
		{ "the host of another process signals a queue that parks, and gets its answers", other_host },
		{ "a descriptor carries access, and comes back as the same memory", access_of_descriptor },
	};

	if (argc > 1) {
		int ret = other(weft_open(), atoi(argv[1]), argc > 2 && !strcmp(argv[2], "host"));

		if (ret)
			fprintf(stderr, "# the other process: %s\n", rt_text);
		return ret ? 1 : 0;
	}
	return rt_main(tests, sizeof(tests) / sizeof(tests[0]));
}

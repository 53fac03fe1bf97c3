/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* Processes of a communicator, as threads with sockets: they find each other, agree though some die, and hear of a revocation. */
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "co.h"

#include "runtime/coll/meet.h"

#define SECOND	1000000000ull

/* Meshes of @n processes with a member each, all connected. */
static void connect_all(struct weft_mesh *mesh, uint32_t n)
{
	for (uint32_t p = 0; p < n; p++) {
		weft_mesh_alone(&mesh[p], "c", n);
		mesh[p].num = n;
		mesh[p].me = p;
		for (uint32_t r = 0; r < n; r++)
			mesh[p].process[r] = (uint8_t)r;
		weft_mesh_begin(&mesh[p], 20 * SECOND);
	}
	for (uint32_t p = 0; p < n; p++)
		for (uint32_t q = p + 1; q < n; q++) {
			int pair[2];

			assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
			mesh[p].socket[q] = pair[0];
			mesh[q].socket[p] = pair[1];
		}
}

/* --- agreement --- */

#define MOST	6u

struct citizen {
	struct weft_mesh *mesh;
	uint32_t dies_in, after;	/* round, from 1 on, and messages of it that it still sends; round 0: it lives */
	bool cross;			/* sends them to the last ones */
	struct weft_message_word word[WEFT_COLL_RANKS];
	uint32_t known;
	int ret;
};

/* Takes part, but dies in the middle of a round. */
static void die(struct citizen *c)
{
	struct weft_mesh *m = c->mesh;
	const uint32_t num = m->num;
	struct weft_message_word word[WEFT_COLL_RANKS];

	memcpy(word, c->word, sizeof(word));
	c->known = 1u << m->me;
	for (uint32_t round = 1; round <= c->dies_in && round < num; round++) {
		struct weft_mesh_letter out[MOST] = { 0 };
		struct weft_mesh_mail in[MOST];
		uint32_t sent = 0;

		for (uint32_t p = 0; p < num; p++) {
			out[p].m.word.known = c->known;
			memcpy(out[p].m.word.word, word, num * sizeof(word[0]));
		}
		if (round == c->dies_in) {
			for (uint32_t i = 0; i < num && sent < c->after; i++) {
				const uint32_t p = c->cross ? num - 1 - i : i;

				if (p == m->me)
					continue;
				out[p].m.kind = WEFT_MESSAGE_WORD;
				out[p].m.from = m->me;
				out[p].m.epoch = m->epoch;
				out[p].m.step = m->step + 1;
				weft_mesh_send(m, m->socket[p], &out[p].m, NULL, 0, "it");
				sent++;
			}
			break;
		}
		if (weft_mesh_exchange(m, WEFT_MESSAGE_WORD, out, in))
			break;
		for (uint32_t p = 0; p < num; p++) {
			for (uint32_t q = 0; q < num && in[p].heard; q++)
				if (in[p].m.word.known >> q & ~c->known >> q & 1)
					word[q] = in[p].m.word.word[q];
			c->known |= in[p].heard ? in[p].m.word.known : 0;
		}
	}
	weft_mesh_fini(m);
}

static void *live(void *arg)
{
	struct citizen *c = arg;

	if (c->dies_in)
		die(c);
	else
		c->ret = weft_mesh_agree(c->mesh, c->word, &c->known);
	return NULL;
}

static void agreement(void **state)
{
	uint64_t count = co_number("COUNT", 300), seed = co_number("SEED", 1), deaths = 0;

	(void)state;
	for (uint64_t round = 0; round < count; round++) {
		const uint32_t n = 1 + (uint32_t)co_below(&seed, MOST);
		struct weft_mesh mesh[MOST];
		struct citizen c[MOST];
		pthread_t thread[MOST];
		uint32_t first = MOST;

		connect_all(mesh, n);
		for (uint32_t p = 0; p < n; p++) {
			const bool dies = co_below(&seed, 2);

			c[p] = (struct citizen) { .mesh = &mesh[p], .dies_in = dies ? 1 + (uint32_t)co_below(&seed, n) : 0,
						  .after = (uint32_t)co_below(&seed, n), .cross = co_below(&seed, 2) };
			c[p].word[p].ended = 1000 + p;
			c[p].word[p].members = 1u << p;
			deaths += dies;
		}
		for (uint32_t p = 0; p < n; p++)
			assert_int_equal(pthread_create(&thread[p], NULL, live, &c[p]), 0);
		for (uint32_t p = 0; p < n; p++)
			pthread_join(thread[p], NULL);
		for (uint32_t p = 0; p < n; p++) {
			if (c[p].dies_in)
				continue;
			if (c[p].ret)
				fail_msg("round %llu: %d, %s", (unsigned long long)round, c[p].ret, weft_last_error());
			first = first == MOST ? p : first;
			assert_int_equal(c[p].known, c[first].known);
			for (uint32_t q = 0; q < n; q++) {
				if (!c[q].dies_in)
					assert_true(c[p].known >> q & 1);
				if (c[p].known >> q & 1) {
					assert_int_equal(c[p].word[q].ended, 1000 + q);
					assert_int_equal(c[p].word[q].members, 1u << q);
				}
			}
		}
		for (uint32_t p = 0; p < n; p++)
			weft_mesh_fini(&mesh[p]);
	}
	print_message("%llu agreements, %llu deaths\n", (unsigned long long)count, (unsigned long long)deaths);
}

/* --- exchanges --- */

/* One that lives and does not come: -ETIME with its member; whoever waited is gone for the others from then on. */
static void late(void **state)
{
	struct weft_mesh mesh[3];
	struct weft_message_word word[WEFT_COLL_RANKS] = { 0 };
	uint32_t known;

	(void)state;
	connect_all(mesh, 3);
	weft_mesh_begin(&mesh[0], SECOND / 20);
	assert_int_equal(weft_mesh_agree(&mesh[0], word, &known), -ETIME);
	assert_non_null(strstr(weft_last_error(), "communicator c: the process of member 1 did not come in 0.050 s"));
	assert_int_equal(mesh[0].gone, 6);
	weft_mesh_look(&mesh[1]);
	/* what it sent before is still there to be heard */
	assert_int_equal(mesh[1].gone, 0);
	weft_mesh_begin(&mesh[1], SECOND / 20);
	assert_int_equal(weft_mesh_agree(&mesh[1], word, &known), -ETIME);
	assert_non_null(strstr(weft_last_error(), "the process of member 2 did not come"));
	for (uint32_t p = 0; p < 3; p++)
		weft_mesh_fini(&mesh[p]);
}

static void *agree_word(void *arg)
{
	struct citizen *c = arg;

	c->ret = weft_mesh_agree(c->mesh, c->word, &c->known);
	return NULL;
}

/* Word of a revocation comes between; the next epoch hears nothing of the one before. */
static void epochs(void **state)
{
	struct weft_message_word word[WEFT_COLL_RANKS] = { 0 };
	struct weft_mesh mesh[2];
	struct citizen c[2];
	pthread_t thread;
	uint32_t known;

	(void)state;
	connect_all(mesh, 2);
	weft_mesh_look(&mesh[1]);
	assert_false(mesh[1].revoked);
	weft_mesh_revoke(&mesh[0]);
	assert_int_equal(weft_mesh_agree(&mesh[1], word, &known), -ECANCELED);
	assert_non_null(strstr(weft_last_error(), "the process of member 0 has revoked it"));
	assert_true(mesh[1].revoked && mesh[1].revoker == 0);
	/* 1 has sent a word in epoch 1 that 0 is never to hear; 0 is in the next one first, so 1 sees that, too */
	mesh[0].epoch = 2;
	mesh[0].step = 0;
	c[0] = (struct citizen) { .mesh = &mesh[0] };
	assert_int_equal(pthread_create(&thread, NULL, agree_word, &c[0]), 0);
	mesh[1].revoked = false;
	while (!mesh[1].revoked)
		weft_mesh_look(&mesh[1]);
	mesh[1].epoch = 2;
	mesh[1].step = 0;
	mesh[1].revoked = false;
	word[1].ended = 77;
	assert_int_equal(weft_mesh_agree(&mesh[1], word, &known), 0);
	pthread_join(thread, NULL);
	assert_int_equal(c[0].ret, 0);
	assert_int_equal(c[0].known, 3);
	assert_int_equal(c[0].word[1].ended, 77);
	/* garbage is no message of any epoch */
	assert_int_equal(send(mesh[0].socket[1], "x", 1, 0), 1);
	assert_int_equal(weft_mesh_agree(&mesh[1], word, &known), -EPROTO);
	assert_int_equal(mesh[1].gone, 1);
	weft_mesh_fini(&mesh[0]);
	weft_mesh_fini(&mesh[1]);
}

/* --- meeting --- */

struct comer {
	struct weft_mesh mesh;
	struct weft_meet meet;
	uint32_t wait_us;
	int ret;
	char text[256];
};

static void *come(void *arg)
{
	struct comer *c = arg;

	usleep(c->wait_us);
	c->ret = weft_meet(&c->mesh, &c->meet);
	snprintf(c->text, sizeof(c->text), "%s", weft_last_error());
	return NULL;
}

static void meetings(void **state)
{
	uint64_t seed = co_number("SEED", 1);
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "@weft-mesh-test-%d", (int)getpid());
	for (uint32_t round = 0; round < 40; round++) {
		const uint32_t members = 2 + (uint32_t)co_below(&seed, 7);
		struct comer c[8] = { 0 };
		pthread_t thread[8];
		uint32_t n = 1 + (uint32_t)co_below(&seed, members), used = 0;
		uint8_t of[8];

		n = n < 2 ? 2 : n;
		for (uint32_t r = 0; r < members; r++)
			of[r] = (uint8_t)(r < n ? r : co_below(&seed, n));
		for (uint32_t r = members - 1; r > 0; r--) {
			const uint32_t k = (uint32_t)co_below(&seed, r + 1);
			const uint8_t x = of[r];

			of[r] = of[k];
			of[k] = x;
		}
		for (uint32_t r = 0; r < members; r++) {
			struct weft_meet *m = &c[of[r]].meet;

			m->rank[m->count] = (uint8_t)r;
			m->card[m->count++] = 100 + r;
		}
		for (uint32_t p = 0; p < n; p++) {
			c[p].meet.path = path;
			c[p].meet.slot_bytes = 256;
			weft_mesh_alone(&c[p].mesh, "c", members);
			weft_mesh_begin(&c[p].mesh, 20 * SECOND);
			c[p].wait_us = (uint32_t)co_below(&seed, 10000);
			assert_int_equal(pthread_create(&thread[p], NULL, come, &c[p]), 0);
		}
		for (uint32_t p = 0; p < n; p++) {
			pthread_join(thread[p], NULL);
			if (c[p].ret)
				fail_msg("round %u: %d, %s", round, c[p].ret, c[p].text);
			assert_int_equal(c[p].mesh.num, n);
			used |= 1u << c[p].mesh.me;
			for (uint32_t r = 0; r < members; r++) {
				assert_int_equal(c[p].meet.card[r], 100 + r);
				assert_int_equal(c[p].mesh.process[r] == c[p].mesh.me, of[r] == p);
			}
		}
		assert_int_equal(used, (1u << n) - 1);
		/* each is connected with each */
		for (uint32_t p = 0; p < n; p++) {
			struct citizen *who = calloc(1, sizeof(*who));

			who->mesh = &c[p].mesh;
			who->word[c[p].mesh.me].ended = 5;
			c[p].meet.path = (const char *)who;
			assert_int_equal(pthread_create(&thread[p], NULL, agree_word, who), 0);
		}
		for (uint32_t p = 0; p < n; p++) {
			struct citizen *who = (struct citizen *)(uintptr_t)c[p].meet.path;

			pthread_join(thread[p], NULL);
			assert_int_equal(who->ret, 0);
			assert_int_equal(who->known, (1u << n) - 1);
			free(who);
		}
		for (uint32_t p = 0; p < n; p++)
			weft_mesh_fini(&c[p].mesh);
	}
}

/* Two that say that they are the same member, and one that wants something else: they are sent away, and the others meet. */
static void strangers(void **state)
{
	struct comer c[4] = { 0 };
	pthread_t thread[4];
	char path[64];
	uint32_t met = 0;

	(void)state;
	snprintf(path, sizeof(path), "@weft-mesh-test-%d", (int)getpid());
	for (uint32_t p = 0; p < 4; p++) {
		c[p].meet = (struct weft_meet) { .path = path, .count = 1, .slot_bytes = p == 3 ? 512 : 256, .rank[0] = p != 0 };
		c[p].wait_us = p == 3 ? 0 : p * 30000;
		weft_mesh_alone(&c[p].mesh, "c", 3);
		weft_mesh_begin(&c[p].mesh, SECOND / 2);
		assert_int_equal(pthread_create(&thread[p], NULL, come, &c[p]), 0);
	}
	for (uint32_t p = 0; p < 4; p++) {
		pthread_join(thread[p], NULL);
		met += !c[p].ret;
		weft_mesh_fini(&c[p].mesh);
	}
	assert_int_equal(met, 0);
	assert_int_equal(c[0].ret, -ETIME);
	assert_non_null(strstr(c[0].text, "member 2 did not come in 0.500 s"));
	/* of the two that say that they are member 1, the second; and who was let in hears how it ended */
	assert_int_equal(c[2].ret, -ECONNABORTED);
	assert_non_null(strstr(c[2].text, "Invalid argument"));
	assert_int_equal(c[3].ret, -ECONNABORTED);
	assert_non_null(strstr(c[3].text, "Invalid argument"));
	assert_int_equal(c[1].ret == -ECONNABORTED || c[1].ret == -ETIME, 1);
	c[0].meet.path = "";
	assert_int_equal(weft_meet(&c[0].mesh, &c[0].meet), -EINVAL);
	/* a file that is there is not taken for ours */
	c[0].meet.path = "/dev/null";
	assert_int_equal(weft_meet(&c[0].mesh, &c[0].meet), -EADDRINUSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agreement),
		cmocka_unit_test(late),
		cmocka_unit_test(epochs),
		cmocka_unit_test(meetings),
		cmocka_unit_test(strangers),
	};

	return cmocka_run_group_tests_name("coll/mesh", tests, NULL, NULL);
}

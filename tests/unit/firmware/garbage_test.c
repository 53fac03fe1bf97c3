// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/*
 * Random messages, wholly random and nearly valid, in bursts: every one gets its answer, in order, and the model sees
 * nothing that hardware would not survive. COUNT and SEED in the environment; both are printed.
 */
#include "fw_rig.h"

static uint64_t rng;

static uint64_t next(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng;
}

static struct weft_mbox_msg garbage(void)
{
	static const uint64_t edges[] = { 0, 1, 4096, RIG_LIMIT, RIG_LIMIT - 4096, RIG_LMEM, RIG_LMEM - 4096,
					  UINT64_C(1) << 48, (UINT64_C(1) << 48) - 4096, UINT64_MAX, UINT64_MAX - 4095 };
	struct weft_mbox_msg m;
	uint64_t words[8];

	for (int i = 0; i < 8; i++)
		words[i] = next();
	memcpy(&m, words, sizeof(m));
	switch (next() % 4) {
	case 0:
		return m;
	case 1:
		m = rig_as((uint32_t)(next() % CP_MODEL_ASIDS), next() % 2);
		break;
	case 2: {
		uint8_t kind = next() % 2;

		m = rig_queue((uint32_t)(next() % CP_MODEL_QUEUES), (uint16_t)(next() % CP_MODEL_ASIDS), kind);
		break;
	}
	default:
		memset(&m.u, 0, sizeof(m.u));
		m.u.arg[0] = (uint32_t)(next() % 20);
		m.op = (uint16_t)(next() % (WEFT_MBOX_OP_COUNT + 1));
	}
	m.seq = (uint32_t)next();
	if (next() % 2) {
		uint64_t edge = edges[next() % (sizeof(edges) / sizeof(edges[0]))];

		memcpy(&m.u.data[4 * (next() % 13)], &edge, next() % 2 ? 4 : 8);
	}
	return m;
}

static void random_messages(void **state)
{
	const char *count_env = getenv("COUNT"), *seed_env = getenv("SEED");
	uint64_t count = count_env ? strtoull(count_env, NULL, 0) : 300000;
	uint64_t seed = seed_env ? strtoull(seed_env, NULL, 0) : 1;
	uint64_t statuses[WEFT_MBOX_STATE + 1] = { 0 };
	struct rig *r = *state;

	printf("COUNT=%llu SEED=%llu\n", (unsigned long long)count, (unsigned long long)seed);
	rng = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	for (uint64_t done = 0; done < count;) {
		struct weft_mbox_msg sent[WEFT_MBOX_SLOTS], rsp;
		unsigned n = 1 + (unsigned)(next() % WEFT_MBOX_SLOTS);

		for (unsigned i = 0; i < n; i++) {
			sent[i] = garbage();
			cp_model_post(&r->m, &sent[i]);
		}
		if (next() % 8 == 0)
			cp_model_fault(&r->m, (uint32_t)next(), (uint32_t)(next() % 64), next());
		r->m.now_ns += next() % 10000000;
		rig_run(r);
		for (unsigned i = 0; i < n; i++) {
			assert_true(cp_model_take(&r->m, &rsp));
			assert_int_equal(rsp.op, sent[i].op);
			assert_int_equal(rsp.seq, sent[i].seq);
			assert_in_range(rsp.status, WEFT_MBOX_OK, WEFT_MBOX_STATE);
			if (rsp.status == WEFT_MBOX_BAD_ARG)
				assert_in_range(rsp.u.detail, 0, 13);
			statuses[rsp.status]++;
		}
		assert_false(cp_model_take(&r->m, &rsp));
		assert_int_equal(r->m.violations, 0);
		if (!r->fw.contract)
			rig_hello(r, WEFT_CONTRACT_VERSION, WEFT_CONTRACT_VERSION);
		done += n;
	}
	/* The messages were not all of one kind: most answers there are, were given. */
	for (unsigned s = 0; s <= WEFT_MBOX_STATE; s++) {
		printf("status %u: %llu\n", s, (unsigned long long)statuses[s]);
		if (count >= 100000 && s != WEFT_MBOX_NO_CAP)
			assert_true(statuses[s] > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(random_messages, rig_setup_hello, rig_teardown),
	};

	return cmocka_run_group_tests_name("firmware/garbage", tests, NULL, NULL);
}

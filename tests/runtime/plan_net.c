/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
#include "plan_net.h"

const char *net_why(void)
{
	return rt_text;
}

static uint32_t below(uint64_t *state, uint32_t n)
{
	return (uint32_t)(rt_random(state) >> 32) % n;
}

static uint32_t lcm(uint32_t a, uint32_t b)
{
	uint32_t x = a, y = b;

	while (y) {
		uint32_t z = x % y;

		x = y;
		y = z;
	}
	return a / x * b;
}

static struct net_edge *edge_new(struct net *net, uint32_t from, uint32_t to, uint64_t *rnd)
{
	struct net_edge *e = &net->edge[net->num_edges++];

	*e = (struct net_edge) { .from = from, .num_to = 1, .to = { to }, .control = !below(rnd, 8) };
	e->tokens = lcm(net->body[from].q, net->body[to].q) * (1 + below(rnd, 2));
	return e;
}

static void edge_rates(struct net *net, struct net_edge *e)
{
	e->produce = e->tokens / net->body[e->from].q;
	for (uint32_t i = 0; i < e->num_to; i++)
		e->consume[i] = e->tokens / net->body[e->to[i]].q;
}

void net_graph(struct net *net, uint64_t seed)
{
	uint64_t rnd = seed;

	memset(net, 0, sizeof(*net));
	net->seed = seed;
	net->num_bodies = 2 + below(&rnd, NET_BODIES - 1);
	for (uint32_t i = 0; i < net->num_bodies; i++) {
		struct net_body *b = &net->body[i];

		/* everybody is joined to the first, so these are the least numbers that balance */
		b->q = !i || below(&rnd, 3) ? 1 : 1 + below(&rnd, 3);
		b->predicate = !below(&rnd, 3);
		b->choice = !below(&rnd, 3);
		b->delay = !below(&rnd, 3);
		b->limit = 1u << 31;
		for (uint32_t t = 0; t < NET_TABLE; t++) {
			b->number[t] = below(&rnd, NET_CHOICES);
			for (uint32_t w = 0; w < NET_WORDS; w++)
				b->salt[t][w] = (uint32_t)rt_random(&rnd);
		}
	}
	for (uint32_t v = 1; v < net->num_bodies; v++)		/* forward, everybody but the first has an input */
		for (uint32_t n = 1 + below(&rnd, 2); n; n--) {
			struct net_edge *e = edge_new(net, below(&rnd, v), v, &rnd);
			uint32_t other = e->from + 1 + below(&rnd, net->num_bodies - e->from - 1);

			if (other != v && e->tokens % net->body[other].q == 0 && !below(&rnd, 2))
				e->to[e->num_to++] = other;
			if (!below(&rnd, 4))
				e->initial = below(&rnd, 3) * e->tokens;
		}
	for (uint32_t n = below(&rnd, 3); n && net->num_bodies > 1; n--) {	/* back, or to itself */
		uint32_t to = below(&rnd, net->num_bodies), from = to + below(&rnd, net->num_bodies - to);
		struct net_edge *e = edge_new(net, from, to, &rnd);

		e->initial = e->tokens * (1 + below(&rnd, 3));
	}
	for (uint32_t n = below(&rnd, 3); n; n--) {		/* state: the reader before the writer, in each sequence */
		uint32_t from = below(&rnd, net->num_bodies), to = below(&rnd, from + 1);
		struct net_edge *e;

		if (net->body[from].q != 1 || net->body[to].q != 1 || from == to)
			continue;
		e = edge_new(net, from, to, &rnd);
		e->state = true;
		e->control = false;
		e->initial = 1;
		e->tokens = net->body[from].q;
	}
	for (uint32_t i = 0; i < net->num_edges; i++)
		edge_rates(net, &net->edge[i]);
}

void net_token(const struct net *net, uint32_t edge, uint32_t t, uint32_t *words)
{
	uint64_t rnd = net->seed * 31 + edge * 1000 + t;

	for (uint32_t w = 0; w < NET_WORDS; w++)
		words[w] = (uint32_t)rt_random(&rnd);
}

struct serial {
	const struct net *net;
	uint32_t (*token[NET_EDGES])[NET_WORDS];	/* state: the one */
	uint32_t made[NET_EDGES];
};

static void add_words(uint32_t *to, const uint32_t *from)
{
	for (uint32_t w = 0; w < NET_WORDS; w++)
		to[w] += from[w];
}

/* Firing @f of body @b; as net_plan() has it in commands. */
static void fire(struct serial *s, uint32_t b, uint32_t f, uint32_t *log)
{
	const struct net_body *body = &s->net->body[b];
	const uint32_t *first = NULL;

	memcpy(log, body->salt[f % NET_TABLE], NET_BYTES);
	for (uint32_t i = 0; i < s->net->num_edges; i++) {
		const struct net_edge *e = &s->net->edge[i];

		for (uint32_t n = 0; n < e->num_to && !e->control; n++)
			for (uint32_t j = 0; j < e->consume[n] && e->to[n] == b; j++) {
				const uint32_t *t = s->token[i][e->state ? 0 : f * e->consume[n] + j];

				add_words(log, t);
				if (!first)
					first = t;
			}
	}
	if (body->choice)
		add_words(log, body->number[f % NET_TABLE] == 0 && first ? first : body->salt[body->number[f % NET_TABLE]]);
	if (body->predicate && (first ? first[0] : body->salt[f % NET_TABLE][0]) >= body->limit)
		add_words(log, body->salt[0]);
	for (uint32_t i = 0; i < s->net->num_edges; i++) {
		const struct net_edge *e = &s->net->edge[i];

		if (e->from != b || e->control)
			continue;
		if (e->state) {
			add_words(s->token[i][0], log);
			continue;
		}
		for (uint32_t j = 0; j < e->produce; j++) {
			memcpy(s->token[i][e->initial + f * e->produce + j], log, NET_BYTES);
			add_words(s->token[i][e->initial + f * e->produce + j], body->salt[j % NET_TABLE]);
		}
	}
}

void net_serial(const struct net *net, uint32_t sequences, struct net_result *result)
{
	struct serial s = { .net = net };

	for (uint32_t i = 0; i < net->num_edges; i++) {
		s.token[i] = calloc(net->edge[i].initial + (size_t)net->edge[i].tokens * sequences + 1, NET_BYTES);
		for (uint32_t t = 0; t < net->edge[i].initial; t++)
			net_token(net, i, t, s.token[i][t]);
	}
	for (uint32_t seq = 0; seq < sequences; seq++)
		for (uint32_t b = 0; b < net->num_bodies; b++)
			for (uint32_t f = seq * net->body[b].q; f < (seq + 1) * net->body[b].q; f++)
				fire(&s, b, f, result->log[b][f]);
	for (uint32_t i = 0; i < net->num_edges; i++)
		free(s.token[i]);
}

/* Lanes are of one card and rate, in the order of bodies; skews grow with them, unless @wild. */
static void place(struct net *net, uint32_t cards, uint64_t *rnd, bool wild)
{
	const uint32_t lanes = 1 + below(rnd, 4), slope = below(rnd, 3) ? 0 : 1 + below(rnd, 2);
	uint32_t skew = 0;

	for (uint32_t i = 0; i < net->num_bodies; i++) {
		struct net_body *b = &net->body[i];

		b->card = below(rnd, cards);
		b->lane = below(rnd, 3) ? below(rnd, lanes) + 1 : 0;
		skew += slope && !below(rnd, 2) ? 1 + below(rnd, slope) : 0;
		b->skew = wild ? below(rnd, 3) : skew;
		b->skew = b->lane ? b->skew : 0;
	}
}

/* Enough for any skews; @wild: perhaps too few. */
static uint32_t depth_of(const struct net_edge *e, uint64_t *rnd, bool wild)
{
	uint32_t step = e->produce, least, most = 0;

	for (uint32_t i = 0; i < e->num_to; i++) {
		step = lcm(step, e->consume[i]);
		most = e->consume[i] > most ? e->consume[i] : most;
	}
	if (wild)
		least = e->initial + below(rnd, 2 * e->tokens + 1);
	else
		least = e->initial + e->tokens * (2 + 2 * NET_BODIES);
	if (least < e->produce)
		least = e->produce;
	if (least < most)
		least = most;
	if (!least)
		least = 1;
	return (least + step - 1) / step * step;
}

static int make_edges(struct net *net, struct weft_plan *plan, uint32_t cards, uint64_t *rnd, bool wild)
{
	for (uint32_t i = 0; i < net->num_edges; i++) {
		const struct net_edge *e = &net->edge[i];
		uint32_t contents[64][NET_WORDS];
		char name[16];
		struct weft_edge_desc d = { .size = sizeof(d), .name = name, .initial = e->initial };

		snprintf(name, sizeof(name), "e%u", i);
		d.flags = (e->state ? WEFT_EDGE_STATE : 0) | (e->control ? WEFT_EDGE_CONTROL : 0);
		if (!e->control) {
			d.block_bytes = NET_BYTES;
			d.device = below(rnd, 3) ? 0 : 1 + below(rnd, cards);
			for (uint32_t t = 0; t < e->initial; t++)
				net_token(net, i, t, contents[t]);
			d.contents = e->initial ? contents : NULL;
		}
		d.depth = e->state ? 1 : wild && below(rnd, 3) ? 0 : depth_of(e, rnd, wild);
		RT_OK(weft_edge_create(plan, &d, &net->handle[i]));
		RT_OK(weft_body_output(net->body[e->from].body, net->handle[i], e->produce));
		for (uint32_t n = 0; n < e->num_to; n++)
			RT_OK(weft_body_input(net->body[e->to[n]].body, net->handle[i], e->consume[n]));
	}
	return 0;
}

static int sum(struct weft_body *b, const uint64_t *src, uint32_t n, uint64_t dst)
{
	RT_OK(weft_body_reduce(b, WEFT_TYPE_I32, WEFT_REDUCTION_SUM, src, n, &dst, 1, NET_WORDS));
	return 0;
}

/* Commands of one body, see fire(). */
static int make_commands(struct net *net, uint32_t at, uint64_t *rnd)
{
	struct net_body *nb = &net->body[at];
	struct weft_body *b = nb->body;
	uint64_t salt = weft_body_table(b, net->salts, NET_BYTES, NET_TABLE, 1) + at * sizeof(nb->salt);
	uint64_t fixed = weft_body_constant(b, net->salts) + at * sizeof(nb->salt);
	uint64_t log = weft_body_out(b, nb->log, 0), first = 0, two[2];

	if (nb->delay)
		RT_OK(weft_body_timed(b, below(rnd, 20000)));
	RT_OK(weft_body_copy(b, log, salt, NET_BYTES));
	for (uint32_t i = 0; i < net->num_edges; i++) {
		const struct net_edge *e = &net->edge[i];

		for (uint32_t n = 0; n < e->num_to && !e->control; n++)
			for (uint32_t j = 0; j < e->consume[n] && e->to[n] == at; j++) {
				two[0] = log;
				two[1] = weft_body_in(b, net->handle[i], j);
				first = first ? first : two[1];
				if (sum(b, two, 2, log))
					return -1;
			}
	}
	if (nb->choice) {
		uint64_t choice[NET_CHOICES] = { first ? first : fixed, fixed + NET_BYTES, fixed + 2 * NET_BYTES };

		two[0] = log;
		two[1] = weft_body_choice(b, weft_body_table(b, net->numbers, 4, NET_TABLE, 1) + at * sizeof(nb->number), choice,
					  NET_CHOICES);
		if (sum(b, two, 2, log))
			return -1;
	}
	if (nb->predicate) {
		RT_OK(weft_body_pred(b, WEFT_COMPARE_GE, first ? first : salt, nb->limit));
		two[0] = log;
		two[1] = fixed;
		if (sum(b, two, 2, log))
			return -1;
		RT_OK(weft_body_pred(b, WEFT_COMPARE_ALWAYS, 0, 0));
	}
	for (uint32_t i = 0; i < net->num_edges; i++) {
		const struct net_edge *e = &net->edge[i];

		for (uint32_t j = 0; j < e->produce && e->from == at && !e->control; j++) {
			uint64_t out = weft_body_out(b, net->handle[i], j);

			two[0] = log;
			two[1] = e->state ? out : fixed + j % NET_TABLE * NET_BYTES;
			if (sum(b, two, 2, out))
				return -1;
		}
	}
	return 0;
}

int net_plan(struct net *net, struct weft_plan *plan, uint32_t cards, uint64_t seed, bool wild)
{
	uint64_t rnd = seed;

	place(net, cards, &rnd, wild);
	RT_OK(weft_constant_create(plan, "salts", net->num_bodies * sizeof(net->body[0].salt), NULL, &net->salts));
	RT_OK(weft_constant_create(plan, "numbers", net->num_bodies * sizeof(net->body[0].number), NULL, &net->numbers));
	for (uint32_t i = 0; i < net->num_bodies; i++) {
		struct net_body *b = &net->body[i];
		char name[16], lane[16], extra[16];
		const struct weft_body_desc d = {
			.size = sizeof(d), .name = name, .device = b->card, .lane = b->lane ? lane : NULL, .skew = b->skew };
		/* one on a card is read by a job for each block, one in host memory by looking */
		struct weft_edge_desc log = {
			.size = sizeof(log), .name = extra, .block_bytes = NET_BYTES, .depth = NET_LOG,
			.flags = WEFT_EDGE_NO_SHARE | (below(&rnd, 24) ? WEFT_EDGE_HOST : 0) };

		snprintf(name, sizeof(name), "b%u", i);
		snprintf(lane, sizeof(lane), "lane %u/%u", b->lane, b->q);
		RT_OK(weft_body_create(plan, &d, &b->body));
		snprintf(extra, sizeof(extra), "log%u", i);
		RT_OK(weft_edge_create(plan, &log, &b->log));
		RT_OK(weft_body_output(b->body, b->log, 1));
	}
	if (make_edges(net, plan, cards, &rnd, wild))
		return -1;
	for (uint32_t i = 0; i < net->num_bodies; i++)
		if (make_commands(net, i, &rnd))
			return -1;
	return weft_plan_prepare(plan, NULL);
}

int net_fill(struct net *net)
{
	uint32_t salts[NET_BODIES][NET_TABLE][NET_WORDS] = { 0 }, numbers[NET_BODIES][NET_TABLE] = { 0 };
	bool choices = false;

	for (uint32_t i = 0; i < net->num_bodies; i++) {
		memcpy(salts[i], net->body[i].salt, sizeof(salts[i]));
		memcpy(numbers[i], net->body[i].number, sizeof(numbers[i]));
		choices |= net->body[i].choice;
	}
	RT_OK(weft_constant_write(net->salts, 0, salts, net->num_bodies * sizeof(salts[0])));
	if (choices)
		RT_OK(weft_constant_write(net->numbers, 0, numbers, net->num_bodies * sizeof(numbers[0])));
	return 0;
}

int net_compare(const struct net *net, const struct net_result *result, uint32_t from, uint32_t to, uint32_t start)
{
	uint32_t got[NET_WORDS];

	for (uint32_t i = 0; i < net->num_bodies; i++)
		for (uint32_t s = from; s < to; s++)
			for (uint32_t j = 0; j < net->body[i].q; j++) {
				const uint32_t *want = result->log[i][s * net->body[i].q + j];

				RT_OK(weft_edge_read(net->body[i].log, s - start, j, got, sizeof(got)));
				RT_CHECK(!memcmp(got, want, sizeof(got)), "body %u (q %u, card %u, lane %u, skew %u), sequence %u, firing %u: "
					 "%#x, wanted %#x", i, net->body[i].q, net->body[i].card, net->body[i].lane, net->body[i].skew, s,
					 j, got[0], want[0]);
			}
	return 0;
}

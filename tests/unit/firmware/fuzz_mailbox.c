// SPDX-License-Identifier: MIT
// Copyright 2026 The weft authors
/* libFuzzer target: the input is a row of 64-byte requests after a HELLO. Crashes on any violation of the model. */
#include <stdlib.h>
#include <string.h>

#include "firmware/core/wfw.h"
#include "firmware/hal/host/cp_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weft_mbox_msg m = { .op = WEFT_MBOX_HELLO, .u.hello = { 0, UINT32_MAX } }, rsp;
	static struct cp_model model;
	static struct wfw fw;

	cp_model_init(&model, 1u << 17);
	wfw_init(&fw, &model.hal);
	model.mbox_base = model.user_limit;
	model.log_base = model.user_limit + 0x4000;
	model.log_bytes = 4096;
	for (;;) {
		cp_model_post(&model, &m);
		wfw_step(&fw);
		if (!cp_model_take(&model, &rsp) || rsp.seq != m.seq || rsp.op != m.op || model.violations)
			abort();
		if (size < sizeof(m))
			break;
		memcpy(&m, data, sizeof(m));
		data += sizeof(m);
		size -= sizeof(m);
	}
	cp_model_fini(&model);
	return 0;
}

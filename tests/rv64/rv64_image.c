/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* The driver that runs the blocks and dumps what they leave, the data they run on, and the ELF file of it all. */
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "rv64_enc.h"
#include "rv64_gen.h"

static void put(struct rv64_image *img, uint32_t raw)
{
	memcpy(img->text + img->text_bytes, &raw, 4);
	img->text_bytes += 4;
}

static void branch_back(struct rv64_image *img, unsigned f3, unsigned rs1, unsigned rs2, uint32_t to)
{
	put(img, enc_b(f3, rs1, rs2, (int)(to - img->text_bytes)));
}

static void load_address(struct rv64_image *img, unsigned rd, uint32_t addr)
{
	put(img, enc_u(0x37, rd, addr + 0x800));
	put(img, enc_addi(rd, rd, (int)(addr & 0xfff) - (addr & 0x800 ? 4096 : 0)));
}

/* x31 is the context pointer here. Leaves `ret` where blocks return to. */
static void driver(struct rv64_image *img)
{
	uint32_t loop, again, to_run, to_done;
	unsigned i;

	load_address(img, 31, RV64_CTX);
	loop = img->text_bytes;
	put(img, enc_ld(1, 31, CTX_BLOCK));
	put(img, enc_ld(2, 31, CTX_LEFT));
	to_run = img->text_bytes;
	put(img, 0);						/* bnez x2, run */
	put(img, enc_addi(1, 1, 16));				/* next block */
	put(img, enc_sd(1, 31, CTX_BLOCK));
	put(img, enc_ld(2, 1, 8));
	to_done = img->text_bytes;
	put(img, 0);						/* beqz x2, done */
	img->text_bytes = to_run;
	put(img, enc_b(1, 2, 0, 5 * 4));
	img->text_bytes = to_done + 4;
	put(img, enc_addi(2, 2, -1));				/* run: */
	put(img, enc_sd(2, 31, CTX_LEFT));
	put(img, enc_ld(3, 31, CTX_IN));
	put(img, enc_ld(4, 3, 0));
	put(img, enc_sd(4, 31, CTX_X1));
	put(img, enc_ld(4, 3, 30 * 8));
	put(img, enc_sd(4, 31, CTX_X31));
	put(img, enc_addi(4, 3, RV64_IN_BYTES));
	put(img, enc_sd(4, 31, CTX_IN));
	put(img, enc_ld(1, 1, 0));
	for (i = 2; i <= 30; i++)
		if (i != 3)
			put(img, enc_ld(i, 3, (int)(i - 1) * 8));
	put(img, enc_ld(3, 3, 2 * 8));
	put(img, enc_jalr(0, 1, 0));

	img->ret = img->text_bytes;
	put(img, enc_sd(1, 31, CTX_X1));
	put(img, enc_ld(1, 31, CTX_OUT));
	for (i = 2; i <= 30; i++)
		put(img, enc_sd(i, 1, (int)(i - 1) * 8));
	put(img, enc_ld(2, 31, CTX_X1));
	put(img, enc_sd(2, 1, 0));
	put(img, enc_ld(2, 31, CTX_X31));
	put(img, enc_sd(2, 1, 30 * 8));
	for (i = 0; i < RV64_SCRATCH_BYTES / 8; i++) {
		put(img, enc_ld(2, 31, (int)i * 8));
		put(img, enc_sd(2, 1, 256 + (int)i * 8));
	}
	put(img, enc_addi(1, 1, RV64_OUT_BYTES));
	put(img, enc_sd(1, 31, CTX_OUT));
	put(img, enc_jal(0, (int)(loop - img->text_bytes)));

	/* done: write(1, OUT, all), exit(0). Our own machine stops at the first ecall. */
	i = img->text_bytes;
	img->text_bytes = to_done;
	put(img, enc_b(0, 2, 0, (int)(i - to_done)));
	img->text_bytes = i;
	load_address(img, 11, RV64_OUT);
	put(img, enc_ld(12, 31, CTX_OUT));
	put(img, enc_r(0x33, 0, 0x20, 12, 12, 11));
	again = img->text_bytes;
	put(img, enc_addi(10, 0, 1));
	put(img, enc_addi(17, 0, 64));
	put(img, 0x73);
	put(img, enc_b(4, 10, 0, 4 * 4));			/* an error: exit */
	put(img, enc_r(0x33, 0, 0, 11, 11, 10));
	put(img, enc_r(0x33, 0, 0x20, 12, 12, 10));
	branch_back(img, 1, 12, 0, again);
	put(img, enc_addi(10, 0, 0));
	put(img, enc_addi(17, 0, 93));
	put(img, 0x73);
}

static uint64_t operand(uint64_t *rng)
{
	static const uint64_t edge[] = {
		0, 1, 2, UINT64_MAX, UINT64_MAX - 1, UINT64_C(1) << 63, (UINT64_C(1) << 63) - 1, 0x7fffffff, 0x80000000,
		0xffffffff, UINT64_C(0xffffffff80000000), UINT64_C(0x100000000), 0x7fff, 0x8000, 0xff, 0x80,
	};
	uint64_t r = rv64_random(rng), v = rv64_random(rng);

	switch (r & 7) {
	case 0: case 1: case 2: return edge[v % 16];
	case 3: return v % 64;
	case 4: return (uint64_t)(int64_t)(int32_t)v;
	case 5: return UINT64_C(1) << (v & 63);
	}
	return v;
}

static void *at(struct rv64_image *img, uint32_t addr)
{
	return img->data + (addr - RV64_BASE - RV64_TEXT_BYTES);
}

static void store(struct rv64_image *img, uint32_t addr, uint64_t v)
{
	memcpy(at(img, addr), &v, 8);
}

void rv64_image_build(struct rv64_image *img)
{
	uint64_t rng = img->rng;
	uint32_t i, k;

	memset(img, 0, sizeof(*img));
	img->rng = rng;
	driver(img);
	while (img->blocks < RV64_BLOCKS_MAX && img->text_bytes + RV64_BLOCK_MAX_BYTES < RV64_TEXT_BYTES) {
		img->block_at[img->blocks++] = img->text_bytes;
		rv64_gen_block(img);
	}
	img->block_at[img->blocks] = img->text_bytes;

	for (i = 0; i < img->blocks; i++) {
		store(img, RV64_TABLE + (i + 1) * 16, RV64_BASE + img->block_at[i]);
		store(img, RV64_TABLE + (i + 1) * 16 + 8, RV64_ITERATIONS);
		for (k = 0; k < RV64_ITERATIONS * RV64_IN_BYTES; k += 8)
			store(img, RV64_IN + i * RV64_ITERATIONS * RV64_IN_BYTES + k, operand(&img->rng));
	}
	for (k = 0; k < RV64_SCRATCH_BYTES; k += 8)
		store(img, RV64_CTX + k, rv64_random(&img->rng));
	store(img, RV64_CTX + CTX_IN, RV64_IN);
	store(img, RV64_CTX + CTX_OUT, RV64_OUT);
	store(img, RV64_CTX + CTX_BLOCK, RV64_TABLE);
}

static int write_all(int fd, const void *data, size_t n)
{
	const uint8_t *p = data;

	while (n) {
		ssize_t w = write(fd, p, n);

		if (w < 0)
			return -errno;
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

int rv64_image_write_elf(const struct rv64_image *img, int fd)
{
	static const uint8_t zero[4096];
	struct {
		Elf64_Ehdr eh;
		Elf64_Phdr ph[2];
	} h = {
		.eh = {
			.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			.e_type = ET_EXEC, .e_machine = EM_RISCV, .e_version = EV_CURRENT, .e_entry = RV64_BASE,
			.e_phoff = sizeof(Elf64_Ehdr), .e_flags = EF_RISCV_RVC, .e_ehsize = sizeof(Elf64_Ehdr),
			.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2,
		},
		.ph = {
			{.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = 4096, .p_vaddr = RV64_BASE,
			 .p_paddr = RV64_BASE, .p_filesz = RV64_TEXT_BYTES, .p_memsz = RV64_TEXT_BYTES,
			 .p_align = 4096},
			{.p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = 4096 + RV64_TEXT_BYTES,
			 .p_vaddr = RV64_BASE + RV64_TEXT_BYTES, .p_paddr = RV64_BASE + RV64_TEXT_BYTES,
			 .p_filesz = sizeof(img->data), .p_memsz = RV64_END - RV64_BASE - RV64_TEXT_BYTES,
			 .p_align = 4096},
		},
	};
	int err = write_all(fd, &h, sizeof(h));

	if (!err)
		err = write_all(fd, zero, sizeof(zero) - sizeof(h));
	if (!err)
		err = write_all(fd, img->text, sizeof(img->text));
	return err ? err : write_all(fd, img->data, sizeof(img->data));
}

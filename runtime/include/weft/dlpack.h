/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/**
 * DOC: tensors of other libraries, by DLPack
 *
 * DLPack is a C structure by which frameworks lend each other tensors. This header needs no dlpack/dlpack.h; a program that
 * looks into the structure includes that one, too.
 *
 * A tensor of pinned host memory, or of a device that is no card, is kDLCPU with a pointer. One of card memory is kDLExtDev:
 * device_id is the index of the card, data the address of the first element in the address space of this open of it, which only
 * commands of that device can use. Local memory is not lent as kDLCPU even though it can be mapped, since reading it so is slow.
 */
#ifndef WEFT_DLPACK_H
#define WEFT_DLPACK_H

#include "memory.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

struct DLManagedTensor;

/**
 * struct weft_dlpack_desc - which part of a memory is the tensor
 * @size: sizeof
 * @type: enum weft_type
 * @rank: axes, 0 … WEFT_TENSOR_MAX_RANK; 0 = one element
 * @pad: 0
 * @offset: bytes from the beginning of the memory to the first element, a multiple of the element's bytes
 * @shape: elements per axis, each > 0 (and 0 beyond @rank); row-major, without gaps
 */
struct weft_dlpack_desc {
	uint32_t size;
	uint32_t type;
	uint32_t rank;
	uint32_t pad;
	uint64_t offset;
	uint64_t shape[WEFT_TENSOR_MAX_RANK];
};

/**
 * weft_memory_export_dlpack() - lend part of a memory, the blocks of an edge say, as a tensor
 * @memory: not of cells. It keeps one reference until the tensor's deleter is called, so its device cannot be closed before
 * @desc: what of it; the type and shape that the tensor gets
 * @tensor: out; who has it calls tensor->deleter(tensor) once, from any thread. Has strides, and a byte_offset of 0
 *
 * Nothing is copied, and nobody waits: what is in the memory when is between the program and its queues.
 *
 * Return: 0, -EINVAL, -ENOTCONN, -ENOMEM, and of host memory as weft_memory_map().
 */
int weft_memory_export_dlpack(struct weft_memory *memory, const struct weft_dlpack_desc *desc,
			      struct DLManagedTensor **tensor);

/**
 * weft_memory_import_dlpack() - borrow a tensor as memory that a card reads and writes in place
 * @device: a card
 * @tensor: kDLCPU; or one of weft_memory_export_dlpack() of this process, of any device. With success it is the library's, which
 *	calls the deleter when it needs the tensor no more: in the last weft_memory_destroy() of @memory, after no card can reach
 *	it. With failure it stays the caller's
 * @desc: out, of which the caller sets size: where in @memory the tensor is, its type and shape
 * @memory: out; destroy it like any other memory
 *
 * The pages of a kDLCPU tensor, with what else lies on the first and the last of them, become memory of the card by way of
 * /dev/udmabuf, which takes those of a memfd only: they have to be one shared, writable mapping of a memfd with F_SEAL_SHRINK, of
 * which the process still has a descriptor, and not be more than udmabuf's parameter size_limit_mb says. Other tensors have to be
 * copied, by weft_memory_write(), say. The elements have one lane and a type of enum weft_type, follow each
 * other in row-major order without gaps, and are aligned. Where the tensor begins on a page, @desc->offset is 0 and its rows can
 * be blocks of an edge (@memory of struct weft_edge_desc).
 *
 * Return: 0, -EINVAL (a tensor that contradicts itself or has no elements; more than udmabuf takes), -EOVERFLOW (its size),
 * -EOPNOTSUPP (another device, type, or order of elements; memory that cannot be pinned; a device that is no card; the text says
 * which), -EFAULT (no memory of the process), -EACCES (/dev/udmabuf), -ENOTCONN, and as weft_memory_import_fd() and
 * weft_memory_import().
 */
int weft_memory_import_dlpack(struct weft_device *device, struct DLManagedTensor *tensor, struct weft_dlpack_desc *desc,
			      struct weft_memory **memory);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: MIT */
/* Copyright 2026 The weft authors */
/* One job by ioctls alone: fills a page of card memory and reads it back. weft.rst explains the steps. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <drm/weft_accel.h>
#include <firmware/abi/packet.h>

#define LIST_VA	0x10000000ull	/* device addresses are the program's choice */
#define DATA_VA	0x20000000ull
#define BYTES	4096u

static void call(int fd, unsigned long request, void *arg, const char *name)
{
	int ret;

	do
		ret = ioctl(fd, request, arg);
	while (ret && errno == EINTR);
	if (!ret)
		return;
	fprintf(stderr, "job: %s: %s\n", name, strerror(errno));
	exit(1);
}
#define CALL(request, arg)	call(fd, request, arg, #request)

/* An object of card memory, mapped here and bound at @va there. */
static void *object(int fd, __u32 vm, __u64 va, __u32 rights)
{
	struct drm_weft_gem_create gem = { .size = BYTES, .placement = DRM_WEFT_PLACE_LOCAL };
	struct drm_weft_gem_info info;
	struct drm_weft_vm_bind bind;
	void *p;

	CALL(DRM_IOCTL_WEFT_GEM_CREATE, &gem);
	info = (struct drm_weft_gem_info){ .handle = gem.handle };
	CALL(DRM_IOCTL_WEFT_GEM_INFO, &info);
	bind = (struct drm_weft_vm_bind){
		.vm_id = vm, .op = DRM_WEFT_BIND_MAP, .flags = rights, .handle = gem.handle, .va = va, .range = gem.size,
	};
	CALL(DRM_IOCTL_WEFT_VM_BIND, &bind);
	p = mmap(NULL, gem.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)info.mmap_offset);
	if (p == MAP_FAILED) {
		perror("job: mmap");
		exit(1);
	}
	return p;
}

int main(int argc, char **argv)
{
	const char *node = argc > 1 ? argv[1] : "/dev/accel/accel0";
	struct drm_weft_vm_create vm = { .type = DRM_WEFT_VM_FENCE };
	struct drm_weft_queue_create queue = { .band = DRM_WEFT_BAND_NORMAL, .run_limit_ms = 1000 };
	struct drm_syncobj_create sync = { 0 };
	struct drm_weft_sync done = { .flags = DRM_WEFT_SYNC_SIGNAL, .point = 1 };
	struct drm_syncobj_timeline_wait wait = { .count_handles = 1, .timeout_nsec = INT64_MAX };
	struct drm_weft_submit submit = { .list = LIST_VA, .num_packets = 1, .num_syncs = 1 };
	struct weft_pkt_fill fill = { .op = WEFT_PKT_FILL, .width = 4, .dst = DATA_VA, .bytes = BYTES };
	__u64 point = 1;
	unsigned int *data;
	int fd = open(node, O_RDWR | O_CLOEXEC);
	void *list;

	if (fd < 0) {
		perror(node);
		return 1;
	}
	CALL(DRM_IOCTL_WEFT_VM_CREATE, &vm);
	list = object(fd, vm.vm_id, LIST_VA, DRM_WEFT_BIND_READ);
	data = object(fd, vm.vm_id, DATA_VA, DRM_WEFT_BIND_READ | DRM_WEFT_BIND_WRITE);
	queue.vm_id = vm.vm_id;
	CALL(DRM_IOCTL_WEFT_QUEUE_CREATE, &queue);
	CALL(DRM_IOCTL_SYNCOBJ_CREATE, &sync);

	fill.pattern = 0xcafe;
	memcpy(list, &fill, sizeof(fill));
	__atomic_thread_fence(__ATOMIC_SEQ_CST);	/* card memory is mapped write-combined */
	done.handle = sync.handle;
	submit.queue_id = queue.queue_id;
	submit.syncs = (__u64)(unsigned long)&done;
	CALL(DRM_IOCTL_WEFT_SUBMIT, &submit);

	wait.handles = (__u64)(unsigned long)&sync.handle;
	wait.points = (__u64)(unsigned long)&point;
	CALL(DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &wait);
	printf("%#x\n", data[BYTES / 4 - 1]);
	return data[BYTES / 4 - 1] == 0xcafe ? 0 : 1;	/* closing the node frees everything */
}

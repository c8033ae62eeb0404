/* File systems that other machines may use at the same time. */
#include "config.h"

#include "mbox/private.h"

#include <stdint.h>
#include <sys/vfs.h>

#define NFS_MAGIC 0x6969U

static bool
find_type(int fd, uint32_t *type)
{
	struct statfs filesystem;

	if (fstatfs(fd, &filesystem) == -1)
		return false;
	*type = (uint32_t)filesystem.f_type;
	return true;
}

bool
network_is_nfs(int fd)
{
	uint32_t type;

	return find_type(fd, &type) && type == NFS_MAGIC;
}

bool
network_may_share(int fd)
{
	static const uint32_t types[] = {
		NFS_MAGIC, 0x00C36400U, /* CephFS */
		0x65735546U, /* FUSE and virtiofs: GlusterFS, ceph-fuse, ... */
		0xFF534D42U, /* CIFS */
		0xFE534D42U, /* ... and SMB 2 */
		0x01021997U, /* 9P */
		0x01161970U, /* GFS2 */
		0x7461636FU, /* OCFS2 */
		0x0BD00BD0U, /* Lustre */
		0x47504653U, /* GPFS */
		0x5346414FU, /* AFS */
		0x6B414653U, /* kAFS */
		0x19830326U, /* BeeGFS */
	};
	uint32_t type;
	size_t i;

	if (!find_type(fd, &type))
		return true;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i] == type)
			return true;
	return false;
}

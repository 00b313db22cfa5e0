/** Namespace types and the ioctls of nsfs (namespaces(7), ioctl_nsfs(2)). */

export type NsType = 'net' | 'uts' | 'ipc' | 'cgroup' | 'pid' | 'time' | 'user' | 'mnt';

/** CLONE_NEW* by type: what setns(2) and unshare(2) take. */
export const cloneFlag: Readonly<Record<NsType, number>> = {
  net: 0x40000000,
  uts: 0x04000000,
  ipc: 0x08000000,
  cgroup: 0x02000000,
  pid: 0x20000000,
  time: 0x00000080,
  user: 0x10000000,
  mnt: 0x00020000,
};

export function isNsType(type: string | undefined): type is NsType {
  return type !== undefined && Object.hasOwn(cloneFlag, type);
}

export const NSFS_MAGIC = 0x6e736673;
export const NS_GET_USERNS = 0xb701;
export const NS_GET_PARENT = 0xb702;
export const NS_GET_NSTYPE = 0xb703;
/** _IOR(0xb7, 13, __u64): Linux 6.18. */
export const NS_GET_ID = 0x8008b70d;

/** struct nsfs_file_handle: u64 id, u32 type, u32 inode, behind a struct file_handle header of u32 bytes, s32 type. */
export const FILEID_NSFS = 0xf1;
export const NSFS_HANDLE_BYTES = 16;

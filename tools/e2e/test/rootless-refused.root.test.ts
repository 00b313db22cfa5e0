import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asUser, mainForUsers, noUsers, openToUsers } from './lib/user.ts';
import { build, World, type Result } from './lib/world.ts';

const why = noUsers();

/** What an ordinary user is told where user namespaces are forbidden; each in a mount namespace of its own, with files that stand for the machine's. */
describe.skipIf(why !== undefined)(`where an ordinary user gets no user namespace${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  const create = [process.execPath, mainForUsers, 'create', 'name', 'web', 'vir', 'net'];
  /** Says what imgctl says, after `prepare`, run by `under`. */
  const told = async (prepare: string, ...under: readonly string[]): Promise<string> => {
    const { status, err } = await world.run(['unshare', '-m', 'sh', '-ec', `${prepare}\nexec "$@"`, 'sh', ...asUser(1234, ...under, ...create)]);
    expect(status, err).toBe(125);
    return err;
  };

  beforeAll(async () => {
    world = await World.open();
    await openToUsers(world, 1234);
    build('deny-call', path.join(world.scratch, 'deny-call'), '-static');
    await world.sh(`cp ${path.join(world.scratch, 'deny-call')} /mnt/deny-call; chmod 755 /mnt/deny-call`);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it.each([
    ['/proc/sys/kernel', 'unprivileged_userns_clone', '0', 'userns', /EPERM: user namespace: it cannot be made: kernel\.unprivileged_userns_clone is 0: .*set it to 1, or run as root/],
    ['/proc/sys/user', 'max_user_namespaces', '0', 'userns', /EPERM: user namespace: it cannot be made: user\.max_user_namespaces is 0: .*raise it, or run as root without `vir user`/],
    ['/proc/sys/kernel', 'apparmor_restrict_unprivileged_userns', '1', 'mount', /EPERM: user namespace: nothing is permitted in it: kernel\.apparmor_restrict_unprivileged_userns is 1: .*profile.*or run as root/],
  ] as const)('%s/%s', async (dir, file, value, denied, expected) => {
    expect(await told(`mount -t tmpfs -o mode=755 tmpfs ${dir}; echo ${value} > ${dir}/${file}`, '/mnt/deny-call', denied)).toMatch(expected);
  });

  it('a filter of system calls', async () => {
    expect(await told('', '/mnt/deny-call', 'userns')).toMatch(/EPERM: user namespace: it cannot be made: a filter of system calls \(seccomp\).*docker run --security-opt.*outside of it/);
  });

  it('a chroot', async () => {
    const { status, err } = await world.run(['unshare', '-m', 'sh', '-ec', `
      mkdir -p /run/jail/tmp; for each in /*; do
        [ -d "$each" ] && [ ! -L "$each" ] && [ "$each" != /tmp ] || continue
        mkdir -p /run/jail$each; mount --rbind $each /run/jail$each
      done
      for each in bin sbin lib lib64; do [ ! -L /$each ] || ln -s $(readlink /$each) /run/jail/$each; done
      exec chroot /run/jail "$@"`, 'sh', ...asUser(1234, ...create)]);
    await world.sh('rm -rf --one-file-system /run/jail');
    expect({ status, err }).toEqual({ status: 125, err: expect.stringMatching(/EPERM: user namespace: it cannot be made: this process is in a chroot\(2\).*pivot_root\(2\).*or run as root/) as unknown });
  });

  it('what a container around covers, and what works without it', async () => {
    const run = (prepare: string, ...vir: readonly string[]): Promise<Result> =>
      world.run(['unshare', '-m', 'sh', '-ec', `${prepare}\nexec "$@"`, 'sh', ...asUser(1234, process.execPath, mainForUsers, 'run', 'vir', ...vir, '--', 'true')]);
    const proc = 'mount -t tmpfs -o ro tmpfs /proc/bus';
    expect(await run(proc, 'proc')).toMatchObject({ status: 125, err: expect.stringMatching(/EPERM: mount \(in a container that covers parts of \/proc there is no `vir proc`\): \/proc/) as unknown });
    expect(await run(proc, 'net')).toMatchObject({ status: 0, err: '' });
    const sys = 'mount -t tmpfs -o ro tmpfs /sys/kernel';
    expect(await run(sys, 'net')).toMatchObject({ status: 125, err: expect.stringMatching(/EPERM: mount \(in a container that covers parts of \/sys there is no `vir net`\): \/sys/) as unknown });
    expect(await run(sys, 'proc')).toMatchObject({ status: 0, err: '' });
  });

  it('help is there all the same', async () => {
    const { status, out } = await world.run(asUser(1234, '/mnt/deny-call', 'userns', process.execPath, mainForUsers, 'create', '--help'));
    expect({ status, out }).toMatchObject({ status: 0, out: expect.stringContaining('usage: imgctl create') as unknown });
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { asUser, mainForUsers, noUsers, openToUsers, userImgctl } from './lib/user.ts';
import { missing, World, type Result } from './lib/world.ts';

const why = noUsers();
const noRanges = missing('newuidmap', 'uidmap') ?? missing('newgidmap', 'uidmap');

/** Which users there are in an ordinary user's images: by his lines in /etc/subuid and /etc/subgid. */
describe.skipIf(why !== undefined)(`users without root${why === undefined ? '' : `: ${why}`}`, () => {
  let world: World;
  let before: readonly string[];
  const imgctl = (...args: readonly string[]): Promise<Result> => userImgctl(world, 1234, args);
  const exec = async (...args: readonly string[]): Promise<string> => (await imgctl('exec', ...args)).out.trim().replaceAll(/ +/g, ' ');
  const ranges = (uids: string, gids: string): Promise<string> => world.sh(`echo '${uids}' > /etc/subuid; echo '${gids}' > /etc/subgid`);

  beforeAll(async () => {
    world = await World.open();
    await openToUsers(world, 1234);
    // A copy, in this mount namespace: the machine's own file is not touched.
    await world.sh(`cp -a /etc /mnt/etc; mount --bind /mnt/etc /etc; echo 'dave:x:1234:1234::/:/bin/sh' >> /etc/passwd; echo 'dave:x:1234:' >> /etc/group`);
    await imgctl('ls');
    before = await world.traces();
  });
  afterEach(async () => {
    await imgctl('destroy', '-g', '0', 'web');
    expect(await world.traces()).toEqual(before);
  });
  afterAll(() => world[Symbol.asyncDispose]());

  /** `UID:GID` outside of the process whose words end so, or nothing while there is none. */
  const usersOf = async (words: string): Promise<string> => {
    const pid = world.processes().find((line) => line.endsWith(words))?.split(' ')[0];
    return pid === undefined ? '' : (await world.sh(`stat -c %u:%g /proc/${pid} 2>/dev/null || true`)).trim();
  };

  describe.skipIf(noRanges !== undefined)(`with ranges${noRanges === undefined ? '' : `: ${noRanges}`}`, () => {
    for (const [by, name] of [['name', 'dave'], ['number', '1234']] as const) {
      it(`has the numbers of the lines, by ${by}`, async () => {
        await ranges(`other:100000:1000\n${name}:200000:65536`, `${name}:300000:65536`);
        expect(await imgctl('create', 'name', 'web', 'vir', 'proc')).toMatchObject({ status: 0, err: '' });
        expect(await exec('web', '--', 'sh', '-c', 'cat /proc/self/uid_map /proc/self/gid_map')).toBe('0 1234 1\n 1 200000 65536\n 0 1234 1\n 1 300000 65536');
        expect(await exec('-u', 'nobody', 'web', '--', 'id', '-u')).toBe('65534');
        // Outside, it is the number of the range, and nobody's: files of the machine's users are not its.
        await imgctl('exec', '-d', '-u', '7', 'web', '--', 'sh', '-c', 'exec sleep 814 >/dev/null 2>&1');
        await expect.poll(() => usersOf(' sleep 814 ')).toMatch(/^200006:/);
        expect((await imgctl('exec', '-u', '7', 'web', '--', 'ls', '/run/user/1234')).status).not.toBe(0);
      });
    }

    it('gives users of its own to an image, out of the range', async () => {
      await ranges('dave:200000:65536', 'dave:300000:65536');
      expect(await imgctl('create', 'name', 'web', 'vir', 'user', 'uid', '0=1000:1000')).toMatchObject({ status: 0, err: '' });
      expect(await exec('web', '--', 'sh', '-c', 'id -u; cat /proc/self/uid_map')).toBe('0\n 0 1000 1000');
      await imgctl('exec', '-d', 'web', '--', 'sh', '-c', 'exec sleep 815 >/dev/null 2>&1');
      await expect.poll(() => usersOf(' sleep 815 ')).toBe('200999:300999');
    });

    it('says that a line was not given, and goes on with root alone', async () => {
      await ranges('dave:200000:65536', 'dave:300000:65536');
      await world.sh('mkdir /mnt/none; chmod 755 /mnt/none; for p in node env; do ln -s $(command -v $p) /mnt/none/; done');
      const hidden = await world.run(asUser(1234, 'env', 'PATH=/mnt/none', process.execPath, mainForUsers, 'create', 'name', 'web', 'vir', 'proc'));
      expect(hidden.status).toBe(0);
      expect(hidden.err).toMatch(/newgidmap does not give you your numbers of \/etc\/subgid \(it is not installed; Debian: uidmap\)[^]*newuidmap/);
      expect(await exec('web', '--', 'id', '-u')).toBe('0');
    });

    it('says so as well where newuidmap refuses', async () => {
      // Overlaps what the kernel can hold: the program itself refuses.
      await ranges('dave:4294967295:2', 'dave:300000:65536');
      const made = await imgctl('create', 'name', 'web', 'vir', 'proc');
      expect(made).toMatchObject({ status: 0, err: expect.stringContaining('newuidmap does not give you your numbers of /etc/subuid (run it by hand to see why)') as unknown });
      expect(await exec('web', '--', 'sh', '-c', 'id -u; cat /proc/self/uid_map')).toBe('0\n 0 1234 1');
    });
  });

  it('has root alone without lines, and says what more takes', async () => {
    await ranges('', '');
    expect(await imgctl('create', 'name', 'web', 'vir', 'proc')).toMatchObject({ status: 0, err: '' });
    expect(await exec('-u', '0', 'web', '--', 'id', '-u')).toBe('0');
    const refused = await imgctl('exec', '-u', 'nobody', 'web', '--', 'true');
    expect(refused).toMatchObject({ status: 125, err: expect.stringMatching(/nobody: it is nobody's number here, and root \(-u 0\) works: .*\/etc\/subuid and \/etc\/subgid.*uidmap/) as unknown });
  });
});

import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { box, cannotInside, images, imgexec, InsideWorld, main } from './lib/inside.ts';
import type { Result, World } from './lib/world.ts';

const why = cannotInside();

/** Images that are made in images, by root of those: with users of their own and children.max. */
describe.skipIf(why !== undefined)(`images made inside images${why === undefined ? '' : `: ${why}`}`, () => {
  let at: InsideWorld;
  let world: World;
  let before: readonly string[];
  const imgctl = (...args: readonly string[]): Promise<Result> => at.imgctl(...args);
  const ok = (...args: readonly string[]): Promise<string> => at.ok(...args);
  const inside = (image: string, ...args: readonly string[]): Promise<Result> => at.inside(image, ...args);
  const okInside = (image: string, ...args: readonly string[]): Promise<string> => at.okInside(image, ...args);
  const sh = (image: string, script: string): Promise<Result> => at.sh(image, script);
  const perl = 'perl -e';

  beforeAll(async () => {
    at = await InsideWorld.open();
    world = at.world;
    before = await world.traces();
  });
  afterEach(async () => {
    for (const image of ['lab', 'other']) await imgctl('destroy', '-g', '0', image);
    expect(await world.traces()).toEqual(before);
  });
  afterAll(() => at[Symbol.asyncDispose]());

  it('are not made by who shares the users of another, and he is told what would help', async () => {
    await ok('create', ...box('lab', 2, ...images));
    await ok('create', 'name', 'other', 'children.max', '2', 'vir', 'user', 'share', 'lab', 'vir', 'fs', 'share', 'lab');
    const { status, err } = await inside('other', 'ls');
    expect(status).toBe(1);
    expect(err).toMatch(/^imgctl: EPERM: \/run\/vimage is of somebody who is not among the users here\n.*children\.max 8\n.*`vir user share`.*its own `vir user`/);
    expect(err).not.toContain('chown');
  });

  it('have a network also in one that has none, whose /sys is read-only', async () => {
    await ok('create', ...box('lab', 2, ...images).filter((word, at, words) => word !== 'net' && words[at + 1] !== 'net'));
    await okInside('lab', 'create', 'name', 'web', 'vir', 'net', 'vir', 'proc');
    expect(await okInside('lab', 'exec', 'web', '--', 'sh', '-c', 'ls /sys/class/net; ip -br link | wc -l')).toBe('lo\n1\n');
  });

  it('have a process table also in one that has none, and its /proc is read-only as the one around', async () => {
    await ok('create', 'name', 'lab', 'children.max', '4', 'vir', 'user', 'vir', 'fs', 'root', 'host', 'tmpfs', '/run,/tmp');
    await okInside('lab', 'create', 'name', 'web', 'vir', 'net', 'vir', 'proc');
    expect(await sh('lab.web', 'ls /sys/class/net; ps -o args= 1; echo 5 > /sys/class/net/lo/mtu; echo 5 > /proc/self/oom_score_adj'))
      .toMatchObject({ out: expect.stringMatching(/^lo\n.*imgexec init\n$/) as unknown, err: expect.stringMatching(/lo\/mtu: Read-only file system\n.*oom_score_adj: Read-only file system/) as unknown });
    expect(await inside('lab', 'create', 'name', 'db', 'vir', 'user')).toMatchObject({ status: 1, err: expect.stringMatching(/EROFS: .*uid_map: EROFS\n.*where the image has `vir proc`/) as unknown });
    expect(await inside('lab', 'run', 'vir', 'net', '--', 'ls', '/sys/class/net')).toMatchObject({ status: 0, out: 'lo\n', err: '' });
  });

  it('are made, entered, listed and destroyed three levels deep, each level seeing its own', async () => {
    await ok('create', ...box('lab', 2, ...images));
    expect(await okInside('lab', 'ls')).toBe('');
    await okInside('lab', 'create', ...box('mid', 2, ...images));
    await okInside('lab.mid', 'create', ...box('leaf', 1, ...images));
    await okInside('lab.mid.leaf', 'create', 'name', 'seed', 'vir', 'net', 'addr', 'lo=10.3.3.3/32');
    const names = (text: string): readonly string[] => text.split('\n').slice(1).flatMap((line) => line.split(' ', 1)).filter((name) => name !== '');
    expect(names(await okInside('lab.mid.leaf', 'ls'))).toEqual(['seed']);
    expect(names(await okInside('lab.mid', 'ls'))).toEqual(['leaf', 'leaf.seed']);
    expect(names(await okInside('lab', 'ls'))).toEqual(['mid', 'mid.leaf', 'mid.leaf.seed']);
    expect(names(await ok('ls'))).toEqual(['lab', 'lab.mid', 'lab.mid.leaf', 'lab.mid.leaf.seed']);
    expect(JSON.parse(await ok('ls', '--json', 'lab.mid.leaf.seed'))).toMatchObject([{ name: 'lab.mid.leaf.seed', state: 'inside', parent: 'lab.mid.leaf', persist: true }]);

    expect(await ok('exec', 'lab.mid.leaf.seed', '--', 'ip', '-br', 'addr', 'show', 'lo')).toContain('10.3.3.3/32');
    expect(await world.run(['sh', '-c', `echo words | ${process.execPath} ${main} exec --env A=b -u nobody --cwd /tmp lab.mid -- sh -c 'cat; echo $A; id -un; pwd; exit 7'`]))
      .toMatchObject({ status: 7, out: 'words\nb\nnobody\n/tmp\n' });
    expect(await ok('exec', '--clean-env', 'lab.mid', '--', 'env')).not.toContain('LC_ALL');
    expect((await imgctl('exec', 'lab.mid', '--', '/nonesuch')).status).toBe(127);
    expect((await imgctl('exec', '-d', 'lab.mid', '--', '/nonesuch')).status).toBe(127);
    await world.sh(`${process.execPath} ${main} exec -d lab.mid -- sleep 816 >/dev/null 2>&1`);
    expect(await ok('ps', 'lab')).toContain('sleep 816');
    expect((await world.run([imgexec, '--clean-env', '--env', 'A=b', 'lab.mid', '--', 'env'])).out.trim().split('\n').map((line) => line.split('=', 1)[0]).sort()).toEqual(expect.arrayContaining(['A', 'PATH']));

    await okInside('lab.mid', 'destroy', 'leaf');
    expect(names(await ok('ls'))).toEqual(['lab', 'lab.mid']);
    await sh('lab.mid', 'sleep 813 >/dev/null 2>&1 &');
    expect(await ok('ps', 'lab')).toContain('sleep 813');
    expect(await ok('destroy', '-g', '0', 'lab')).toMatch(/^removed lab; \d+ processes ended/);
    expect(world.processes().filter((line) => line.includes('sleep 813'))).toEqual([]);
  });

  it('are not managed from outside, which says who does', async () => {
    await ok('create', ...box('lab', 2, ...images));
    await okInside('lab', 'create', 'name', 'web');
    for (const words of [['destroy', 'lab.web'], ['set', 'lab.web', 'persist', 'true'], ['get', 'lab.web'], ['ps', 'lab.web'], ['refs', 'lab.web']]) {
      expect(await imgctl(...words)).toMatchObject({ status: 1, err: expect.stringMatching(/EOPNOTSUPP: "lab\.web" was made inside "lab".*\n.*imgctl exec lab -- imgctl/) });
    }
    expect(await imgctl('exec', '-e', 'lab.web', '--', 'id')).toMatchObject({ status: 125, err: expect.stringContaining('made inside "lab"') });
    expect(await imgctl('exec', 'lab.gone', '--', 'id')).toMatchObject({ err: expect.stringContaining('ESRCH') });
  });

  it('are as many as children.max says, also when that changes', async () => {
    await ok('create', ...box('lab', 1, ...images));
    await okInside('lab', 'create', 'name', 'a');
    expect(await inside('lab', 'create', 'name', 'b')).toMatchObject({ status: 1, err: expect.stringContaining('children.max 1') });
    await ok('set', 'lab', 'children.max', '2');
    await okInside('lab', 'create', 'name', 'b');
    expect(await inside('lab', 'create', 'name', 'c')).toMatchObject({ status: 1, err: expect.stringContaining('children.max 2') });
  });

  it.each([
    ['with a root of its own', box('lab', 0, ...images)],
    ['in the machine’s own files', ['name', 'lab', 'vir', 'user', 'vir', 'net', 'vir', 'proc']],
  ])('are none without children.max, %s', async (_, pairs) => {
    await ok('create', ...pairs);
    expect(await inside('lab', 'create', 'name', 'b')).toMatchObject({ status: 1, err: expect.stringMatching(/imgctl set NAME children\.max/) });
    expect((await sh('lab', 'touch /run/vimage/x')).status).not.toBe(0);
  });

  it('take allow.images of priv, and say so', async () => {
    await ok('create', ...box('lab', 2));
    expect(await inside('lab', 'create', 'name', 'b')).toMatchObject({ status: 1, err: expect.stringMatching(/EPERM: root here lacks .*\n.*vir priv allow\.images true/) });
    await ok('set', 'lab', 'vir', 'priv', 'allow.images', 'true');
    await okInside('lab', 'create', 'name', 'b', 'vir', 'net', 'vir', 'proc');
    expect(await sh('lab.b', 'ps ax | wc -l')).toMatchObject({ status: 0 });
  });

  it('never have more than the image that they are in, whatever they ask', async () => {
    await ok('create', ...box('lab', 2, ...images));
    await okInside('lab', 'create', ...box('web', 1, ...images, 'allow.raw_sockets', 'true', 'allow.chflags', 'true', 'allow.bpf', 'true'));
    expect((await sh('lab.web', `${perl} 'socket(S, 2, 3, 1) or die "$!\n"'`)).err).toBe('Operation not permitted\n');
    expect((await sh('lab.web', `${perl} 'socket(S, 17, 3, 0) or die "$!\n"'`)).err).toBe('Operation not permitted\n');
    expect((await sh('lab.web', `unshare -Urn ${perl} 'socket(S, 2, 10, 768) or die "$!\n"'`)).err).toBe('Operation not permitted\n');
    expect((await sh('lab.web', `${perl} 'socket(S, 10, 524290, 0) or die "$!\n"'`)).err).toBe('');
    const status = (await sh('lab.web', 'cat /proc/self/status')).out;
    expect(status).toMatch(/NoNewPrivs:\s*1/);
    expect(status).toMatch(/Seccomp_filters:\s*2/);
    expect((await sh('lab.web', 'cat /proc/self/uid_map')).out.trim().split(/\s+/).at(2)).toBe('65536');
  });

  it('reach neither up, nor sideways, nor into another registry', async () => {
    await ok('create', ...box('lab', 2, ...images));
    await ok('create', ...box('other', 2, ...images));
    await okInside('lab', 'create', ...box('web', 2, ...images));
    await okInside('lab', 'create', ...box('db', 2, ...images));
    await okInside('other', 'create', 'name', 'secret');
    const outer = world.spawn(['sleep', '814']);
    for (const image of ['lab', 'lab.web']) {
      // No other image is known by any name.
      for (const name of ['other', 'lab', 'lab.web', 'db.x', '..', 'other.secret']) expect((await inside(image, 'destroy', name)).status, name).not.toBe(0);
      // What covers the registry around cannot be taken away, nor looked at by another way.
      const tried = await sh(image, `umount /run/vimage; umount -l /run/vimage; umount -l /run; umount -R /run; umount -l /; mount --move /run/vimage /tmp
        for root in /proc/[0-9]*/root /proc/[0-9]*/cwd; do ls -a $root/run/vimage/img; done; cat /run/vimage/../vimage/generation; mount -t tmpfs none /tmp && ls /run/vimage/img`);
      expect(tried.out).not.toMatch(/\b(lab|other|secret)\b/);
      // Nobody outside can be signalled, nor seen.
      expect((await sh(image, `kill -0 ${outer.pid}; kill -9 ${outer.pid}; ls /proc/${outer.pid}; ps ax`)).out).not.toContain('sleep 814');
      expect(outer.exitCode).toBeNull();
    }
    expect((await sh('lab.web', 'ls /run/vimage/img')).out).toBe('');
    expect((await sh('lab', 'ls /run/vimage/img')).out).toBe('db\nweb\n');
    outer.kill();
  });

  it('cannot make outside run, follow or wait for anything by what they write', async () => {
    await ok('create', ...box('lab', 8, ...images));
    await okInside('lab', 'create', 'name', 'web', 'vir', 'net');
    await sh('lab', `cd /run/vimage/img
      cp -r web evil; cp -r web link; rm link/pairs; ln -s /etc/passwd link/pairs
      mkdir fifo huge out; mkfifo fifo/pairs; head -c 100000000 /dev/zero > huge/pairs; ln -s ../../../../../img out/img; printf 'persist\\0true\\0' > out/pairs; ln -s / rootlink
      mkdir -p web/img; ln -s ../.. web/img/loop; mkdir 'a b' ..x; printf 'vir\\0\\033[31mred\\0' > evil/pairs; i=0; while [ $i -lt 1200 ]; do mkdir n$i; i=$((i+1)); done
      # A plan that would run in the cgroup, and join the namespaces, of another.
      tr '\\0' '\\n' < web/plan | sed 's/^web$/evil/; s,^/.*procs$,/sys/fs/cgroup,' | tr '\\n' '\\0' > evil/plan`);
    const listed = await imgctl('ls');
    expect(listed).toMatchObject({ status: 0, err: '' });
    expect(listed.out).toContain('lab.web');
    expect(listed.out).not.toContain('\u001b');
    expect(listed.out).not.toMatch(/lab\.(link|fifo|huge)\b/);
    expect(await imgctl('ls', '--json')).toMatchObject({ status: 0 });
    for (const image of ['lab.evil', 'lab.link', 'lab.fifo', 'lab.out', 'lab.rootlink', 'lab.web.loop', 'lab.web.loop.web']) {
      const { out } = await sh(image, 'cat /proc/self/uid_map /proc/1/cgroup; readlink /proc/self/ns/user');
      // It ran inside, or not at all.
      if (out !== '') expect(out.trim().split(/\s+/).slice(0, 3), image).toEqual((await sh('lab', 'cat /proc/self/uid_map')).out.trim().split(/\s+/));
    }
    expect(await ok('destroy', 'lab')).toContain('removed lab');
  });

  it('stand in a mount view that is not changed under them', async () => {
    await ok('create', ...box('lab', 2, ...images));
    await okInside('lab', 'create', 'name', 'web', 'vir', 'net');
    expect(await imgctl('set', 'lab', 'vir', 'net', 'dns', '10.0.0.1')).toMatchObject({ status: 1, err: expect.stringMatching(/EBUSY.*made inside it/) });
    expect(await ok('get', 'lab')).not.toContain('dns');
    expect((await sh('lab.web', 'true')).status).toBe(0);
    await okInside('lab', 'destroy', 'web');
    expect((await imgctl('set', 'lab', 'vir', 'net', 'dns', '10.0.0.1')).status).toBe(0);
    expect((await sh('lab', 'cat /etc/resolv.conf')).out).toContain('10.0.0.1');
  });

  it('do not keep a change of the image from holding, nor the image from going, by what their owner puts in their registry', async () => {
    await ok('create', ...box('lab', 2, ...images));
    await sh('lab', 'rm /run/vimage/children.max; mkdir -p /run/vimage/children.max/x; rm -rf /run/vimage/img; echo > /run/vimage/img');
    await ok('set', 'lab', 'vir', 'net', 'dns', '10.0.0.1');
    expect((await sh('lab', 'cat /etc/resolv.conf')).out).toContain('10.0.0.1');
    await sh('lab', 'rm /run/vimage/img; ln -s /etc /run/vimage/img');
    await ok('set', 'lab', 'vir', 'net', 'dns', '10.0.0.2');
    expect((await sh('lab', 'cat /etc/resolv.conf')).out).toContain('10.0.0.2');
    await sh('lab', `${perl} 'chdir "/run/vimage"; for (1..3000) { mkdir "d"; chdir "d" or die }'`);
    expect(await ok('destroy', 'lab')).toContain('removed lab');
  });

  it.skipIf(!existsSync('/proc/sys/vm/memfd_noexec'))('are entered where what is in memory is not to be executed unasked', async () => {
    const script = `set -e; mount -t tmpfs -o mode=755 tmpfs /run; ip link set lo up; echo 1 > /proc/sys/vm/memfd_noexec
      imgctl() { ${process.execPath} ${main} "$@"; }
      imgctl create name lab children.max 2 vir user vir fs root host tmpfs /run,/tmp vir proc; imgctl exec lab -- ${process.execPath} ${main} create name web
      imgctl exec lab.web -- echo fine; imgctl destroy -g 0 lab`;
    // The setting is of the pid namespace.
    expect(await world.run(['unshare', '-pfmn', '--mount-proc', 'sh', '-c', script])).toMatchObject({ status: 0, out: expect.stringContaining('fine\n') });
  });

  it('go with the image in which they are, also when everything of it was killed', async () => {
    await ok('create', ...box('lab', 2, ...images));
    await okInside('lab', 'create', ...box('web', 2, ...images));
    await sh('lab.web', 'sleep 815 >/dev/null 2>&1 &');
    // All at once: some end with others.
    await world.run(['sh', '-c', `kill -9 ${world.processes().filter((each) => !each.includes('sleep infinity')).map((line) => line.split(' ')[0]).join(' ')}`]);
    expect((await imgctl('destroy', '-g', '0', 'lab')).out).toContain('removed lab');
  });
});

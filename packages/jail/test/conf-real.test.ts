import { expect, test } from 'vitest';
import { got } from './conf/fixture.ts';

test('the example of the man page: defaults, a typical jail, one that overrides them', () => {
  const text = `
# Typical static defaults:
exec.start = "/bin/sh /etc/rc";
exec.stop = "/bin/sh /etc/rc.shutdown jail";
exec.clean;
mount.devfs;
path = "/var/jail/$name";	# from the name of the jail

foo {
	host.hostname = "foo.com";
	ip4.addr = 10.1.1.1, 10.1.1.2, 10.1.1.3;
}

bar {
	exec.start = '';
	exec.stop = '';
	path = /;
	mount.nodevfs;
	persist;	// no processes keep it
}
`;
  expect(got(text)).toEqual({
    foo: {
      'exec.start': ['/bin/sh /etc/rc'], 'exec.stop': ['/bin/sh /etc/rc.shutdown jail'], 'exec.clean': ['true'], 'mount.devfs': ['true'], path: ['/var/jail/foo'],
      'host.hostname': ['foo.com'], 'ip4.addr': ['10.1.1.1', '10.1.1.2', '10.1.1.3'],
    },
    bar: { 'exec.start': [''], 'exec.stop': [''], 'exec.clean': ['true'], 'mount.devfs': ['false'], path: ['/'], persist: ['true'] },
  });
});

test('one file for each jail, with a vnet whose bridge is joined by scripts, as a manager of many writes it', () => {
  const jail = (name: string, number: number): string => `
${name} {
  enforce_statfs = 2;
  devfs_ruleset = 13;
  exec.clean;
  exec.consolelog = /var/log/jails/${name}_console.log;
  exec.start = '/bin/sh /etc/rc';
  exec.stop = '/bin/sh /etc/rc.shutdown';
  host.hostname = ${name};
  mount.devfs;
  mount.fstab = /usr/local/jails/${name}/fstab;
  path = /usr/local/jails/${name}/root;
  securelevel = 2;
  osrelease = 14.1-RELEASE;

  vnet;
  vnet.interface = e0b_${name};
  exec.prestart += "ifconfig epair${number} create up && ifconfig bridge0 addm epair${number}a";
  exec.prestart += "ifconfig epair${number}b name e0b_${name}";
  exec.poststop += "ifconfig epair${number}a destroy";
}
`;
  const jails = got('.include "/usr/local/jails/*";', { '/usr/local/jails/db': jail('db', 1), '/usr/local/jails/web': jail('web', 2) });
  expect(Object.keys(jails)).toEqual(['db', 'web']);
  expect(jails['web']).toMatchObject({
    'exec.consolelog': ['/var/log/jails/web_console.log'], osrelease: ['14.1-RELEASE'], vnet: ['true'], 'vnet.interface': ['e0b_web'],
    'exec.prestart': ['ifconfig epair2 create up && ifconfig bridge0 addm epair2a', 'ifconfig epair2b name e0b_web'],
  });
});

test('thin jails on one template: numbers as variables, addresses and fstab from them', () => {
  const text = `
$domain = "lan.example";
$net = "192.0.2";
* {
    host.hostname = "\${name}.$domain";
    path = "/jails/thin/\${name}";
    ip4.addr = "em0|$net.$number/24", "lo1|127.0.1.$number/32";
    mount += "/jails/base \${path}/base nullfs ro 0 0";
    mount += "devfs \${path}/dev devfs rw 0 0";
    allow.raw_sockets = 0;
    allow.nomount;
    exec.prestart = "logger trying to start jail $name...";
    exec.poststart = "logger jail \${name} has started", "logger at \${ip}";
    $ip = "$net.$number";
}
mail { $number = 25; depend = dns; }
dns { $number = 53; allow.raw_sockets = 1; exec.poststart += 'echo $name'; }
* { persist; }
`;
  const { mail, dns } = got(text);
  expect(mail).toEqual({
    'host.hostname': ['mail.lan.example'], path: ['/jails/thin/mail'], 'ip4.addr': ['em0|192.0.2.25/24', 'lo1|127.0.1.25/32'],
    mount: ['/jails/base /jails/thin/mail/base nullfs ro 0 0', 'devfs /jails/thin/mail/dev devfs rw 0 0'], 'allow.raw_sockets': ['0'], 'allow.mount': ['false'],
    'exec.prestart': ['logger trying to start jail mail...'], 'exec.poststart': ['logger jail mail has started', 'logger at 192.0.2.25'], depend: ['dns'], persist: ['true'],
  });
  expect(dns).toMatchObject({ 'allow.raw_sockets': ['1'], 'exec.poststart': ['logger jail dns has started', 'logger at 192.0.2.53', 'echo $name'] });
});

test('a jail with jails inside, as poudriere and nested builders have them', () => {
  const text = `
build { children.max = 20; allow.mount; allow.mount.tmpfs; path = /build; vnet = new; }
build.* { path = "/build/$name"; ip4 = inherit; allow.mount.notmpfs; }
"build.14-amd64" { }
build.ports { allow.mount.tmpfs; }
`;
  expect(got(text)).toEqual({
    build: { 'children.max': ['20'], 'allow.mount': ['true'], 'allow.mount.tmpfs': ['true'], path: ['/build'], vnet: ['new'] },
    'build.14-amd64': { path: ['/build/build.14-amd64'], ip4: ['inherit'], 'allow.mount.tmpfs': ['false'] },
    'build.ports': { path: ['/build/build.ports'], ip4: ['inherit'], 'allow.mount.tmpfs': ['true'] },
  });
});

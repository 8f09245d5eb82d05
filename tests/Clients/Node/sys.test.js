'use strict';
const { test } = require('node:test');
const path = require('node:path');
const { assert, client, mount, name, refused, root } = require('./scene.js');

test('the node says how it is', async () => {
  assert.deepEqual(await root().initialized(), { initialized: true });
  assert.equal((await root().status()).sealed, false);
  const health = await root().health({ standbyok: true, sealedcode: 299 });
  assert.deepEqual([health.initialized, health.sealed, health.standby], [true, false, false]);
  assert.equal(typeof (await root().leader()).ha_enabled, 'boolean');
});

test('a mount is moved and removed', async (t) => {
  const [from, to] = [await mount(t, 1), name('moved')];
  await root().write(`${from}/x`, { v: '1' });
  await root().remount({ from, to });
  t.after(() => root().unmount({ mount_point: to }));
  assert.deepEqual((await root().read(`${to}/x`)).data, { v: '1' });
  const mounts = await root().mounts();
  assert.equal(mounts[`${to}/`].type, 'kv');
  assert.equal(mounts.data[`${from}/`], undefined);
  await refused(root().mount({ mount_point: to, type: 'kv' }), 400, `path is already in use at ${to}/`);
});

test('a login method is switched on, used and switched off', async (t) => {
  const at = name('userpass');
  await root().enableAuth({ mount_point: at, type: 'userpass', description: 'people' });
  t.after(() => root().disableAuth({ mount_point: at }));
  assert.equal((await root().auths())[`${at}/`].description, 'people');
  await root().write(`auth/${at}/users/alice`, { password: 'correct horse', policies: 'default' });
  const person = client();
  const login = await person.userpassLogin({ mount_point: at, username: 'alice', password: 'correct horse' });
  assert.deepEqual([login.auth.policies, login.auth.metadata], [['default'], { username: 'alice' }]);
  const self = (await person.tokenLookupSelf()).data;
  assert.deepEqual([self.display_name, self.path], [`${at}-alice`, `auth/${at}/login/alice`]);
  await refused(client().userpassLogin({ mount_point: at, username: 'alice', password: 'wrong' }), 400,
    'invalid username or password');
  const entity = (await root().read(`identity/entity/id/${self.entity_id}`)).data;
  assert.deepEqual(entity.aliases.map((alias) => alias.name), ['alice']);
});

test('an audit sink comes and goes', async (t) => {
  const at = name('sink');
  const file = path.join(process.env.KIST_AUDIT_FOLDER, `${at}.log`);
  await root().enableAudit({ name: at, type: 'file', options: { file_path: file } });
  t.after(() => root().disableAudit({ name: at }));
  assert.equal((await root().audits())[`${at}/`].options.file_path, file);
});

test('leases that are not there', async () => {
  await refused(root().renew({ lease_id: 'no/such' }), 400, 'lease not found');
  await root().revoke({ lease_id: 'no/such' });
  await root().revokePrefix({ path_prefix: 'no/such' });
});

test('keys are rotated and a root token is not made by halves', async () => {
  await root().rotate();
  const begun = await root().generateRootInit({ otp: '' });
  assert.deepEqual([begun.started, begun.progress, begun.complete], [true, 0, false]);
  await root().generateRootCancel();
  assert.equal((await root().read('sys/generate-root/attempt')).started, false);
});

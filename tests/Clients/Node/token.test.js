'use strict';
const { test } = require('node:test');
const { assert, client, denied, name, policy, refused, root, token } = require('./scene.js');

test('a token is made, looked up, renewed and revoked', async () => {
  const made = await token({ policies: ['default'], ttl: '1h', renewable: true, meta: { team: 'a' } });
  const own = client(made.client_token);
  const self = (await own.tokenLookupSelf()).data;
  assert.deepEqual([self.accessor, self.meta, self.orphan, self.renewable, self.type],
    [made.accessor, { team: 'a' }, false, true, 'service']);
  assert.equal((await root().tokenLookup({ token: made.client_token })).data.accessor, made.accessor);
  assert.equal((await root().tokenLookupAccessor({ accessor: made.accessor })).data.id, '');
  assert.ok((await root().tokenAccessors()).data.keys.includes(made.accessor));
  assert.equal((await root().tokenRenew({ token: made.client_token, increment: 7200 })).auth.lease_duration, 7200);
  assert.equal((await own.tokenRenewSelf({ increment: 1800 })).auth.lease_duration, 1800);
  await refused(own.tokenLookup({ token: process.env.KIST_TOKEN }), 403, denied);
  await own.tokenRevokeSelf();
  await refused(own.tokenLookupSelf(), 403, 'permission denied');
  await refused(root().tokenLookup({ token: made.client_token }), 403, 'bad token');
});

test('a token is revoked by accessor, with its children, or alone', async () => {
  const one = await token({ policies: ['default'] });
  await root().tokenRevokeAccessor({ accessor: one.accessor });
  await refused(client(one.client_token).tokenLookupSelf(), 403, 'permission denied');
  const parent = await token({});
  const child = (await client(parent.client_token).tokenCreate({ policies: ['default'] })).auth;
  await root().tokenRevokeOrphan({ token: parent.client_token });
  assert.equal((await client(child.client_token).tokenLookupSelf()).data.orphan, true);
  await root().tokenRevoke({ token: child.client_token });
  await refused(client(child.client_token).tokenLookupSelf(), 403, 'permission denied');
  assert.equal((await root().tokenCreateOrphan({ policies: ['default'] })).auth.orphan, true);
});

test('a role shapes its tokens', async (t) => {
  const role = name('role');
  await root().addTokenRole({ role_name: role, allowed_policies: 'default', period: 3600, orphan: true });
  t.after(() => root().removeTokenRole({ role_name: role }));
  const read = (await root().getTokenRole({ role_name: role })).data;
  assert.deepEqual([read.allowed_policies, read.period, read.orphan], [['default'], 3600, true]);
  assert.ok((await root().tokenRoles()).data.keys.includes(role));
  const made = (await root().tokenCreateRole({ role_name: role })).auth;
  assert.deepEqual([made.lease_duration, made.orphan, made.policies], [3600, true, ['default']]);
});

test('policies decide', async (t) => {
  const rules = 'path "sys/mounts" { capabilities = ["read"] }';
  const made = await policy(t, rules);
  assert.ok((await root().policies()).policies.includes(made));
  assert.equal((await root().getPolicy({ name: made })).rules, rules);
  const weak = client((await token({ policies: [made] })).client_token);
  assert.ok('cubbyhole/' in (await weak.mounts()).data);
  await refused(weak.auths(), 403, denied);
  await refused(client(undefined).mounts(), 400, 'missing client token');
  await refused(client('no-such-token').mounts(), 403, 'permission denied');
});

test('what is wrapped opens once', async () => {
  const wrapped = (await root().write('sys/wrapping/wrap', { a: 'b' }, { headers: { 'X-Vault-Wrap-TTL': '60s' } }));
  assert.equal(wrapped.wrap_info.ttl, 60);
  assert.deepEqual((await root().unwrap({ token: wrapped.wrap_info.token })).data, { a: 'b' });
  await refused(root().unwrap({ token: wrapped.wrap_info.token }), 400,
    'wrapping token is not valid or does not exist');
});

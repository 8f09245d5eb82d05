'use strict';
const { test } = require('node:test');
const { assert, mount, refused, root } = require('./scene.js');

test('a version 1 secret is written, read, listed and deleted', async (t) => {
  const [v, at] = [root(), await mount(t, 1)];
  await v.write(`${at}/a/b`, { user: 'app', n: 5, list: [1, null], ttl: '1h' });
  const read = await v.read(`${at}/a/b`);
  assert.deepEqual(read.data, { user: 'app', n: 5, list: [1, null], ttl: '1h' });
  assert.equal(read.lease_duration, 3600);
  assert.deepEqual((await v.list(at)).data.keys, ['a/']);
  assert.deepEqual((await v.list(`${at}/a`)).data.keys, ['b']);
  await v.delete(`${at}/a/b`);
  await refused(v.read(`${at}/a/b`), 404, 'Status 404');
  await refused(v.list(at), 404, 'Status 404');
  await refused(v.write(`${at}/a`, {}), 400, 'missing data fields');
});

test('a version 2 secret keeps its versions', async (t) => {
  const [v, at] = [root(), await mount(t, 2)];
  assert.equal((await v.write(`${at}/data/a`, { data: { x: 1, y: 1 }, options: { cas: 0 } })).data.version, 1);
  assert.equal((await v.update(`${at}/data/a`, { data: { x: 2, z: { deep: true } } })).data.version, 2);
  assert.deepEqual((await v.read(`${at}/data/a`)).data.data, { x: 2, y: 1, z: { deep: true } });
  assert.deepEqual((await v.read(`${at}/data/a?version=1`)).data.data, { x: 1, y: 1 });
  await refused(v.write(`${at}/data/a`, { data: { x: 3 }, options: { cas: 1 } }), 400,
    'check-and-set parameter did not match the current version');
  await v.destroySecretVersions({ mount_point: at, path: 'a', versions: [1] });
  const gone = await refused(v.read(`${at}/data/a?version=1`), 404);
  assert.equal(gone.response.body.data.data, null);
  assert.equal(gone.response.body.data.metadata.destroyed, true);
  await v.delete(`${at}/data/a`);
  await refused(v.read(`${at}/data/a`), 404);
  await v.write(`${at}/undelete/a`, { versions: [2] });
  assert.equal((await v.read(`${at}/data/a`)).data.metadata.version, 2);
  assert.deepEqual((await v.list(`${at}/metadata`)).data.keys, ['a']);
  await v.delete(`${at}/metadata/a`);
  await refused(v.read(`${at}/metadata/a`), 404, 'Status 404');
});

test('help describes a path', async (t) => {
  assert.match((await root().help(await mount(t, 1))).help, /secret/);
});

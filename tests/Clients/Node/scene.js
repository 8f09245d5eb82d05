'use strict';
// What the scripts share: the client as root or with another token, names that nobody else uses, mounts that go again.
const assert = require('node:assert/strict');
const vault = require('node-vault');

const endpoint = process.env.KIST_ADDR;
let last = 0;

const client = (token) => vault({ endpoint, token });
const root = () => client(process.env.KIST_TOKEN);
const name = (what) => `node-${what}-${process.pid}-${++last}`;

async function refused(promise, status, text) {
  const error = await promise.then(() => assert.fail('it was not refused'), (e) => e);
  assert.equal(error.response?.statusCode, status, error.message);
  if (text !== undefined) assert.equal(error.message, text);
  return error;
}

async function mount(t, version) {
  const at = name(`kv${version}`);
  await root().mount({ mount_point: at, type: 'kv', options: { version: String(version) } });
  t.after(() => root().unmount({ mount_point: at }));
  return at;
}

async function policy(t, rules) {
  const made = name('policy');
  await root().addPolicy({ name: made, rules });
  t.after(() => root().removePolicy({ name: made }));
  return made;
}

// node-vault takes on the token that a create or a login gives it, so each starts from a client of its own.
const token = async (options) => (await root().tokenCreate(options)).auth;

const denied = '1 error occurred:\n\t* permission denied\n\n';

module.exports = { assert, client, denied, mount, name, policy, refused, root, token };

// From step 1 on: the environment says it, whoever filled that.
const required = name => process.env[name] || (() => { throw new Error(`${name} is not set`); })();

module.exports = { databaseUrl: required('DATABASE_URL'), signingKey: required('SIGNING_KEY') };

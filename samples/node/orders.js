// The business code: it signs orders for the warehouse. No step of the ladder touches it.
const { createHmac } = require('node:crypto');

exports.sign = (settings, order) => {
  const database = new URL(settings.databaseUrl);
  if (!database.password) throw new Error('the database needs a password');
  const signature = createHmac('sha256', settings.signingKey).update(order + database.password).digest('hex');
  return { order, database: database.host + database.pathname, user: database.username, signature };
};

// Step 0: where everybody begins, and where every clone and every backup of the repository has the password.
module.exports = {
  databaseUrl: 'postgres://shop:tall-ships-9@db.internal/shop', // kist:allow
  signingKey: 'signing-key-of-the-sample', // kist:allow
};

"""Step 0: where everybody begins, and where every clone and every backup of the repository has the password."""
DATABASE_URL = "postgres://shop:tall-ships-9@db.internal/shop"  # kist:allow
SIGNING_KEY = "signing-key-of-the-sample"  # kist:allow

"""The business code: it signs orders for the warehouse. No step of the ladder touches it."""
import hashlib
import hmac
from urllib.parse import urlsplit


def sign(settings, order):
    database = urlsplit(settings.DATABASE_URL)
    if not database.password:
        raise ValueError("the database needs a password")
    text = (order + database.password).encode()
    signature = hmac.new(settings.SIGNING_KEY.encode(), text, hashlib.sha256).hexdigest()
    return {"order": order, "database": database.hostname + database.path, "user": database.username,
            "signature": signature}

"""From step 1 on: the environment says it, whoever filled that."""
import os

DATABASE_URL = os.environ["DATABASE_URL"]
SIGNING_KEY = os.environ["SIGNING_KEY"]

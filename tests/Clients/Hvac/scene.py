"""What the scripts share: clients of the server under test, and names that no other script uses."""
import itertools
import os
import unittest

import hvac

ADDRESS = os.environ["KIST_ADDR"]
ROOT = os.environ.get("KIST_TOKEN")
_numbers = itertools.count(1)


def client(token=ROOT):
    return hvac.Client(url=ADDRESS, token=token)


def name(stem):
    return "%s-%d-%d" % (stem, os.getpid(), next(_numbers))


class Scene(unittest.TestCase):
    """A test with a root client."""

    def setUp(self):
        self.root = client()

    def refused(self, kind, text, call, *arguments, **named):
        """The call fails with this exception, and its text holds this."""
        with self.assertRaises(kind) as caught:
            call(*arguments, **named)
        self.assertIn(text, str(caught.exception))

    def token(self, **named):
        """A client with a new token."""
        return client(self.root.auth.token.create(**named)["auth"]["client_token"])

    def policy(self, rules):
        """A new policy's name."""
        made = name("policy")
        self.root.sys.create_or_update_policy(made, rules)
        return made

    def mount(self, version):
        """A new kv mount's path."""
        made = name("kv")
        self.root.sys.enable_secrets_engine("kv", path=made, options={"version": str(version)})
        return made

    def userpass(self):
        """A new userpass mount's path."""
        made = name("userpass")
        self.root.sys.enable_auth_method("userpass", path=made)
        return made

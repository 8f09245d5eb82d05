import unittest

from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest
from scene import Scene, client


class Leases(Scene):
    """The leases of this version's engines are those of tokens."""

    def setUp(self):
        super().setUp()
        self.at = self.userpass()
        self.root.auth.userpass.create_or_update_user("alice", "correct horse", mount_point=self.at, token_ttl="1h")
        self.prefix = "auth/%s/login/alice" % self.at

    def login(self):
        made = self.root.auth.userpass.login("alice", "correct horse", use_token=False, mount_point=self.at)
        return client(made["auth"]["client_token"])

    def ids(self):
        return [self.prefix + "/" + key for key in self.root.sys.list_leases(self.prefix)["data"]["keys"]]

    def test_a_lease_can_be_looked_up(self):
        self.login()
        (lease,) = self.ids()
        found = self.root.sys.read_lease(lease)["data"]
        self.assertEqual((lease, True), (found["id"], found["renewable"]))
        self.assertTrue(3590 <= found["ttl"] <= 3600)
        self.refused(InvalidRequest, "invalid lease", self.root.sys.read_lease, "no/such/lease")
        self.assertRaises(InvalidPath, self.root.sys.list_leases, "no/such/prefix")

    def test_tokens_are_renewed_elsewhere(self):
        self.login()
        self.refused(InvalidRequest, "tokens cannot be renewed through this endpoint", self.root.sys.renew_lease,
                     self.ids()[0])
        self.assertRaises(InvalidRequest, self.root.sys.renew_lease, "no/such/lease")

    def test_revoking_a_lease_ends_its_token(self):
        user = self.login()
        self.root.sys.revoke_lease(self.ids()[0])
        self.assertFalse(user.is_authenticated())

    def test_revoking_a_prefix_ends_all_below(self):
        users = [self.login(), self.login(), self.login()]
        self.assertEqual(3, len(self.ids()))
        self.root.sys.revoke_prefix("auth/" + self.at)
        self.assertEqual([False] * 3, [user.is_authenticated() for user in users])
        self.assertRaises(InvalidPath, self.ids)

    def test_revoking_by_force_ends_all_below(self):
        user = self.login()
        self.root.sys.revoke_force("auth/" + self.at)
        self.assertFalse(user.is_authenticated())

    def test_a_prefix_is_for_those_with_sudo(self):
        user = self.token(policies=[self.policy('path "sys/leases/*" { capabilities = ["update", "list"] }')])
        self.assertRaises(Forbidden, user.sys.revoke_prefix, "auth/" + self.at)
        self.assertRaises(Forbidden, user.sys.list_leases, self.prefix)


if __name__ == "__main__":
    unittest.main()

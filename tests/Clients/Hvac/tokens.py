import unittest

from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest, VaultError
from scene import ROOT, Scene, client, name


class Tokens(Scene):
    def setUp(self):
        super().setUp()
        self.tokens = self.root.auth.token

    def create(self, **named):
        return self.tokens.create(**named)["auth"]

    def lookup(self, token):
        return self.tokens.lookup(token)["data"]

    def test_a_token_is_what_was_asked_for(self):
        made = self.create(policies=["app"], ttl="1h", explicit_max_ttl="2h", display_name="ci", num_uses=9,
                           meta={"team": "x"})
        self.assertEqual((["app", "default"], 3600, True, "service", {"team": "x"}, ""),
                         (made["policies"], made["lease_duration"], made["renewable"], made["token_type"],
                          made["metadata"], made["entity_id"]))
        found = self.lookup(made["client_token"])
        self.assertEqual(("token-ci", 9, 7200, False, "auth/token/create", "service", {"team": "x"}),
                         (found["display_name"], found["num_uses"], found["explicit_max_ttl"], found["orphan"],
                          found["path"], found["type"], found["meta"]))
        self.assertEqual((made["accessor"], made["client_token"]), (found["accessor"], found["id"]))
        self.assertTrue(3590 <= found["ttl"] <= 3600)

    def test_a_token_knows_itself(self):
        made = self.create(policies=["default"], no_default_policy=False, ttl="5m")
        own = client(made["client_token"])
        self.assertTrue(own.is_authenticated())
        self.assertEqual(made["accessor"], own.auth.token.lookup_self()["data"]["accessor"])
        self.assertEqual(["root"], self.tokens.lookup_self()["data"]["policies"])
        self.assertFalse(client("kst.nosuchtoken").is_authenticated())

    def test_its_uses_end(self):
        made = client(self.create(policies=["default"], num_uses=2)["client_token"])
        made.auth.token.lookup_self()
        made.auth.token.lookup_self()
        self.assertRaises(Forbidden, made.auth.token.lookup_self)

    def test_children_end_with_their_parent_and_orphans_do_not(self):
        parent = self.token(policies=["root"])
        child = parent.auth.token.create(policies=["default"])["auth"]["client_token"]
        orphan = parent.auth.token.create(policies=["default"], no_parent=True)["auth"]["client_token"]
        self.assertTrue(self.lookup(orphan)["orphan"])
        self.tokens.revoke(parent.token)
        self.assertRaises(Forbidden, self.tokens.lookup, child)
        self.assertEqual(orphan, self.lookup(orphan)["id"])

    def test_children_can_be_left_alone(self):
        parent = self.token(policies=["root"])
        child = parent.auth.token.create(policies=["default"])["auth"]["client_token"]
        self.tokens.revoke_and_orphan_children(parent.token)
        self.assertRaises(Forbidden, self.tokens.lookup, parent.token)
        self.assertTrue(self.lookup(child)["orphan"])

    def test_renewing(self):
        made = self.create(policies=["default"], ttl="1h", explicit_max_ttl="3h")["client_token"]
        self.assertEqual(7200, self.tokens.renew(made, increment="2h")["auth"]["lease_duration"])
        longest = self.tokens.renew(made, increment="9h")
        self.assertTrue(10700 <= longest["auth"]["lease_duration"] <= 10800)
        self.assertTrue(longest["warnings"])
        self.assertEqual(1800, client(made).auth.token.renew_self(increment="30m")["auth"]["lease_duration"])
        fixed = self.create(policies=["default"], ttl="1h", renewable=False)["client_token"]
        self.refused(InvalidRequest, "lease is not renewable", self.tokens.renew, fixed)
        periodic = self.create(policies=["default"], period="24h")["client_token"]
        self.assertEqual(86400, self.lookup(periodic)["period"])
        self.assertEqual(86400, self.tokens.renew(periodic, increment="1h")["auth"]["lease_duration"])

    def test_accessors(self):
        made = self.create(policies=["default"], ttl="1h")
        accessor = made["accessor"]
        self.assertIn(accessor, self.tokens.list_accessors()["data"]["keys"])
        found = self.tokens.lookup_accessor(accessor)["data"]
        self.assertEqual(("", accessor), (found["id"], found["accessor"]))
        self.assertEqual(7200, self.tokens.renew_accessor(accessor, increment="2h")["auth"]["lease_duration"])
        self.assertEqual(204, self.tokens.revoke_accessor(accessor).status_code)
        self.assertRaises(Forbidden, self.tokens.lookup, made["client_token"])
        self.refused(VaultError, "invalid accessor", self.tokens.lookup_accessor, accessor)

    def test_roles(self):
        role = name("role")
        self.tokens.create_or_update_role(role, allowed_policies="app,ops", disallowed_policies="ops", orphan=True,
                                          renewable=False, path_suffix="deploy")
        found = self.tokens.read_role(role)["data"]
        self.assertEqual((["app", "ops"], True, False, "deploy"),
                         (found["allowed_policies"], found["orphan"], found["renewable"], found["path_suffix"]))
        self.assertIn(role, self.tokens.list_roles()["data"]["keys"])
        made = self.create(role_name=role, policies=["app"])
        self.assertEqual((["app", "default"], False), (made["policies"], made["renewable"]))
        found = self.lookup(made["client_token"])
        self.assertEqual((True, role, "auth/token/create/%s/deploy" % role),
                         (found["orphan"], found["role"], found["path"]))
        self.assertRaises(InvalidRequest, self.tokens.create, role_name=role, policies=["ops"])
        self.assertRaises(InvalidRequest, self.tokens.create, role_name=role, policies=["else"])
        self.tokens.delete_role(role)
        self.assertRaises(InvalidPath, self.tokens.read_role, role)
        self.assertRaises(InvalidRequest, self.tokens.create, role_name=role)

    def test_batch_tokens(self):
        made = self.create(policies=["default"], type="batch", ttl="1h")
        self.assertEqual(("batch", "", False), (made["token_type"], made["accessor"], made["renewable"]))
        self.assertEqual("batch", self.lookup(made["client_token"])["type"])
        self.refused(InvalidRequest, "batch tokens cannot be revoked", self.tokens.revoke, made["client_token"])
        self.assertRaises(InvalidRequest, self.tokens.renew, made["client_token"])

    def test_nobody_gives_more_than_they_have(self):
        weak = self.token(policies=[self.policy('path "auth/token/create" { capabilities = ["update"] }')])
        self.refused(InvalidRequest, "child policies must be subset of parent", weak.auth.token.create,
                     policies=["root"])
        self.assertEqual(["default"], weak.auth.token.create(policies=["default"])["auth"]["policies"])
        self.refused(InvalidRequest, "root or sudo privileges required", weak.auth.token.create, no_parent=True,
                     policies=["default"])

    def test_tidying_and_logging_out(self):
        answer = self.tokens.tidy()
        self.assertEqual(202, getattr(answer, "status_code", None))
        made = self.token(policies=["default"])
        token = made.token
        made.logout(revoke_token=True)
        self.assertIsNone(made.token)
        self.assertRaises(Forbidden, self.tokens.lookup, token)
        own = self.token(policies=["default"])
        self.assertEqual(204, own.auth.token.revoke_self().status_code)
        self.assertFalse(own.is_authenticated())
        self.assertEqual(ROOT, self.root.token)


if __name__ == "__main__":
    unittest.main()

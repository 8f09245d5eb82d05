import unittest

from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest
from scene import Scene, name


class Policies(Scene):
    def test_a_policys_life(self):
        sys, made = self.root.sys, name("policy")
        rules = 'path "secret/data/x" {\n  capabilities = ["read"]\n}\n'
        self.assertEqual(204, sys.create_or_update_policy(made, rules).status_code)
        self.assertIn(made, sys.list_policies()["data"]["policies"])
        self.assertIn(made, sys.list_policies()["data"]["keys"])
        read = sys.read_policy(made)
        self.assertEqual((made, rules), (read["data"]["name"], read["data"]["rules"]))
        self.assertEqual(rules, read["rules"])
        self.assertEqual(rules, self.root.get_policy(made))
        self.assertEqual(204, sys.delete_policy(made).status_code)
        self.assertRaises(InvalidPath, sys.read_policy, made)
        self.assertIsNone(self.root.get_policy(made))

    def test_rules_can_be_json(self):
        made = self.policy({"path": {"sys/mounts": {"capabilities": ["read"]}}})
        self.assertIn("sys/", self.token(policies=[made]).sys.list_mounted_secrets_engines()["data"])

    def test_broken_rules_are_refused(self):
        self.refused(InvalidRequest, "failed to parse policy", self.root.sys.create_or_update_policy,
                     name("policy"), 'path "x" {')
        self.assertRaises(InvalidRequest, self.root.sys.create_or_update_policy, "root", 'path "x" { }')
        self.assertRaises(InvalidRequest, self.root.sys.delete_policy, "root")
        self.assertRaises(InvalidRequest, self.root.sys.delete_policy, "default")

    def test_globs_plus_signs_and_denials(self):
        at = self.mount(1)
        for path in ("a/x/c", "a/secret/c", "b"):
            self.root.write("%s/%s" % (at, path), v=path)
        made = self.policy("""
            path "{0}/a/+/c"      {{ capabilities = ["read"] }}
            path "{0}/a/secret/c" {{ capabilities = ["deny"] }}
            path "{0}/*"          {{ capabilities = ["list"] }}
            """.format(at))
        user = self.token(policies=[made])
        self.assertEqual("a/x/c", user.read(at + "/a/x/c")["data"]["v"])
        self.assertEqual(["a/", "b"], user.list(at)["data"]["keys"])
        self.assertRaises(Forbidden, user.read, at + "/a/secret/c")
        self.assertRaises(Forbidden, user.read, at + "/b")
        self.assertRaises(Forbidden, user.write, at + "/a/x/c", v="1")

    def test_parameters_can_be_required_and_limited(self):
        at = self.mount(1)
        user = self.token(policies=[self.policy("""
            path "{0}/x" {{
              capabilities        = ["create", "update"]
              required_parameters = ["level"]
              allowed_parameters  = {{ "level" = ["low", "high"], "note" = [] }}
            }}
            """.format(at))])
        self.assertEqual(204, user.write(at + "/x", level="low", note="any").status_code)
        self.assertRaises(Forbidden, user.write, at + "/x", level="other")
        self.assertRaises(Forbidden, user.write, at + "/x", note="any")
        self.assertRaises(Forbidden, user.write, at + "/x", level="low", more="1")

    def test_capabilities_can_be_asked_for(self):
        made = self.policy('path "secret/a" { capabilities = ["update", "read"] }')
        user = self.token(policies=[made])
        answer = self.root.sys.get_capabilities(["secret/a", "secret/b"], token=user.token)
        self.assertEqual(["read", "update"], sorted(answer["data"]["secret/a"]))
        self.assertEqual(["deny"], answer["secret/b"])
        own = user.sys.get_capabilities(["secret/a"])
        self.assertEqual(["read", "update"], sorted(own["data"]["capabilities"]))
        self.assertEqual(["root"], self.root.sys.get_capabilities(["any"])["data"]["capabilities"])


if __name__ == "__main__":
    unittest.main()
